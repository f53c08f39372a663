"""What a customer was worth month by month, as a table."""

from django.utils.translation import gettext as _

from crm_site.lib.cells import money_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.formatting import day
from profitability.charts import category_name
from profitability.reports.history import Worth


def worth_table(history: list[Worth], currency: str) -> Table:
    """The latest first; without categories where it is a sum, which has none."""
    categories = [Column(_("Category"), "badge")] if any(worth.category for worth in history) else []
    return Table(
        caption=_("Value over time"),
        columns=[
            Column(_("Day of the figures")),
            Column(_("Lifetime value"), "money"),
            Column(_("Profit so far"), "money"),
            *categories,
        ],
        rows=[_row(worth, currency, with_category=bool(categories)) for worth in reversed(history)],
    )


def _row(worth: Worth, currency: str, *, with_category: bool) -> Row:
    category = worth.category
    cells = [
        Cell(day(worth.as_of), value=worth.as_of),
        money_cell(worth.lifetime_value, currency),
        money_cell(worth.profit, currency),
    ]
    if with_category:
        cells.append(Cell(category_name(category), badge=f"category-{category}") if category else Cell(""))
    return Row(cells)
