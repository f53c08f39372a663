"""How the totals of the customer list are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.components import Fact
from crm_site.lib.formatting import money, number
from customers.total_reports import ListTotals


@dataclass(frozen=True, slots=True)
class TotalsShown:
    """The sums in words, or the sentence that says why there are none."""

    facts: Sequence[Fact]
    problem: str


def totals_facts(totals: ListTotals, currency: str) -> list[Fact]:
    """The number of customers, and their sums where any has figures."""
    facts = [Fact(_("Customers"), number(totals.customers), hint=_left_out(totals))]
    if totals.with_figures:
        sums = {
            _("Net revenue"): totals.net_revenue,
            _("Profit"): totals.profit,
            _("Lifetime value"): totals.lifetime_value,
        }
        facts += [
            Fact(label, "" if total is None else money(total, currency, digits=0)) for label, total in sums.items()
        ]
    return facts


def _left_out(totals: ListTotals) -> str:
    """That some customers have no figures yet and so are not in the sums."""
    newer = totals.customers - totals.with_figures
    if not totals.with_figures or newer <= 0:
        return ""
    return ngettext("%(count)s of them has no figures yet.", "%(count)s of them have no figures yet.", newer) % {
        "count": number(newer)
    }
