"""What a full run lays aside, small, so that a recompute of what changed need not read everybody's records.

It stands in a partition of its own for each full run: what everybody is ranked and classed by, and where they stand, a
part for each column; for each slice of customers their accounts, row by row, and who of them has how many months, and
these months, row by row; and the part `basis`, which tells what the run was computed with. All are whole numbers, each
in the smallest type that holds its column; columns that are mostly nothing stand without their zeros. Nothing is
compressed, so that the database finds the rows of a customer in the midst of all others without reading those.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self, TypeAlias

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm_site.lib.bulk import Table, read_value, write_values
from crm_site.lib.partitions import Partition, partitions_of
from profitability.models.figures import ANONYMOUS
from profitability.recompute.accounts import Accounts, accounts_of
from profitability.recompute.months import CUSTOMER_SUMS, SALES, THOUSAND, Months, Whole, starts_of
from profitability.recompute.records import QUANTITY, People, slice_of, slices_of, smallest, smallest_kind
from profitability.recompute.rows import LAID_ASIDE, rows_of

BASIS = "basis"
# Of every customer: by what they are ranked and classed, and what a later run compares its own findings with.
EVERYBODY = ("customer", "net_revenue", "profit", "orders", "last_day", "value", "place", "category", "rfm")
ACCOUNTS = ("kind", *CUSTOMER_SUMS, "first_day", "last_day")
MOSTLY_NOTHING = 8  # a column of which only one value in so many is something is kept without zeros
MOST_SOUGHT = 0.05  # beyond this part of all, reading everybody's rows takes less than finding some

Places: TypeAlias = NDArray[np.intp]


class Gone(Exception):
    """What was laid aside is not there."""


class Packed(Mapping[str, NDArray[Any]]):
    """Columns that were packed, some still in small types, unpacked when they are asked for."""

    def __init__(self, data: bytes) -> None:
        self._data, self._columns = data, {}
        length = int.from_bytes(data[:4], "big")
        at = 4 + length
        for name, kind, count, filled in json.loads(data[4:at]):
            self._columns[name] = (at, np.dtype(kind), count, filled)
            at += count * np.dtype(kind).itemsize if filled is None else filled * (4 + np.dtype(kind).itemsize)

    def __getitem__(self, name: str) -> NDArray[Any]:
        at, kind, count, filled = self._columns[name]
        if filled is None:
            return np.frombuffer(self._data, kind, count, at)
        values = np.zeros(count, kind)
        places = np.frombuffer(self._data, np.uint32, filled, at)
        values[places] = np.frombuffer(self._data, kind, filled, at + places.nbytes)
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True)
class Layout:
    """How rows are packed, one behind the other."""

    kind: np.dtype[Any]  # a field for each column, in the smallest type that holds it
    units: Mapping[str, int]  # what stands there for 1, where it is more

    @classmethod
    def of(cls, columns: Table) -> tuple[Self, memoryview]:
        """The layout of these columns, and their rows packed like that."""
        units, whole = {}, dict(columns)
        for name, values in columns.items():
            if name.startswith(QUANTITY):
                # Most quantities are whole units, though they are counted in thousandths.
                thousands, rest = np.divmod(values, THOUSAND)
                if not rest.any():
                    units[name], whole[name] = THOUSAND, thousands
        layout = cls(np.dtype([(name, smallest_kind(values)) for name, values in whole.items()]), units)
        rows = np.empty(len(next(iter(columns.values()))), layout.kind)
        for name, values in whole.items():
            rows[name] = values
        return layout, rows.view(np.uint8).data

    def as_json(self) -> bytes:
        return json.dumps([self.kind.descr, self.units]).encode()

    @classmethod
    def from_json(cls, found: bytes) -> Self:
        fields, units = json.loads(found)
        return cls(np.dtype([(name, kind) for name, kind in fields]), units)

    def unpacked(self, data: bytes | memoryview) -> NDArray[Any]:
        """The rows as they stand there."""
        return np.frombuffer(data, self.kind)

    def columns(self, rows: NDArray[Any], names: Sequence[str]) -> Table:
        """Columns of some of these rows, whole."""
        return {name: rows[name].astype(np.int64) * self.units.get(name, 1) for name in names}


@dataclass(frozen=True)
class Rows:
    """Rows of a slice that were laid aside, one behind the other."""

    run_id: int
    part: str
    layout: Layout

    def some(self, first: Whole, counts: Whole, names: Sequence[str]) -> Table:
        """So many rows from each of these on, which are ascending (1 query)."""
        size = self.layout.kind.itemsize
        found = self._read(
            "SELECT string_agg(substring(l.data FROM w.first FOR w.length), NULL ORDER BY w.first) "
            "FROM unnest(%(first)s::int[], %(length)s::int[]) AS w (first, length), {table} l WHERE part = %(part)s",
            first=(first * size + 1).tolist(),
            length=(counts * size).tolist(),
        )
        return self.layout.columns(self.layout.unpacked(found), names)

    def all(self) -> NDArray[Any]:
        """Those of everybody, as they stand there (1 query)."""
        return self.layout.unpacked(self._read("SELECT data FROM {table} WHERE part = %(part)s"))

    def _read(self, query: str, **given: Any) -> bytes:
        table = rows_of(self.run_id).laid_aside.table
        return read_value(query.format(table=table), {**given, "part": self.part}) or b""


@dataclass(frozen=True)
class Slice:
    """Some customers, as a full run left them: an account each, and some months."""

    accounts: Rows
    months: Rows
    counts: NDArray[np.int64]  # months of each

    def accounts_at(self, places: Places) -> Table:
        """The accounts at these places, ascending (1 query)."""
        if len(places) > MOST_SOUGHT * len(self.counts):
            return self.accounts.layout.columns(self.accounts.all()[places], ACCOUNTS)
        return self.accounts.some(places, np.ones_like(places), ACCOUNTS)

    def months_at(self, places: Places, names: Sequence[str]) -> Table:
        """The months of customers at these places, ascending (1 query)."""
        first = np.cumsum(self.counts) - self.counts
        return self.months.some(first[places], self.counts[places], names)


@dataclass(frozen=True)
class Former:
    """What a full run left of everybody, by ascending customer id."""

    columns: Table  # those of EVERYBODY, some in small types; without anonymous sales
    slices: Sequence[Slice]

    @cached_property
    def ids(self) -> Whole:
        """Of everybody who has an account, anonymous sales first."""
        return np.concatenate([[ANONYMOUS], self.columns["customer"]])

    @cached_property
    def in_order(self) -> Places:
        """Places in the columns of the customers who were ranked, best first."""
        place = self.columns["place"]
        ranked = np.flatnonzero(place)
        order = np.empty(len(ranked), np.intp)
        order[place[ranked] - 1] = ranked
        return order

    def accounts_of(self, customers: Whole) -> Accounts:
        """The accounts of these customers, by ascending id, and of anonymous sales where they are among them."""
        sought = places_of(customers, self.ids)
        found = [part.accounts_at(places) for part, places in self._by_slice(sought)]
        return accounts_of({"customer": self.ids[sought], **_together(found, ACCOUNTS)})

    def months_of(self, customers: Whole, drivers: Sequence[str]) -> Table:
        """All months of these customers, by customer and month; the column `place` holds the customer's id."""
        names = ["month", *SALES, "orders", *_quantities(drivers)]
        sought = self._by_slice(places_of(customers, self.ids))
        found = [part.months_at(places, names) for part, places in sought]
        counts = np.concatenate([np.empty(0, np.int64), *(part.counts[places] for part, places in sought)])
        return {"place": np.repeat(self.ids[places_of(customers, self.ids)], counts), **_together(found, names)}

    def in_months(self, months: Sequence[int], drivers: Sequence[str], *, but: Whole) -> Table:
        """The quantities of everybody in some months, but for these customers; `place` as above."""
        names, found = ["month", *_quantities(drivers)], []
        others = np.ones(len(self.ids), bool)
        others[places_of(but, self.ids)] = False
        for number, part in enumerate(self.slices if months else ()):
            of, rows = slice_of(number, len(self.ids)), part.months.all()
            there = np.flatnonzero(np.isin(rows["month"], months))
            places = np.searchsorted(np.cumsum(part.counts), there, side="right")
            kept = others[of][places]
            columns = part.months.layout.columns(rows[there[kept]], names)
            found.append({"place": self.ids[of][places[kept]], **columns})
        return _together(found, ["place", *names])

    def _by_slice(self, sought: Places) -> list[tuple[Slice, Places]]:
        """The slices that these places, ascending, fall into, and the places there."""
        found = []
        for number, part in enumerate(self.slices):
            of = slice_of(number, len(self.ids))
            first, end = np.searchsorted(sought, [of.start, of.stop])
            if first < end:
                found.append((part, sought[first:end] - of.start))
        return found


def _quantities(drivers: Sequence[str]) -> list[str]:
    return [QUANTITY + code for code in drivers]


def _together(parts: Sequence[Table], names: Sequence[str]) -> Table:
    return {name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)]) for name in names}


def places_of(some: Whole, ids: NDArray[Any]) -> NDArray[np.intp]:
    """Where those of some customers stand, ascending, who are among many; both are ascending ids."""
    places = np.searchsorted(ids, some)
    within = places < len(ids)
    places, sought = places[within], some[within]
    return places[ids[places] == sought]


def united(*some: Whole) -> Whole:
    """All of these ids, ascending, each once; numpy's own way of finding unlike ones takes ten times as long."""
    ids = np.sort(np.concatenate(some))
    return ids[starts_of(ids)]


def without(some: Whole, ids: Whole) -> Whole:
    """Ascending ids without these others, ascending too."""
    return np.delete(ids, places_of(some, ids))


def lay_aside_months(partition: Partition, number: int, months: Months, people: People, drivers: Sequence[str]) -> None:
    """Keep the months of a slice."""
    of = people.slice(number)
    counts = np.bincount(months.place - of.start, minlength=of.stop - of.start)
    columns = {
        "month": months.month,
        **months.sales,
        "orders": months.orders,
        **{QUANTITY + code: values for code, values in zip(drivers, months.quantities, strict=True)},
    }
    _write(partition, [(f"counts {number}", packed({"months": counts})), *_rows(f"months {number}", columns)])


def lay_aside_accounts(partition: Partition, accounts: Accounts, of_everybody: Table) -> None:
    """Keep the accounts, anonymous sales first, slice by slice, and the columns of EVERYBODY, a part for each."""
    columns = {"kind": accounts.kind, **accounts.sums, "first_day": accounts.first_day, "last_day": accounts.last_day}
    count = len(accounts.customer)
    for number in range(slices_of(count)):
        of = slice_of(number, count)
        _write(partition, _rows(f"accounts {number}", {name: columns[name][of] for name in ACCOUNTS}))
    _write(partition, ((_of_everybody(name), packed({name: of_everybody[name]})) for name in EVERYBODY))


def parts_to_take_up(run_id: int, slices: int) -> list[Callable[[], Any]]:
    """The readings of what a full run laid aside: its slices without their rows, then the columns of EVERYBODY."""
    of_slices = [partial(_slice, run_id, number) for number in range(slices)]
    return [*of_slices, *(partial(_part, run_id, _of_everybody(name)) for name in EVERYBODY)]


def taken_up(parts: Sequence[Any], slices: int) -> Former:
    """What those readings found."""
    columns = {name: Packed(data)[name] for name, data in zip(EVERYBODY, parts[slices:], strict=True)}
    # Compared with numbers that may be larger than all of these.
    return Former(columns | {"customer": columns["customer"].astype(np.int64)}, parts[:slices])


def _slice(run_id: int, number: int) -> Slice:
    counts = Packed(_part(run_id, f"counts {number}"))["months"]
    accounts, months = (
        Rows(run_id, part, Layout.from_json(_part(run_id, _layout_of(part))))
        for part in (f"accounts {number}", f"months {number}")
    )
    return Slice(accounts, months, counts.astype(np.int64))


def _rows(part: str, columns: Table) -> list[tuple[str, bytes | memoryview]]:
    """The parts that hold rows."""
    layout, rows = Layout.of(columns)
    return [(_layout_of(part), layout.as_json()), (part, rows)]


def _layout_of(part: str) -> str:
    return f"layout of {part}"


def _of_everybody(name: str) -> str:
    return f"everybody's {name}"


def _write(partition: Partition, parts: Iterable[tuple[str, bytes | memoryview]]) -> None:
    write_values(partition.table, ((partition.value, name, data) for name, data in parts))


def keep_basis(run_id: int, basis: dict[str, Any]) -> None:
    """What a full run was computed with, for those that take up its months."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rows_of(run_id).laid_aside.table} (run_id, part, data) VALUES (%s, %s, %s)",
            [run_id, BASIS, json.dumps(basis).encode()],
        )


def basis_of(run_id: int) -> dict[str, Any]:
    """What a full run was computed with."""
    if rows_of(run_id).laid_aside not in partitions_of(LAID_ASIDE):
        raise Gone
    found: dict[str, Any] = json.loads(_part(run_id, BASIS))
    return found


def is_whole(run_id: int, slices: int) -> bool:
    """Whether all is there that a run of what changed takes up (1 query)."""
    with_rows = {f"{kind} {number}" for number in range(slices) for kind in ("accounts", "months")}
    needed = with_rows | {_layout_of(part) for part in with_rows} | {f"counts {number}" for number in range(slices)}
    needed |= {_of_everybody(name) for name in EVERYBODY}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT part FROM {rows_of(run_id).laid_aside.table}")
        return needed <= {part for (part,) in cursor.fetchall()}


def packed(columns: Table) -> bytes:
    """Columns of whole numbers, made small."""
    heads, parts = [], []
    for name, values in columns.items():
        small = smallest(values)
        places = np.flatnonzero(small).astype(np.uint32)
        sparse = len(places) * MOSTLY_NOTHING < len(small)
        heads.append([name, small.dtype.str, len(small), len(places) if sparse else None])
        parts += [places.data, small[places].data] if sparse else [small.data]
    head = json.dumps(heads).encode()
    return b"".join([len(head).to_bytes(4, "big"), head, *parts])


def _part(run_id: int, part: str) -> bytes:
    found = read_value(f"SELECT data FROM {rows_of(run_id).laid_aside.table} WHERE part = %(part)s", {"part": part})
    if found is None:
        raise Gone
    return found
