"""Keyset paging: the next rows after a given one, as fast at position 900,000 as at the first.

A page is asked for by the row that it follows (or precedes), never by its number: `(sort, id) < (…)` is answered from
an index on the two. Rows without a value for the sort come last in either direction.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Expression, F, Field, Func, QuerySet, Value
from django.db.models.functions import Coalesce

from crm_site.lib.joins import joined_to

SORTED_LIMIT = 30_000  # so many rows are sorted sooner than the first of them may be met along an index
LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 10**16


class BadCursor(ValueError):
    """The place in the list that was asked for cannot be read."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What a list may be ordered by: an attribute of its rows that is also a column of its query.

    `tie` is the column that orders equal values; it must hold the row's primary key and, for speed, belong to the same
    index as `path`. `index_ends_empty` tells of an index on `path DESC NULLS LAST`: the database takes an index only
    for an order that says the same of empty values, even among rows that have none.
    """

    path: str
    nullable: bool = False
    tie: str = "pk"
    index_ends_empty: bool = False


@dataclass(frozen=True, slots=True)
class Leading:
    """Rows that come before all others: those whose value of the sort lies from `start` to before `end`.

    `rows` are they, perhaps told by fewer conditions than all have, so that an index finds them at once.
    """

    rows: QuerySet[Any]
    start: str
    end: str

    def holds(self, value: Any) -> bool:
        return value is not None and self.start <= value < self.end

    def range(self, path: str) -> dict[str, str]:
        """What a filter by this attribute asks of them."""
        return {f"{path}__gte": self.start, f"{path}__lt": self.end}

    def within(self, path: str) -> QuerySet[Any]:
        """They alone, unordered."""
        return self.rows.filter(**self.range(path))


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the index of a joined table is followed before rows are better found in another way.

    `rows` are those of the joined table, `sort` is the list's by its own columns. A filter that hangs together with the
    order (unprofitable customers, by value) would otherwise make the database pass nearly all rows to find a page.
    """

    alias: str  # of the join
    rows: QuerySet[Any]
    sort: Sort
    limit: int


@dataclass(frozen=True, slots=True)
class Order:
    """A sort and its direction; the tie-breaker runs the same way.

    Without `by_index` the database is kept from walking along the sort's index, which is right for few rows among many.
    With `walk` it walks so far first, and does otherwise only where that did not fill a page.
    """

    sort: Sort
    descending: bool = False
    by_index: bool = True
    leading: Leading | None = None
    walk: Walk | None = None

    def reversed(self) -> Order:
        return replace(self, descending=not self.descending)

    @property
    def value(self) -> F | Coalesce:
        """What rows are ordered by: as it stands, or as an expression that no index knows."""
        path = F(self.sort.path)
        return path if self.by_index else Coalesce(path, path)

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """All rows in this order, those without a value last."""
        path, tie = F(self.sort.path), F(self.sort.tie)
        if not self.descending:
            return queryset.order_by(path.asc(nulls_last=True), tie.asc())
        return queryset.order_by(path.desc(nulls_last=True), tie.desc())


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in an ordered list, and whether the rows before it are meant."""

    value: Any  # None: the row stands among those without a value
    id: int
    backwards: bool = False

    def encode(self) -> str:
        """The place as text for an address."""
        payload = json.dumps([None if self.value is None else str(self.value), self.id, int(self.backwards)])
        return base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, field: Field[Any, Any]) -> Cursor:
        """The place that an address names; `field` knows how its value is read. Raises BadCursor."""
        try:
            value, row_id, backwards = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(_value(value, field), _id(row_id), bool(backwards))
        except (ValueError, TypeError, ArithmeticError, RecursionError, ValidationError, binascii.Error) as error:
            raise BadCursor(text) from error


def _value(text: Any, field: Field[Any, Any]) -> Any:
    if text is None:
        return None
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError("A cursor's value is text without NUL.")
    text.encode()  # refuses halves of characters, which no database takes
    value = field.to_python(text)
    if (
        isinstance(value, int | float | Decimal) and not -LARGEST_NUMBER < value < LARGEST_NUMBER
    ):  # also false for what is not a number at all
        raise ValueError("A cursor's number is one that the database holds.")
    return value


def _id(row_id: Any) -> int:
    if type(row_id) is not int or not 0 <= row_id <= LARGEST_ID:
        raise ValueError("A cursor's id is a whole number.")
    return row_id


@dataclass(frozen=True, slots=True)
class Page:
    """Some consecutive rows of a list, and where it goes on; '' where there is nothing more."""

    rows: list[Any]
    previous: str = ""
    next: str = ""


def sort_field(queryset: QuerySet[Any], sort: Sort) -> Field[Any, Any]:
    """The field behind a sort, which knows how its values are read and stored."""
    return queryset.query.clone().resolve_ref(sort.path).output_field


def read_page(queryset: QuerySet[Any], order: Order, *, size: int, cursor: str = "") -> Page:
    """The `size` rows after the cursor (before it, when it points backwards).

    1 query, 2 where empty values begin, 1 more where a walk did not fill the page.
    """
    place = Cursor.decode(cursor, sort_field(queryset, order.sort)) if cursor else None
    if place is None:
        return first_page(_take(queryset, order, size + 1, None), order, size=size)
    if not place.backwards:
        page = first_page(_take(queryset, order, size + 1, place), order, size=size)
        return replace(page, previous=_before(page.rows, order))
    rows = _take(queryset, order, size + 1, place)
    if len(rows) <= size:
        # Fewer than a full page stand before this row: the list begins here, so show its beginning.
        return read_page(queryset, order, size=size)
    rows = rows[size - 1 :: -1]
    return Page(rows, _before(rows, order), _after(rows, order))


def first_rows(queryset: QuerySet[Any], order: Order, size: int) -> QuerySet[Any]:
    """The rows of the first page, and the one after it; of a list none of whose rows lacks a value (no query)."""
    return _ordered(queryset, order)[: size + 1]


def first_page(rows: list[Any], order: Order, *, size: int) -> Page:
    """The page that begins with these rows, of which one more than fits tells that there are others."""
    more = len(rows) > size
    return Page(rows[:size], next=_after(rows[:size], order) if more else "")


def _before(rows: list[Any], order: Order) -> str:
    return _cursor(rows[0], order, backwards=True) if rows else ""


def _after(rows: list[Any], order: Order) -> str:
    return _cursor(rows[-1], order, backwards=False) if rows else ""


def _cursor(row: Any, order: Order, *, backwards: bool) -> str:
    return Cursor(getattr(row, order.sort.path), row.pk, backwards).encode()


def _take(queryset: QuerySet[Any], order: Order, wanted: int, place: Cursor | None) -> list[Any]:
    """Rows from the place on, in the direction of reading (so backwards they come in reverse)."""
    if order.walk and len(walked := _walked(queryset, order, order.walk, wanted, place)) == wanted:
        return walked
    rows: list[Any] = []
    for segment in _segments(queryset, order, place):
        rows += segment[: wanted - len(rows)]
        if len(rows) >= wanted:
            break
    return rows


def _walked(queryset: QuerySet[Any], order: Order, walk: Walk, wanted: int, place: Cursor | None) -> list[Any]:
    """Rows with a value that are met along the first part of the index; perhaps fewer than wanted."""
    if place is not None and place.value is None:
        return []
    descending = order.descending != (place is not None and place.backwards)
    along = Order(walk.sort, descending)
    with_value = walk.rows.filter(**{f"{walk.sort.path}__isnull": False})
    passed = _ordered(_beyond(with_value, along, place), along)[: walk.limit]
    found = queryset.filter(**{f"{order.sort.path}__isnull": False})
    return list(_ordered(joined_to(found, walk.alias, passed), Order(order.sort, descending))[:wanted])


def _segments(queryset: QuerySet[Any], order: Order, place: Cursor | None) -> Iterator[QuerySet[Any]]:
    """The parts of the list still to be read: rows with a value, then rows without, each answered by an index."""
    backwards = place is not None and place.backwards
    reading = order.reversed() if backwards else order
    sort = order.sort
    if order.leading:
        yield from _led(queryset, reading, order.leading, place)
        return
    if not sort.nullable:
        yield _ordered(_beyond(queryset, reading, place), reading)
        return
    with_value = queryset.filter(**{f"{sort.path}__isnull": False})
    without = queryset.filter(**{f"{sort.path}__isnull": True})
    in_without = place is not None and place.value is None
    if backwards:
        if in_without:
            yield _ordered_by_tie(_beyond_tie(without, reading, place), reading)
        yield _ordered(with_value if in_without else _beyond(with_value, reading, place), reading)
    else:
        if not in_without:
            yield _ordered(_beyond(with_value, reading, place), reading)
        yield _ordered_by_tie(_beyond_tie(without, reading, place if in_without else None), reading)


def _led(queryset: QuerySet[Any], reading: Order, leading: Leading, place: Cursor | None) -> Iterator[QuerySet[Any]]:
    """The leading rows and then the others, or backwards; each of them answered by an index or sorted as a whole."""
    path = reading.sort.path
    others = queryset.exclude(**leading.range(path))
    parts = [(leading.within(path), replace(reading, by_index=True)), (others, reading)]
    here = 1 if place and not leading.holds(place.value) else 0
    remaining = parts[here::-1] if place and place.backwards else parts[here:]
    for number, (rows, order) in enumerate(remaining):
        yield _ordered(_beyond(rows, order, None if number else place), order)


def _ordered(queryset: QuerySet[Any], order: Order) -> QuerySet[Any]:
    path, tie = order.value, F(order.sort.tie)
    special = True if order.sort.index_ends_empty else None
    if order.descending:
        return queryset.order_by(path.desc(nulls_last=special), tie.desc())
    return queryset.order_by(path.asc(nulls_first=special), tie.asc())


def _ordered_by_tie(queryset: QuerySet[Any], order: Order) -> QuerySet[Any]:
    return queryset.order_by(f"-{order.sort.tie}" if order.descending else order.sort.tie)


def _beyond(queryset: QuerySet[Any], reading: Order, place: Cursor | None) -> QuerySet[Any]:
    if place is None:
        return queryset
    sort = reading.sort
    value = Value(place.value, output_field=sort_field(queryset, sort))
    return queryset.filter(
        _compare(_row(reading.value, F(sort.tie)), _row(value, Value(place.id)), descending=reading.descending)
    )


def _beyond_tie(queryset: QuerySet[Any], reading: Order, place: Cursor | None) -> QuerySet[Any]:
    if place is None:
        return queryset
    return queryset.filter(_compare(F(reading.sort.tie), Value(place.id), descending=reading.descending))


def _row(*expressions: Expression | F) -> Func:
    return Func(*expressions, function="ROW", output_field=BooleanField())


def _compare(left: Expression | F, right: Expression, *, descending: bool) -> Func:
    sign = " < " if descending else " > "
    return Func(left, right, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())
