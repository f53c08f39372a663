"""Moves between categories as a table of five by five, as a file, and the customers behind one of its cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from crm_site.lib.addresses import reverse
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models.scorecard import Category
from profitability.charts.moves import place_name
from profitability.totals import Move

PLACES: tuple[int | None, ...] = (*Category.values, None)
# Shades of a cell, by the share of its row.
SHADES = 4


@dataclass(frozen=True, slots=True)
class MoveCell:
    """How many went from the category of the row to that of the column."""

    customers: int
    url: str
    shade: int  # 0 nobody, 1 few, 4 almost all of the row
    stayed: bool


@dataclass(frozen=True, slots=True)
class MoveRow:
    """What became of the customers of one category."""

    category: int | None
    name: str
    cells: tuple[MoveCell, ...]
    customers: int


@dataclass(frozen=True, slots=True)
class MoveTable:
    """All of it: the heads of the columns, the rows, and how many there are in each category afterwards."""

    heads: tuple[tuple[int | None, str], ...]
    rows: tuple[MoveRow, ...]
    sums: tuple[int, ...]

    @property
    def everybody(self) -> int:
        return sum(self.sums)


def move_table(moves: Sequence[Move], url: Callable[[Move], str]) -> MoveTable:
    """The moves by category before and after; places where nobody was or is are left out."""
    counts = {(move.before, move.after): move.customers for move in moves}
    before = [place for place in PLACES if any(move.before == place for move in moves)]
    after = [place for place in PLACES if any(move.after == place for move in moves)]
    return MoveTable(
        heads=tuple((place, place_name(place)) for place in after),
        rows=tuple(_row(place, after, counts, url) for place in before),
        sums=tuple(sum(counts.get((one, place), 0) for one in before) for place in after),
    )


def _row(
    place: int | None,
    after: Sequence[int | None],
    counts: dict[tuple[int | None, int | None], int],
    url: Callable[[Move], str],
) -> MoveRow:
    found = [Move(before=place, after=other, customers=counts.get((place, other), 0)) for other in after]
    everybody = sum(move.customers for move in found)
    cells = tuple(
        MoveCell(
            customers=move.customers,
            url=url(move) if move.customers else "",
            shade=-(-SHADES * move.customers // everybody) if move.customers else 0,
            stayed=move.before == move.after,
        )
        for move in found
    )
    return MoveRow(place, place_name(place), cells, everybody)


# The moves as a file: one row for each.
MOVES = Table(
    "moves",
    gettext_lazy("Moves between categories"),
    (
        Column("before", gettext_lazy("Before"), value=lambda move: place_name(move.before)),
        Column("after", gettext_lazy("After"), value=lambda move: place_name(move.after)),
        Column("customers", gettext_lazy("Customers"), "number"),
    ),
)


def _address(customer: Any) -> str:
    return reverse("customer", args=[customer.pk])


def _by(path: str, side: str = "") -> Sort:
    """A sort that the index of that side's figures knows, with ties by its own customers."""
    return Sort(path, nullable=True, tie=f"card_customer{side}", index_ends_empty=True)


# The customers behind one cell.
MOVED = Table(
    "moved-customers",
    gettext_lazy("Customers who made this move"),
    (
        Column("name", gettext_lazy("Customer"), "link", value=lambda customer: customer.full_name, link=_address,
               sort=Sort("sort_key")),
        Column("reference", gettext_lazy("Reference")),
        Column("city", gettext_lazy("Town")),
        Column("profit_before", gettext_lazy("Profit before"), "money", sort=_by("profit_before", "_before")),
        Column("profit", gettext_lazy("Profit after"), "money", sort=_by("profit")),
        Column("lifetime_value", gettext_lazy("Lifetime value"), "money", sort=_by("lifetime_value")),
    ),
    default_sort="-profit",
)  # fmt: skip
