"""Lists declared once: the same columns feed the page, the CSV file and the workbook.

A column says where its value comes from, what kind it is, and by what it may be sorted; the kind decides how the value
is written. Drawing fills in the frozen values of `components.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal

from django.db.models import QuerySet
from django.utils.functional import Promise

from crm_site.lib import components as drawn
from crm_site.lib import formatting
from crm_site.lib.addresses import addresses
from crm_site.lib.components import Kind
from crm_site.lib.export import Sheet
from crm_site.lib.paging import Order, Sort

# What people look for first: large figures and recent days.
LARGEST_FIRST = frozenset({"money", "number", "percent", "date", "datetime"})

Writer = Callable[[Any], str]


class BadSort(ValueError):
    """The list cannot be ordered by what was asked for."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    name: str  # stands in addresses; the attribute of the row, unless `value` says otherwise
    label: str | Promise
    kind: Kind = "text"
    value: Callable[[Any], Any] | None = None
    choices: Mapping[Any, str | Promise] | None = None  # the words for the values of a column that has few
    sort: Sort | None = None
    link: str | Callable[[Any], str] | None = None  # a URL name that takes a key, or whatever makes an address of a row
    link_key: str = "pk"  # the attribute of the row that holds the key
    badge: Callable[[Any], str] | None = None  # the tone of a pill
    note: Callable[[Any], str] | None = None  # a quiet second line
    digits: int | None = 0  # decimal places of plain numbers; None: as many as the number has
    hint: str | Promise = ""
    default: bool = True  # shown unless the reader chose otherwise

    def read(self, row: Any) -> Any:
        """The plain value of this column in a row."""
        value = self.value(row) if self.value else getattr(row, self.name)
        return self.choices.get(value) if self.choices else value


@dataclass(frozen=True, slots=True)
class Table:
    """A list: its columns, and how it is ordered when nothing else was asked for."""

    name: str  # of exported files
    caption: str | Promise
    columns: tuple[Column, ...]
    default_sort: str = ""  # a column's name, behind "-" for descending

    def order(self, text: str) -> Order:
        """The order that an address asks for; only declared sorts are known. Raises BadSort."""
        name = text.removeprefix("-")
        for column in self.columns:
            if column.name == name and column.sort:
                return Order(column.sort, descending=text.startswith("-"))
        raise BadSort(text)

    def visible(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The chosen columns in their declared order, the first always; the default ones when nothing was chosen."""
        if not names:
            return tuple(column for column in self.columns if column.default)
        return tuple(column for position, column in enumerate(self.columns) if not position or column.name in names)

    def sheet(self, columns: Sequence[Column], rows: QuerySet[Any]) -> Sheet:
        """The rows as they go into a file."""
        return Sheet(
            name=self.name,
            headings=[str(column.label) for column in columns],
            kinds=[column.kind for column in columns],
            rows=([column.read(row) for column in columns] for row in rows.iterator(chunk_size=2000)),
        )


@dataclass(frozen=True, slots=True)
class Sorting:
    """The order in force and the address of the same list in another."""

    text: str
    url: Callable[[str], str]

    def head(self, column: Column) -> drawn.Column:
        """The head of a column, with the link that sorts by it."""
        if not column.sort or self is UNSORTED:
            return drawn.Column(str(column.label), column.kind, hint=str(column.hint))
        orders: dict[str, Literal["asc", "desc", ""]] = {column.name: "asc", f"-{column.name}": "desc"}
        present = orders.get(self.text, "")
        largest_first = column.kind in LARGEST_FIRST
        descending = present == "asc" if present else largest_first
        url = self.url(f"-{column.name}" if descending else column.name)
        return drawn.Column(str(column.label), column.kind, sort_url=url, sorted=present, hint=str(column.hint))


UNSORTED = Sorting("", str)


def draw(
    table: Table,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    currency: str,
    sorting: Sorting = UNSORTED,
    ticked_form: str = "",
) -> drawn.Table:
    """The rows of a page as components draw them."""
    cells = [_cell_maker(column, currency) for column in columns]
    return drawn.Table(
        caption=str(table.caption),
        columns=[sorting.head(column) for column in columns],
        rows=[drawn.Row([cell(row) for cell in cells], key=str(row.pk) if ticked_form else "") for row in rows],
        ticked_form=ticked_form,
    )


def _cell_maker(column: Column, currency: str) -> Callable[[Any], drawn.Cell]:
    """How a column turns a row into a cell: decided once for all rows, since a page has hundreds of cells."""
    write, link = writer(column, currency), _linker(column)
    read = column.value or attrgetter(column.name)
    badge, note = column.badge, column.note

    has_value = column.kind in LARGEST_FIRST and not column.choices

    def cell(row: Any) -> drawn.Cell:
        value = read(row)
        return drawn.Cell(
            "" if value is None or value == "" else write(value),
            link(row) if link else "",
            badge(row) if badge else "",
            note(row) if note else "",
            value=value if has_value else None,
        )

    return cell


def _linker(column: Column) -> Callable[[Any], str] | None:
    """What makes an address of a row; the address of a URL name is looked up once and the key put in its place."""
    if not isinstance(column.link, str):
        return column.link
    address, key = addresses(column.link), attrgetter(column.link_key)

    def link(row: Any) -> str:
        value = key(row)
        return "" if value is None else address(value)

    return link


def writer(column: Column, currency: str) -> Writer:
    """How the values of a column are written in the reader's language."""
    if column.choices:
        words = {value: str(label) for value, label in column.choices.items()}
        return lambda value: words.get(value, "")
    match column.kind:
        case "money":
            return formatting.money_writer(currency)
        case "number":
            return _plain_number if column.digits is None else formatting.number_writer(digits=column.digits)
        case "percent":
            return formatting.percent_writer()
        case "date":
            return formatting.day_writer()
        case "datetime":
            return formatting.moment
        case _:
            return str


def _plain_number(value: Decimal) -> str:
    """A number with the decimal places that it needs and no more."""
    return formatting.number(value, digits=max(0, -int(value.normalize().as_tuple().exponent)))
