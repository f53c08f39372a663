"""What a customer was worth month by month, as a table."""

from django.utils.translation import gettext as _

from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.formatting import day, money
from profitability.charts import category_name
from profitability.reports.history import Worth


def worth_table(history: list[Worth], currency: str) -> Table:
    """The latest first."""
    return Table(
        caption=_("Value over time"),
        columns=[
            Column(_("Day of the figures")),
            Column(_("Lifetime value"), "money"),
            Column(_("Profit so far"), "money"),
            Column(_("Category"), "badge"),
        ],
        rows=[_row(worth, currency) for worth in reversed(history)],
    )


def _row(worth: Worth, currency: str) -> Row:
    category = worth.category
    return Row(
        [
            Cell(day(worth.as_of)),
            Cell(money(worth.lifetime_value, currency)),
            Cell(money(worth.profit, currency)),
            Cell(category_name(category), badge=f"category-{category}") if category else Cell(""),
        ]
    )
