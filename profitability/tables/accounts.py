"""The account of a customer in a period: as a file, and the parts that a household or company is the sum of."""

from operator import attrgetter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm_site.lib import components
from crm_site.lib.addresses import reverse
from crm_site.lib.cells import money_cell
from crm_site.lib.formatting import number
from crm_site.lib.tables import Column, Table
from profitability.reports.period_account import MemberAccount, PeriodAccount

ACCOUNT = Table(
    "profit-and-loss",
    gettext_lazy("Profit and loss"),
    (
        Column("label", gettext_lazy("Line")),
        Column("now", gettext_lazy("Period"), "money"),
        Column("before", gettext_lazy("Period before"), "money"),
        Column("change", pgettext_lazy("of a figure", "Change"), "money"),
        Column("average", gettext_lazy("Average for comparison"), "money"),
    ),
)


# Of each part and of their sum: what the column is called, what it reads, and its sign in the account.
PARTS = (
    (gettext_lazy("Net revenue"), attrgetter("net_revenue"), 1),
    (gettext_lazy("Gross margin"), attrgetter("gross_margin"), 1),
    (gettext_lazy("Cost to serve"), attrgetter("cost_to_serve"), -1),
    (gettext_lazy("Direct costs"), attrgetter("direct_costs"), -1),
    (gettext_lazy("Profit"), attrgetter("profit"), 1),
)


def member_table(account: PeriodAccount, period: str, currency: str) -> components.Table:
    """What each member brings, and the sum of all; each opens the account that it is."""
    query = f"?period={period}" if period else ""
    columns = [
        components.Column(_("Customer")),
        *(components.Column(str(label), "money") for label, _read, _sign in PARTS),
    ]
    rows = [_part_row(part, part.customer.pk == account.customer.pk, query, currency) for part in account.members]
    total = [money_cell(sign * of(account.now), currency) for _label, of, sign in PARTS]
    rows.append(components.Row([components.Cell(_("Together")), *total]))
    return components.Table(caption=_("Members and what each brings"), columns=columns, rows=rows)


def _part_row(part: MemberAccount, is_itself: bool, query: str, currency: str) -> components.Row:
    url = "" if is_itself else reverse("customer-profit-and-loss", args=[part.customer.pk]) + query
    note = _note_of_part(part, is_itself)
    amounts = [money_cell(sign * of(part.account), currency) for _label, of, sign in PARTS]
    return components.Row([components.Cell(part.customer.full_name, url, note=note), *amounts])


def _note_of_part(part: MemberAccount, is_itself: bool) -> str:
    """What a part is, where its name alone does not say it."""
    if is_itself:
        return _("itself")
    if part.customers == 1:
        return ""
    said = ngettext("%(count)s customer together", "%(count)s customers together", part.customers)
    return said % {"count": number(part.customers)}
