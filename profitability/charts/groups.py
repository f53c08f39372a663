"""Charts of a ranking by group and by size."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from profitability.tables.groups import GroupRow

# More bars than this cannot be told apart; the table has them all.
BARS = 20


def profit_by_group(rows: Sequence[GroupRow], by: str, currency: str) -> Chart | None:
    """Profit of each group, the largest by revenue; each opens its customers. None without groups."""
    shown = [row for row in rows if row.total.customers and row.url][:BARS]
    if not shown:
        return None
    return Chart(
        kind="bar",
        title=_("Profit by group"),
        x_label=by,
        x_values=[row.name for row in shown],
        series=[Series(_("Profit"), [row.total.profit for row in shown])],
        format="money",
        currency=currency,
        digits=0,
        links=[row.url for row in shown],
    )


def profit_by_size(rows: Sequence[GroupRow], currency: str) -> Chart:
    """Profit that each size of customers makes in all, from small to large; each opens its customers."""
    shown = list(reversed(rows))
    return Chart(
        kind="bar",
        title=_("Profit by size of customers, from small to large"),
        x_label=_("Net revenue of a customer"),
        x_values=[row.name for row in shown],
        series=[Series(_("Profit"), [row.total.profit for row in shown])],
        format="money",
        currency=currency,
        digits=0,
        links=[row.url for row in shown],
    )


def return_by_size(rows: Sequence[GroupRow]) -> Chart:
    """How much of its revenue each size of customers leaves as profit."""
    shown = list(reversed(rows))
    return Chart(
        kind="line",
        title=_("Profit on revenue by size of customers, from small to large"),
        x_label=_("Net revenue of a customer"),
        x_values=[row.name for row in shown],
        series=[Series(_("Profit on revenue"), [row.return_on_revenue for row in shown], colour="brand")],
        format="percent",
        digits=1,
        links=[row.url for row in shown],
    )
