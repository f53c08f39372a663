"""The months of a full run, laid aside small, so that a recompute of what changed need not read everybody's records.

They stand in a partition of their own for each full run, one part for each slice of customers: columns of whole
numbers, each in the smallest type that holds it, those that are mostly nothing without their zeros. The part `basis`
tells what the run was computed with.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from crm_site.lib.bulk import Table, read_value, write_values
from crm_site.lib.partitions import Partition, partitions_of
from profitability.recompute.months import NO_DAY, SALES, THOUSAND, Months, Whole, first_of, starts_of
from profitability.recompute.records import QUANTITY, People, smallest
from profitability.recompute.rows import LAID_ASIDE, rows_of

BASIS = "basis"
MOSTLY_NOTHING = 8  # a column of which only one value in so many is something is kept without zeros


class Gone(Exception):
    """What was laid aside is not there, or says something else than the customers that there are."""


@dataclass(frozen=True)
class Kept:
    """Months that were laid aside, without those of customers who changed since; each chunk by place and month."""

    chunks: Sequence[Table]

    def between(self, first: int, last: int, drivers: Sequence[str]) -> Months:
        """The months of the customers from one place to before another."""
        parts = []
        for chunk in self.chunks:
            start, stop = np.searchsorted(chunk["place"], [first, last])
            parts.append({name: column[start:stop].astype(np.int64) for name, column in chunk.items()})
        rows = {
            name: np.concatenate([np.empty(0, np.int64), *(part[name] for part in parts)]) for name in _names(drivers)
        }
        begin = first_of(rows["month"])
        return Months(
            place=rows["place"],
            month=rows["month"],
            sales={name: rows[name] for name in SALES},
            without_cost=rows["without_cost"],
            orders=rows["orders"],
            order_days=rows["order_days"],
            first_day=np.where(rows["first"] > 0, begin + rows["first"] - 1, NO_DAY),
            last_day=np.where(rows["last"] > 0, begin + rows["last"] - 1, NO_DAY),
            quantities=[rows[QUANTITY + code] for code in drivers],
        )


NOTHING_KEPT = Kept(())


def lay_aside(partition: Partition, number: int, months: Months, people: People, drivers: Sequence[str]) -> None:
    """Keep the months of a slice, within the transaction that created the partition."""
    begin = first_of(months.month)
    starts = starts_of(months.place)
    columns = {
        "customer": people.ids[months.place[starts]],
        "months": np.diff(starts, append=len(months.place)),
        "month": months.month,
        **months.sales,
        "without_cost": months.without_cost,
        "orders": months.orders,
        "order_days": months.order_days,
        "first": np.where(months.first_day == NO_DAY, 0, months.first_day - begin + 1),
        "last": np.where(months.last_day == NO_DAY, 0, months.last_day - begin + 1),
        **{QUANTITY + code: values for code, values in zip(drivers, months.quantities, strict=True)},
    }
    write_values(partition.table, [(partition.value, f"months {number}", packed(columns))])


def take_up(run_id: int, slices: int, people: People, changed: Whole, drivers: Sequence[str]) -> Kept:
    """The months that a full run laid aside, but for those of customers who changed since."""
    chunks = []
    for number in range(slices):
        columns = unpacked(_part(run_id, f"months {number}"))
        months = columns.pop("months").astype(np.int64)
        ids = columns.pop("customer").astype(np.int64)
        same = ~np.isin(ids, changed)
        place = people.places(ids[same])
        if not np.array_equal(people.ids[place], ids[same]):
            raise Gone
        rows = np.repeat(same, months)
        of_rows = columns if same.all() else {name: column[rows] for name, column in columns.items()}
        chunks.append({**of_rows, "place": np.repeat(place.astype(np.int32), months[same])})
    if any(set(chunk) != set(_names(drivers)) for chunk in chunks):
        raise Gone
    return Kept(chunks)


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


def unpacked(data: bytes) -> Table:
    """The columns that were packed, some still in small types."""
    length = int.from_bytes(data[:4], "big")
    at = 4 + length
    columns: Table = {}

    def taken(kind: Any, count: int) -> Any:
        nonlocal at
        values = np.frombuffer(data, kind, count, at)
        at += values.nbytes
        return values

    for name, kind, count, filled, unit in json.loads(data[4:at]):
        if filled is None:
            values = taken(kind, count)
        else:
            places = taken(np.uint32, filled)
            values = np.zeros(count, kind)
            values[places] = taken(kind, filled)
        columns[name] = values.astype(np.int64) * unit if unit > 1 else values
    return columns


def merged(old: Months, new: Months) -> Months:
    """The months of customers who stayed as they were, and of those who changed, by customer and month."""
    if not len(new.place):
        return old
    at = np.searchsorted(old.place, new.place)

    def both(one: Whole, other: Whole) -> Whole:
        return np.insert(one, at, other)

    return Months(
        place=both(old.place, new.place),
        month=both(old.month, new.month),
        sales={name: both(old.sales[name], new.sales[name]) for name in SALES},
        without_cost=both(old.without_cost, new.without_cost),
        orders=both(old.orders, new.orders),
        order_days=both(old.order_days, new.order_days),
        first_day=both(old.first_day, new.first_day),
        last_day=both(old.last_day, new.last_day),
        quantities=[both(one, other) for one, other in zip(old.quantities, new.quantities, strict=True)],
    )


def _names(drivers: Sequence[str]) -> list[str]:
    quantities = (QUANTITY + code for code in drivers)
    return ["place", "month", *SALES, "without_cost", "orders", "order_days", "first", "last", *quantities]


def _part(run_id: int, part: str) -> bytes:
    partition = rows_of(run_id).laid_aside
    if partition not in partitions_of(LAID_ASIDE):
        raise Gone
    found = read_value(f"SELECT data FROM {partition.table} WHERE part = %(part)s", {"part": part})
    if found is None:
        raise Gone
    return found
