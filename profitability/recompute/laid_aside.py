"""What a full run lays aside, small, so that a recompute of what changed need not read everybody's records.

It stands in a partition of its own for each full run: the months of customers, a part for each slice of them; their
accounts and standing, a part for each column; and the part `basis`, which tells what the run was computed with. Columns
are whole numbers, each in the smallest type that holds it, those that are mostly nothing without their zeros.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

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
        for name, kind, count, filled, unit in json.loads(data[4:at]):
            self._columns[name] = (at, np.dtype(kind), count, filled, unit)
            at += count * np.dtype(kind).itemsize if filled is None else filled * (4 + np.dtype(kind).itemsize)

    def __getitem__(self, name: str) -> NDArray[Any]:
        at, kind, count, filled, unit = self._columns[name]
        if filled is None:
            values = np.frombuffer(self._data, kind, count, at)
        else:
            values = np.zeros(count, kind)
            places = np.frombuffer(self._data, np.uint32, filled, at)
            values[places] = np.frombuffer(self._data, kind, filled, at + places.nbytes)
        return values.astype(np.int64) * unit if unit > 1 else values

    def at(self, name: str, rows: NDArray[np.intp]) -> Whole:
        """Some rows of a column."""
        at, kind, count, filled, unit = self._columns[name]
        if filled is None:
            return np.frombuffer(self._data, kind, count, at)[rows].astype(np.int64) * unit
        return self[name][rows].astype(np.int64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True)
class Former:
    """What a full run left of everybody, by ascending customer id; place 0 is anonymous sales."""

    accounts: Table  # the columns of ACCOUNTS, some in small types
    slices: Sequence[Packed]  # the months, by slices of customers

    def of_customers(self, customers: Whole, drivers: Sequence[str]) -> Table:
        """All months of these customers, by customer and month; the column `place` holds the customer's id."""
        return _months(self.slices, [*SALES, "orders", *_quantities(drivers)], customers=customers)

    def in_months(self, months: Sequence[int], drivers: Sequence[str], *, but: Whole) -> Table:
        """The quantities of everybody in some months, but for these customers; `place` as above."""
        return _months(self.slices, _quantities(drivers), months=months, but=but)


def _quantities(drivers: Sequence[str]) -> list[str]:
    return [QUANTITY + code for code in drivers]


def _months(
    slices: Sequence[Packed],
    names: Sequence[str],
    *,
    customers: Whole | None = None,
    months: Sequence[int] = (),
    but: Whole = NOBODY,
) -> Table:
    """Rows of customers, or of months without some customers, with the columns of these names."""
    parts = []
    for packed_slice in slices:
        ids, counts = packed_slice["customer"], packed_slice["months"]
        of = _among(ids, customers) if customers is not None else ~_among(ids, but)
        chosen = np.repeat(of, counts)
        if customers is None:
            chosen &= np.isin(packed_slice["month"], months)
        rows = np.flatnonzero(chosen)
        owners = np.repeat(ids, counts)[rows].astype(np.int64)
        of_rows = {name: packed_slice.at(name, rows) for name in ("month", *names)}
        parts.append({"place": owners, **of_rows})
    return {
        name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)])
        for name in ("place", "month", *names)
    }


def _among(ids: NDArray[Any], some: Whole) -> NDArray[np.bool_]:
    """Which of ascending ids are among some, of which there are fewer."""
    found = np.zeros(len(ids), bool)
    places = np.searchsorted(ids, some)
    within = places < len(ids)
    places, sought = places[within], some[within]
    found[places[ids[places] == sought]] = True
    return found


def lay_aside_months(partition: Partition, number: int, months: Months, people: People, drivers: Sequence[str]) -> None:
    """Keep the months of a slice, within the transaction that created the partition."""
    starts = starts_of(months.place)
    columns = {
        "customer": people.ids[months.place[starts]],
        "months": np.diff(starts, append=len(months.place)),
        "month": months.month,
        **months.sales,
        "orders": months.orders,
        **{QUANTITY + code: values for code, values in zip(drivers, months.quantities, strict=True)},
    }
    write_values(partition.table, [(partition.value, f"months {number}", packed(columns))])


def lay_aside_accounts(partition: Partition, accounts: Table) -> None:
    """Keep the columns of ACCOUNTS, a part for each."""
    parts = ((partition.value, f"account {name}", packed({name: accounts[name]})) for name in ACCOUNTS)
    write_values(partition.table, parts)


def parts_to_take_up(run_id: int, slices: int) -> list[Callable[[], bytes]]:
    """The readings of what a full run laid aside: its months, then the columns of its accounts."""
    months = [partial(_part, run_id, f"months {number}") for number in range(slices)]
    return [*months, *(partial(_part, run_id, f"account {name}") for name in ACCOUNTS)]


def taken_up(parts: Sequence[bytes], slices: int) -> Former:
    """What those readings found."""
    found = [Packed(data) for data in parts]
    accounts = {name: column[name] for name, column in zip(ACCOUNTS, found[slices:], strict=True)}
    return Former(accounts, found[:slices])


def keep_basis(run_id: int, basis: dict[str, Any]) -> None:
    """What a full run was computed with, for those that take up its months."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rows_of(run_id).laid_aside.table} (run_id, part, data) VALUES (%s, %s, %s)",
            [run_id, BASIS, json.dumps(basis).encode()],
        )


def basis_of(run_id: int) -> dict[str, Any]:
    """What a full run was computed with."""
    found: dict[str, Any] = json.loads(_part(run_id, BASIS))
    return found


def is_whole(run_id: int, slices: int) -> bool:
    """Whether all is there that a run of what changed takes up (1 query)."""
    needed = {*(f"months {number}" for number in range(slices)), *(f"account {name}" for name in ACCOUNTS)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT part FROM {rows_of(run_id).laid_aside.table}")
        return needed <= {part for (part,) in cursor.fetchall()}


def packed(columns: Table) -> bytes:
    """Columns of whole numbers, made small."""
    heads, parts = [], []
    for name, values in columns.items():
        unit = THOUSAND if name.startswith(QUANTITY) and not (values % THOUSAND).any() else 1
        small = smallest(values // unit if unit > 1 else values)
        places = np.flatnonzero(small).astype(np.uint32)
        sparse = len(places) * MOSTLY_NOTHING < len(small)
        heads.append([name, small.dtype.str, len(small), len(places) if sparse else None, unit])
        parts += [places.tobytes(), small[places].tobytes()] if sparse else [small.tobytes()]
    head = json.dumps(heads).encode()
    return b"".join([len(head).to_bytes(4, "big"), head, *parts])


def _part(run_id: int, part: str) -> bytes:
    partition = rows_of(run_id).laid_aside
    if partition not in partitions_of(LAID_ASIDE):
        raise Gone
    found = read_value(f"SELECT data FROM {partition.table} WHERE part = %(part)s", {"part": part})
    if found is None:
        raise Gone
    return found
