"""What a full run lays aside, small, so that a recompute of what changed need not read everybody's records.

It stands in a partition of its own for each full run: the accounts of customers and where they stand, a part for each
column; for each slice of them who they are and how many months each has, and these months, row by row; and the part
`basis`, which tells what the run was computed with. All are whole numbers, each in the smallest type that holds its
column; columns that are mostly nothing stand without their zeros. Nothing is compressed, so that the database finds the
months of a customer in the midst of all others without reading those.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm_site.lib.bulk import Table, read_value, write_values
from crm_site.lib.partitions import Partition, partitions_of
from profitability.recompute.months import CUSTOMER_SUMS, SALES, THOUSAND, Months, Whole, starts_of
from profitability.recompute.records import QUANTITY, People, smallest
from profitability.recompute.rows import LAID_ASIDE, rows_of

BASIS = "basis"
# Of everybody: the account, and what a later run compares its own findings with.
ACCOUNTS = (
    *("customer", "kind", *CUSTOMER_SUMS, "first_day", "last_day"),
    *("profit", "value", "place", "stage", "category", "rfm"),
)
NOBODY = np.empty(0, np.int64)
MOSTLY_NOTHING = 8  # a column of which only one value in so many is something is kept without zeros


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
    def of(cls, columns: Table) -> Self:
        units = {name: THOUSAND for name, values in columns.items() if _in_thousands(name, values)}
        small = {name: smallest(values // units.get(name, 1)) for name, values in columns.items()}
        return cls(np.dtype([(name, values.dtype.str) for name, values in small.items()]), units)

    def as_json(self) -> bytes:
        return json.dumps([self.kind.descr, self.units]).encode()

    @classmethod
    def from_json(cls, found: bytes) -> Self:
        fields, units = json.loads(found)
        return cls(np.dtype([(name, kind) for name, kind in fields]), units)

    def packed(self, columns: Table) -> bytes:
        rows = np.empty(len(columns["month"]), self.kind)
        for name, values in columns.items():
            rows[name] = values // self.units[name] if name in self.units else values
        return rows.tobytes()

    def unpacked(self, data: bytes, names: Sequence[str]) -> Table:
        rows = np.frombuffer(data, self.kind)
        return {name: rows[name].astype(np.int64) * self.units.get(name, 1) for name in names}


@dataclass(frozen=True)
class Slice:
    """The months of some customers, as a full run left them."""

    run_id: int
    number: int
    customers: Whole  # ascending ids, of those who have months
    counts: NDArray[np.int64]  # months of each
    layout: Layout

    def of_customers(self, some: Whole, names: Sequence[str]) -> Table:
        """Those of some customers (1 query)."""
        chosen = places_of(some, self.customers)
        size = self.layout.kind.itemsize
        first, length = (np.cumsum(self.counts) - self.counts)[chosen] * size + 1, self.counts[chosen] * size
        found = self._read(
            "SELECT string_agg(substring(l.data FROM w.first FOR w.length), NULL ORDER BY w.first) "
            "FROM unnest(%(first)s::int[], %(length)s::int[]) AS w (first, length), {table} l WHERE part = %(part)s",
            first=first.tolist(),
            length=length.tolist(),
        )
        rows = self.layout.unpacked(found, names)
        return {"place": np.repeat(self.customers[chosen], self.counts[chosen]), **rows}

    def all(self, names: Sequence[str]) -> Table:
        """Those of everybody (1 query)."""
        rows = self.layout.unpacked(self._read("SELECT data FROM {table} WHERE part = %(part)s"), names)
        return {"place": np.repeat(self.customers, self.counts), **rows}

    def _read(self, query: str, **given: Any) -> bytes:
        table = rows_of(self.run_id).laid_aside.table
        return read_value(query.format(table=table), {**given, "part": f"months {self.number}"}) or b""


@dataclass(frozen=True)
class Former:
    """What a full run left of everybody, by ascending customer id; place 0 is anonymous sales."""

    accounts: Table  # the columns of ACCOUNTS, some in small types
    slices: Sequence[Slice]

    def of_customers(self, customers: Whole, drivers: Sequence[str]) -> Table:
        """All months of these customers, by customer and month; the column `place` holds the customer's id."""
        names = ["month", *SALES, "orders", *_quantities(drivers)]
        return _together([part.of_customers(customers, names) for part in self.slices], names)

    def in_months(self, months: Sequence[int], drivers: Sequence[str], *, but: Whole) -> Table:
        """The quantities of everybody in some months, but for these customers; `place` as above."""
        names, found = ["month", *_quantities(drivers)], []
        for part in self.slices if months else ():
            rows = part.all(names)
            chosen = np.isin(rows["month"], months) & np.repeat(~_among(part.customers, but), part.counts)
            found.append({name: values[chosen] for name, values in rows.items()})
        return _together(found, names)


def _quantities(drivers: Sequence[str]) -> list[str]:
    return [QUANTITY + code for code in drivers]


def _together(parts: Sequence[Table], names: Sequence[str]) -> Table:
    return {
        name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)]) for name in ("place", *names)
    }


def places_of(some: Whole, ids: NDArray[Any]) -> NDArray[np.intp]:
    """Where those of some customers stand, ascending, who are among many; both are ascending ids."""
    places = np.searchsorted(ids, some)
    within = places < len(ids)
    places, sought = places[within], some[within]
    return places[ids[places] == sought]


def _among(ids: NDArray[Any], some: Whole) -> NDArray[np.bool_]:
    """Which of ascending ids are among some, of which there are fewer."""
    found = np.zeros(len(ids), bool)
    found[places_of(some, ids)] = True
    return found


def lay_aside_months(partition: Partition, number: int, months: Months, people: People, drivers: Sequence[str]) -> None:
    """Keep the months of a slice."""
    starts = starts_of(months.place)
    customers = {
        "customer": people.ids[months.place[starts]],
        "months": np.diff(starts, append=len(months.place)),
    }
    columns = {
        "month": months.month,
        **months.sales,
        "orders": months.orders,
        **{QUANTITY + code: values for code, values in zip(drivers, months.quantities, strict=True)},
    }
    layout = Layout.of(columns)
    parts = (packed(customers), layout.as_json(), layout.packed(columns))
    write_values(
        partition.table,
        [(partition.value, name, data) for name, data in zip(_parts_of_slice(number), parts, strict=True)],
    )


def _parts_of_slice(number: int) -> tuple[str, str, str]:
    return f"customers {number}", f"layout {number}", f"months {number}"


def lay_aside_accounts(partition: Partition, accounts: Table) -> None:
    """Keep the columns of ACCOUNTS, a part for each."""
    parts = ((partition.value, f"account {name}", packed({name: accounts[name]})) for name in ACCOUNTS)
    write_values(partition.table, parts)


def parts_to_take_up(run_id: int, slices: int) -> list[Callable[[], Any]]:
    """The readings of what a full run laid aside: its slices without their months, then the columns of its accounts."""
    of_slices = [partial(_slice, run_id, number) for number in range(slices)]
    return [*of_slices, *(partial(_part, run_id, f"account {name}") for name in ACCOUNTS)]


def taken_up(parts: Sequence[Any], slices: int) -> Former:
    """What those readings found."""
    columns = [Packed(data) for data in parts[slices:]]
    accounts = {name: column[name] for name, column in zip(ACCOUNTS, columns, strict=True)}
    # Compared with numbers that may be larger than all of these.
    return Former(accounts | {"customer": accounts["customer"].astype(np.int64)}, parts[:slices])


def _slice(run_id: int, number: int) -> Slice:
    customers, layout, _months = _parts_of_slice(number)
    of = Packed(_part(run_id, customers))
    return Slice(
        run_id=run_id,
        number=number,
        customers=of["customer"].astype(np.int64),
        counts=of["months"].astype(np.int64),
        layout=Layout.from_json(_part(run_id, layout)),
    )


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
    needed = {part for number in range(slices) for part in _parts_of_slice(number)}
    needed |= {f"account {name}" for name in ACCOUNTS}
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
        parts += [places.tobytes(), small[places].tobytes()] if sparse else [small.tobytes()]
    head = json.dumps(heads).encode()
    return b"".join([len(head).to_bytes(4, "big"), head, *parts])


def _in_thousands(name: str, values: NDArray[Any]) -> bool:
    """Most quantities are whole units, though they are counted in thousandths."""
    return name.startswith(QUANTITY) and not (values % THOUSAND).any()


def _part(run_id: int, part: str) -> bytes:
    found = read_value(f"SELECT data FROM {rows_of(run_id).laid_aside.table} WHERE part = %(part)s", {"part": part})
    if found is None:
        raise Gone
    return found
