"""Why profits changed, and whose, as tables and files."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import components as drawn
from crm_site.lib.cells import money_cell
from crm_site.lib.components import KeyFigure
from crm_site.lib.formatting import money, number
from crm_site.lib.tables import Column, Table
from profitability.charts.moves import place_name
from profitability.reports.profit_changes import CustomerChange, ProfitComparison, ProfitLine, share_of_changed
from profitability.tables.customers import OF_A_CUSTOMER


def lines_table(compared: ProfitComparison, currency: str) -> drawn.Table:
    """The account of all customers at both recomputes, and what each line changed."""
    return drawn.Table(
        caption=_("Why profit changed"),
        columns=[
            drawn.Column(_("Line")),
            drawn.Column(_("Before"), "money"),
            drawn.Column(_("After"), "money"),
            drawn.Column(_("Change of profit"), "money"),
        ],
        rows=[_line_row(line, currency) for line in (*compared.lines, compared.profit)],
    )


def _line_row(line: ProfitLine, currency: str) -> drawn.Row:
    amounts = [money_cell(amount, currency) for amount in (line.before, line.after)]
    return drawn.Row([drawn.Cell(line.name), *amounts, money_cell(line.change, currency, signed=True)])


def change_figures(compared: ProfitComparison, currency: str, *, moves_url: str) -> list[KeyFigure]:
    """How many customers bring less, more and the same, and how many changed category."""
    found, moved = compared.found, compared.moved_category
    figures = [
        KeyFigure(
            _("Bring less"),
            number(found.fell),
            hint=money(found.fell_by, currency, digits=0) if found.fell else "",
            icon="trending-down",
        ),
        KeyFigure(
            _("Bring more"),
            number(found.rose),
            hint=f"+{money(found.rose_by, currency, digits=0)}" if found.rose else "",
            icon="trending-up",
        ),
        KeyFigure(_("Bring the same"), number(found.same), hint=share_of_changed(found, found.same), icon="minus"),
    ]
    if moved is not None:
        figures.append(KeyFigure(_("Changed category"), number(moved), url=moves_url, icon="route"))
    return figures


def _category(row: CustomerChange) -> str:
    return place_name(row.category)


def _category_before(row: CustomerChange) -> str:
    """What it was before, where it is another one now."""
    if row.category_before == row.category:
        return ""
    return _("before: %(category)s") % {"category": place_name(row.category_before)}


CHANGED = Table(
    "changed-profits",
    gettext_lazy("Customers whose profit changed most"),
    (
        *OF_A_CUSTOMER,
        Column("before", gettext_lazy("Profit before"), "money"),
        Column("after", gettext_lazy("Profit after"), "money"),
        Column("change", gettext_lazy("Change"), "money"),
        Column(
            "category",
            gettext_lazy("Category"),
            "badge",
            value=_category,
            badge=lambda row: f"category-{row.category}" if row.category else "neutral",
            note=_category_before,
        ),
    ),
)
