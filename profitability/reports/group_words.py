"""What a ranking by group says, in one sentence."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from crm_site.lib.formatting import money
from profitability.tables.groups import GroupRow


def group_sentence(rows: Sequence[GroupRow], currency: str) -> str:
    """Which group earns most, and which costs most; nothing where there is only one."""
    named = [row for row in rows if row.total.customers and row.url]
    if len(named) < 2:
        return ""
    best = max(named, key=lambda row: row.total.profit)
    worst = min(named, key=lambda row: row.total.profit)
    words = {
        "best": best.name,
        "most": money(best.total.profit, currency, digits=0),
        "worst": worst.name,
        "least": money(abs(worst.total.profit), currency, digits=0),
    }
    if best.total.profit == worst.total.profit:
        return ""
    if best.total.profit <= 0:
        return _("No group makes a profit; “%(worst)s” loses most: %(least)s.") % words
    if worst.total.profit < 0:
        return _("Most profit comes from “%(best)s” (%(most)s); most money is lost on “%(worst)s” (%(least)s).") % words
    return _("Most profit comes from “%(best)s” (%(most)s), least from “%(worst)s” (%(least)s).") % words
