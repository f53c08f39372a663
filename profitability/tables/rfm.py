"""The tables of the page about recency, frequency and value."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.cells import money_cell, number_cell, percent_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import day, money, number
from profitability.reports.rfm import CLASSES, PARTS, added_up, customers_url
from profitability.reports.rfm import Cell as Combination
from profitability.tables.heat import HeatCell, HeatRow, HeatTable, shade


def grid(cells: Sequence[Combination], currency: str) -> HeatTable:
    """Recency down, frequency across: how many customers, what they made, and where they are listed."""
    held = {
        (recency, frequency): added_up(cell for cell in cells if (cell.recency, cell.frequency) == (recency, frequency))
        for recency in CLASSES
        for frequency in CLASSES
    }
    largest = max((group.customers for group in held.values()), default=0)
    return HeatTable(
        caption=_("Customers by recency and frequency; a figure opens them."),
        corner=_("Recency, by frequency"),
        heads=[_("Frequency %(number)s") % {"number": number(frequency)} for frequency in CLASSES],
        rows=[
            HeatRow(
                _("Recency %(number)s") % {"number": number(recency)},
                [
                    HeatCell(
                        number(group.customers),
                        shade(group.customers, largest),
                        customers_url(recency=(recency, recency), frequency=(frequency, frequency)),
                        _("profit %(amount)s") % {"amount": money(group.profit, currency, digits=0)},
                        group.customers,
                    )
                    if (group := held[recency, frequency]).customers
                    else HeatCell("")
                    for frequency in CLASSES
                ],
            )
            for recency in CLASSES
        ],
    )


def parts_table(cells: Sequence[Combination], currency: str) -> Table:
    """The named parts of the grid, and what to do with each."""
    everybody = sum(cell.customers for cell in cells)
    rows = []
    for part in PARTS:
        group = added_up(cell for cell in cells if part.holds(cell))
        rows.append(
            Row(
                [
                    Cell(str(part.name), url=part.url, note=str(part.advice)),
                    number_cell(group.customers),
                    percent_cell(group.customers / everybody if everybody else None),
                    money_cell(group.profit, currency, digits=0),
                    money_cell(group.lifetime_value, currency, digits=0),
                    percent_cell(group.risk, digits=0),
                ],
                url=part.url,
            )
        )
    return Table(
        caption=_("Parts of the grid, and what to do with each"),
        columns=[
            Column(_("Customers who ordered")),
            Column(_("Customers"), "number"),
            Column(_("Share"), "percent"),
            Column(_("Profit"), "money"),
            Column(_("Lifetime value"), "money"),
            Column(
                _("Churn risk"),
                "percent",
                hint=_("Mean probability of no order for as long as makes a former customer."),
            ),
        ],
        rows=rows,
    )


def classes_table(cells: Sequence[Combination], currency: str) -> Table:
    """What each class stands for: from the lowest figure to the highest."""
    return Table(
        caption=_("What each class stands for"),
        columns=[
            Column(_("Class")),
            Column(_("Last order"), hint=_("Recency")),
            Column(_("Orders"), hint=_("Frequency: several orders of one day are as many orders.")),
            Column(_("Net revenue"), hint=_("Value of purchases")),
        ],
        rows=[
            Row(
                [
                    Cell(number(place)),
                    Cell(_days([cell for cell in cells if cell.recency == place])),
                    Cell(_orders([cell for cell in cells if cell.frequency == place])),
                    Cell(_revenue([cell for cell in cells if cell.spending == place], currency)),
                ]
            )
            for place in CLASSES
        ],
    )


def _days(cells: Sequence[Combination]) -> str:
    if not cells:
        return _("nobody")
    first, last = min(cell.last_order[0] for cell in cells), max(cell.last_order[1] for cell in cells)
    return day(first) if first == last else _("%(first)s to %(last)s") % {"first": day(first), "last": day(last)}


def _orders(cells: Sequence[Combination]) -> str:
    if not cells:
        return _("nobody")
    return _between(number(min(cell.orders[0] for cell in cells)), number(max(cell.orders[1] for cell in cells)))


def _revenue(cells: Sequence[Combination], currency: str) -> str:
    if not cells:
        return _("nobody")
    low, high = min(cell.revenue[0] for cell in cells), max(cell.revenue[1] for cell in cells)
    return _between(money(low, currency), money(high, currency))


def _between(low: str, high: str) -> str:
    return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


def rfm_sheet(cells: Iterable[Combination]) -> Sheet:
    """Every combination that occurs, for a file."""
    return Sheet(
        name="rfm",
        title=_("Customers by recency, frequency and value"),
        headings=[
            _("Recency"),
            _("Frequency"),
            _("Value of purchases"),
            _("Customers"),
            _("Profit"),
            _("Lifetime value"),
            _("Churn risk"),
        ],
        kinds=["number", "number", "number", "number", "money", "money", "percent"],
        rows=[
            [cell.recency, cell.frequency, cell.spending, cell.customers, *_sums(cell), cell.risk / cell.customers]
            for cell in sorted(cells, key=lambda cell: (-cell.recency, -cell.frequency, -cell.spending))
        ],
    )


def _sums(cell: Combination) -> tuple[Decimal, Decimal]:
    return cell.profit, cell.lifetime_value


def classes_sheet(cells: Sequence[Combination]) -> Sheet:
    """What each class stands for, for a file: the lowest and the highest figure of each in columns of their own."""
    names = [_("Last order"), _("Orders"), _("Net revenue")]
    edges = [_("%(figure)s, from"), _("%(figure)s, to")]
    return Sheet(
        name="rfm-classes",
        title=_("What each class stands for"),
        headings=[_("Class"), *(edge % {"figure": name} for name in names for edge in edges)],
        kinds=["number", "date", "date", "number", "number", "money", "money"],
        rows=[[place, *_edges_of(cells, place)] for place in CLASSES],
    )


def _edges_of(cells: Sequence[Combination], place: int) -> list[Any]:
    spans = (
        [cell.last_order for cell in cells if cell.recency == place],
        [cell.orders for cell in cells if cell.frequency == place],
        [cell.revenue for cell in cells if cell.spending == place],
    )
    return [
        edge
        for span in spans
        for edge in ((min(low for low, _high in span), max(high for _low, high in span)) if span else (None, None))
    ]
