"""The customer × product matrix as it is drawn and as a file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm_site.lib.addresses import reverse
from crm_site.lib.export import Sheet
from crm_site.lib.fields import amount_of
from crm_site.lib.formatting import UNKNOWN, money, number_writer, percent
from crm_site.lib.tables import Column, Table
from profitability.matrix import TOTAL, Amounts, Mark, Row, mark
from profitability.matrix_totals import ANONYMOUS_ROW, COMPANY_ROW, OTHERS
from profitability.reports.matrix import Named, Place
from profitability.reports.matrix_names import CUSTOMERS, ROWS

# What a cell can show, besides its mark.
SHOWN: dict[str, str | Promise] = {
    "profit": gettext_lazy("Profit"),
    "margin": gettext_lazy("Margin"),
    "net_revenue": gettext_lazy("Net revenue"),
    "cost_to_serve": gettext_lazy("Cost to serve"),
}
# Marks by name: classes of cells on the page, and words in files, where a leading sign would be taken for a formula.
TONES = {Mark.GOOD: "good", Mark.FAIR: "fair", Mark.MIXED: "mixed", Mark.LOSING: "losing", Mark.NOTHING: "nothing"}
MARKS: dict[Mark, str | Promise] = {
    Mark.GOOD: gettext_lazy("earns well above the average of all products"),
    Mark.FAIR: gettext_lazy("earns"),
    Mark.MIXED: gettext_lazy("mixed: about nothing earned or lost"),
    Mark.LOSING: gettext_lazy("loses"),
}
NO_PRODUCT = ""


@dataclass(frozen=True)
class Writer:
    """How the cells of one page are written and where they lead."""

    named: Named
    show: str

    @cached_property
    def text(self) -> Callable[[Amounts], str]:
        """How what is shown of a cell is written, decided once for all.

        A figure stands without its currency, which is said once above the table, so that more columns have room.
        """
        if self.show == "margin":
            return lambda amounts: percent(amounts.margin, digits=0)
        write, shown = number_writer(), attrgetter(self.show)
        return lambda amounts: write(shown(amounts) / 100)

    def rows(self) -> SafeString:
        """The body of the table."""
        matrix = self.named.matrix
        return mark_safe("".join(map(self._row, (*matrix.rows, matrix.total))))

    @cached_property
    def signs(self) -> dict[Mark, str]:
        """Each mark as it stands in a cell."""
        return {found: _sign(found, str(words)) for found, words in MARKS.items()}

    @cached_property
    def nothing(self) -> str:
        """A cell in which nothing was sold."""
        return f'<td class="matrix-cell is-nothing"><span class="visually-hidden">{escape(_("nothing"))}</span></td>'

    @cached_property
    def columns(self) -> list[str]:
        """What the address of a cell says of its column."""
        return [urlencode({"column": key}) for key in self.named.matrix.columns]

    def _row(self, row: Row) -> str:
        name = self.named.rows.get(row.key, row.key)
        head = f'<th scope="row"><span class="matrix-name">{self._named(row, name)}</span></th>'
        url = cells_url(self.named.place, row.key)
        cells = "".join(self._cell(cell, url, column) for column, cell in zip(self.columns, row.cells, strict=True))
        last = self._cell(row.no_product, url)
        whole = f'<td class="matrix-sum{_minus(row.total)}">{escape(self.text(row.total))}</td>'
        return f"<tr{' class=matrix-total' if row.key == TOTAL else ''}>{head}{whole}{cells}{last}</tr>"

    def _named(self, row: Row, name: str) -> str:
        url = row_url(self.named.place, row.key)
        return f'<a href="{escape(url)}">{escape(name)}</a>' if url else escape(name)

    def _cell(self, amounts: Amounts, url: str, column: str = "") -> str:
        """A cell of a column with its mark; without a column what belongs to no product, which has none."""
        if not amounts:
            return self.nothing
        found = mark(amounts, self.named.average) if column else Mark.NOTHING
        tone = f"is-{TONES[found]}" if column else f"is-plain{_minus(amounts)}"
        text = f'{self.signs.get(found, "")}<span class="matrix-figure">{escape(self.text(amounts))}</span>'
        if not url:
            return f'<td class="matrix-cell {tone}"><span class="matrix-inner">{text}</span></td>'
        address = f"{url}&{column}" if column and "?" in url else url
        return f'<td class="matrix-cell {tone}"><a href="{escape(address)}">{text}</a></td>'


def _minus(amounts: Amounts) -> str:
    return " is-minus" if amounts.profit < 0 else ""


def _sign(found: Mark, words: str) -> str:
    return f'<span class="matrix-mark" title="{escape(words)}">{found.value.replace("-", "−")}</span> '


def legend() -> list[tuple[str, str, str]]:
    """Each mark with its tone and what it says."""
    return [(found.value.replace("-", "−"), TONES[found], str(words)) for found, words in MARKS.items()]


def place_query(place: Place, **more: Any) -> str:
    """A place as the parameters of an address."""
    whole = {"rows": place.rows, "columns": place.columns, "of_rows": place.of_rows, "of": place.of} | more
    return urlencode({name: value for name, value in whole.items() if value not in ("", None)})


def cells_url(place: Place, row: str) -> str:
    """Where the cells of a row are told about, each by its column; what is charged to nobody has its own page."""
    if row == COMPANY_ROW:
        return reverse("costing")
    if place.rows == CUSTOMERS and row in (OTHERS, TOTAL):
        return ""
    return f"{reverse('matrix-cell')}?{place_query(place, row=row or 'none')}"


def row_url(place: Place, row: str) -> str:
    """What a row is made of: the customers of a group one by one, or the file of a customer."""
    if row == COMPANY_ROW:
        return reverse("costing")
    if place.rows == CUSTOMERS:
        return reverse("customer", [int(row)]) if row.isdigit() else ""
    if row in ("", OTHERS, TOTAL, ANONYMOUS_ROW):
        return ""
    return f"{reverse('matrix')}?{place_query(Place(CUSTOMERS, place.columns, place.rows, row))}"


def sheet(named: Named, show: str) -> Sheet:
    """The matrix as it stands on the page, with plain numbers."""
    matrix = named.matrix
    headings = [
        str(ROWS[named.place.rows]),
        *(named.columns.get(key, key) for key in matrix.columns),
        str(_("No product")),
        str(_("Together")),
    ]
    kind = "percent" if show == "margin" else "money"
    return Sheet(
        name="matrix",
        title=_("Customer × product matrix"),
        headings=headings,
        kinds=["text", *([kind] * (len(headings) - 1))],
        rows=(_plain(named, row, show) for row in (*matrix.rows, matrix.total)),
    )


def _plain(named: Named, row: Row, show: str) -> list[Any]:
    cells = (*row.cells, row.no_product, row.total)
    return [named.rows.get(row.key, row.key), *(_value(cell, show) for cell in cells)]


def _value(cell: Amounts, show: str) -> Any:
    return cell.margin if show == "margin" else amount_of(getattr(cell, show))


LONG = {
    "rows": "text",
    "row": "text",
    "columns": "text",
    "column": "text",
    "customers": "number",
    "net_revenue": "money",
    "cost_of_goods": "money",
    "cost_to_serve": "money",
    "direct_costs": "money",
    "profit": "money",
    "mark": "text",
}


def long_rows(named: Iterable[Named]) -> Iterator[dict[str, Any]]:
    """Every cell of these matrices as a row of its own, for other programs."""
    for one in named:
        for row in (*one.matrix.rows, one.matrix.total):
            for column, cell in zip((*one.matrix.columns, NO_PRODUCT), (*row.cells, row.no_product), strict=True):
                yield _long(one, row, column, cell)


def _long(one: Named, row: Row, column: str, cell: Amounts) -> dict[str, Any]:
    names = ("net_revenue", "cost_of_goods", "cost_to_serve", "direct_costs", "profit")
    return {
        "rows": one.place.rows,
        "row": one.rows.get(row.key, row.key),
        "columns": one.place.columns,
        "column": one.columns.get(column, column) if column else str(_("No product")),
        "customers": row.customers,
        **{name: amount_of(getattr(cell, name)) for name in names},
        "mark": TONES[mark(cell, one.average)] if column else "",
    }


def _line_money(name: str) -> Any:
    return lambda line: getattr(line, name)


LINES = Table(
    "matrix-lines",
    gettext_lazy("Latest order lines"),
    (
        Column(
            "order",
            gettext_lazy("Order"),
            "link",
            value=lambda line: line.order.number,
            link=lambda line: reverse("order", args=[line.order_id]),
        ),
        Column("day", gettext_lazy("Day"), "date", value=lambda line: line.order.ordered_on),
        Column(
            "customer",
            gettext_lazy("Customer"),
            "link",
            value=lambda line: line.order.customer.full_name if line.order.customer else UNKNOWN,
            link=lambda line: reverse("customer", args=[line.order.customer_id]) if line.order.customer_id else "",
        ),
        Column("product", gettext_lazy("Product"), value=lambda line: str(line.product)),
        Column("quantity", gettext_lazy("Quantity"), "number", digits=None),
        Column("net", gettext_lazy("Net revenue"), "money", value=lambda line: line.gross - line.discount),
        Column("cost", gettext_lazy("Cost of goods"), "money"),
    ),
)


def finding(named: Named, currency: str) -> str:
    """What stands out, in one sentence: the cell that earns most and the one that loses most."""
    matrix = named.matrix
    cells = [
        (cell.profit, row, column)
        for row in matrix.rows
        for column, cell in zip(matrix.columns, row.cells, strict=True)
        if cell and OTHERS not in (row.key, column)
    ]
    if not cells:
        return "" if any(cell for row in matrix.rows for cell in row.cells) else _("No goods were sold or sent back.")
    best, worst = max(cells, key=lambda cell: cell[0]), min(cells, key=lambda cell: cell[0])
    words = {
        "best": _place_words(named, best[1], best[2]),
        "earned": money(best[0] / 100, currency, digits=0),
        "worst": _place_words(named, worst[1], worst[2]),
        "lost": money(-worst[0] / 100, currency, digits=0),
    }
    match best[0] > 0, worst[0] < 0:
        case True, True:
            text = _("Most is earned with “%(best)s”: %(earned)s. Most is lost with “%(worst)s”: %(lost)s.")
        case True, False:
            text = _("Most is earned with “%(best)s”: %(earned)s. No cell makes a loss.")
        case False, True:
            text = _("No cell makes a profit. Most is lost with “%(worst)s”: %(lost)s.")
        case _neither:
            text = _("No cell makes a profit, and none makes a loss.")
    return text % words


def _place_words(named: Named, row: Row, column: str) -> str:
    return pgettext("cell of the matrix", "%(row)s × %(column)s") % {
        "row": named.rows.get(row.key, row.key),
        "column": named.columns.get(column, column),
    }
