"""Records on their way into memory: read once, in any order, and laid aside by slices of customers.

However many rows there are, only one slice of customers is in memory at a time: the others wait in temporary files.
"""

import os
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import SEEK_END
from itertools import pairwise
from typing import IO, Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, INTEGER, SMALLINT, Table, read_columns
from customers.models import Customer
from profitability.models.figures import ANONYMOUS

SLICE = 200_000  # customers
# Rows of a table that are read at a time, by number: as columns they take some megabytes.
PART = 250_000
# How columns begin that hold the quantities of drivers, whose codes are nobody else's names.
QUANTITY = "q_"
KINDS_OF_NUMBERS = ("i1", "i2", "i4", "i8")
KINDS = tuple(Customer.Kind.values)
# Ids that lie close together are looked up in a table, others by bisection, which takes ten times longer.
LOOSEST_TABLE = 8


def slices_of(places: int) -> int:
    """How many slices of customers there are."""
    return -(-places // SLICE)


def slice_of(number: int, places: int) -> slice:
    """The places of one slice."""
    return slice(number * SLICE, min((number + 1) * SLICE, places))


@dataclass(frozen=True)
class People:
    """Every customer there is, or every one who is looked at, by ascending id, after the place of anonymous sales."""

    ids: NDArray[np.int64]  # the first is ANONYMOUS
    kinds: NDArray[np.int16]  # place in KINDS
    table: NDArray[np.int32] | None = None  # place of each id up to the highest

    @property
    def slices(self) -> int:
        return slices_of(len(self.ids))

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where customers stand in `ids`; all of them must."""
        if self.table is not None:
            return self.table[ids].astype(np.int64)
        return np.searchsorted(self.ids, ids)

    def slice(self, number: int) -> slice:
        """The places of one slice."""
        return slice_of(number, len(self.ids))


def read_people(among: NDArray[np.int64] | None = None) -> People:
    """All customers as the transaction sees them, or those of these numbers (1 query)."""
    kinds = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(KINDS))
    some = "" if among is None else "WHERE id = ANY(%(among)s)"
    query = f"SELECT id, (CASE kind {kinds} ELSE 0 END)::smallint AS kind FROM customers_customer {some}"
    given = {} if among is None else {"among": among.tolist()}
    rows = read_columns(query, given, {"id": BIGINT, "kind": SMALLINT})
    order = np.argsort(rows["id"], kind="stable")  # they lie nearly so, of which this makes use
    ids = np.concatenate([[ANONYMOUS], rows["id"][order]])
    kinds_of = np.concatenate([[0], rows["kind"][order]]).astype(np.int16)
    if ids[-1] > LOOSEST_TABLE * len(ids) + 1024:
        return People(ids, kinds_of)
    table = np.zeros(ids[-1] + 1, np.int32)
    table[ids] = np.arange(len(ids))
    return People(ids, kinds_of, table)


@dataclass(frozen=True)
class Block:
    """Rows of one slice in its file: column after column, each in the smallest type that holds it."""

    rows: int
    columns: Mapping[str, tuple[int, str]]  # where it begins, and its type; not there where it is zeros


@dataclass
class Spool:
    """Rows of whole numbers, laid aside by slice; several threads may lay aside and read at a time."""

    names: Sequence[str]  # of the columns, `place` among them
    _files: dict[int, IO[bytes]] = field(default_factory=dict)
    _blocks: dict[int, list[Block]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rows: Table) -> None:
        """Lay rows aside; their column `place` says in which slice."""
        if not len(rows["place"]):
            return
        # Numbers of sixteen bits are sorted by counting them; so many slices do not fit into any memory.
        slices = (rows["place"] // SLICE).astype(np.uint16)
        first, last = int(slices.min()), int(slices.max())
        if first < last:
            order = np.argsort(slices, kind="stable")
            slices, rows = slices[order], {name: rows[name][order] for name in self.names}
        edges = np.searchsorted(slices, np.arange(first, last + 2)).tolist()
        for number, (start, stop) in enumerate(pairwise(edges), start=first):
            self._add(number, {name: rows[name][start:stop] for name in self.names})

    def _add(self, number: int, rows: Table) -> None:
        small = {name: smallest(rows[name]) for name in self.names}
        some = {name: column for name, column in small.items() if column.any()}
        with self._lock:
            file = self._file(number)
            at, columns = file.seek(0, SEEK_END), {}
            for name, column in some.items():
                columns[name] = (at, column.dtype.str)
                at += column.nbytes
            file.write(b"".join(column.data for column in some.values()))
            self._blocks[number].append(Block(len(rows["place"]), columns))

    def read(self, number: int, names: Sequence[str] = ()) -> Table:
        """The rows of a slice, all columns or these."""
        return {name: self._column(number, name) for name in names or self.names}

    def _column(self, number: int, name: str) -> NDArray[np.int64]:
        blocks = self._blocks.get(number, [])
        values = np.zeros(sum(block.rows for block in blocks), np.int64)
        start = 0
        for block in blocks:
            if name in block.columns:
                at, kind = block.columns[name]
                data = os.pread(self._files[number].fileno(), block.rows * np.dtype(kind).itemsize, at)
                values[start : start + block.rows] = np.frombuffer(data, kind)
            start += block.rows
        return values

    def take(self, number: int) -> Table:
        """The rows of a slice, which are then gone from here."""
        rows = self.read(number)
        if number in self._files:
            self._files.pop(number).close()
            del self._blocks[number]
        return rows

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            self._files[number] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed when it is taken
        return self._files[number]


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers in the smallest type that holds them."""
    return values.astype(smallest_kind(values))


def smallest_kind(values: NDArray[Any]) -> str:
    """That type."""
    least, most = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    return next(kind for kind in KINDS_OF_NUMBERS if np.iinfo(kind).min <= least and most <= np.iinfo(kind).max)


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a source is asked for: SQL, and the names of the whole numbers that it answers."""

    rows: str
    customer: str
    day: str
    measures: Mapping[str, str]  # bigint
    where: str = ""  # which of the rows; empty: all

    def spool(self) -> Spool:
        """Where they are laid aside."""
        return Spool(["place", "day", *self.measures])

    def lay_aside(self, spool: Spool, people: People, *, as_of: int) -> int:
        """Read everything up to the day `as_of` (days since 1970), by slice of customers; how many rows (1 query)."""
        measures = "".join(f", ({sql})::bigint AS {name}" for name, sql in self.measures.items())
        query = (
            f"SELECT coalesce({self.customer}, {ANONYMOUS})::bigint AS customer, "
            f"({self.day} - DATE '1970-01-01') AS day{measures} FROM {self.rows}"
        )
        columns = {"customer": BIGINT, "day": INTEGER, **dict.fromkeys(self.measures, BIGINT)}
        rows = read_columns(query + (f" WHERE {self.where}" if self.where else ""), {}, columns)
        return lay_aside(rows, spool, people, as_of=as_of)


def lay_aside(rows: Table, spool: Spool, people: People, *, as_of: int) -> int:
    """Lay rows aside that have a `customer` and a `day`, up to the day `as_of`; how many."""
    if len(rows["day"]) and rows["day"].max() > as_of:
        known = rows["day"] <= as_of
        rows = {name: values[known] for name, values in rows.items()}
    spool.add({**rows, "place": people.places(rows["customer"])})
    return len(rows["day"])


def parts_of(table: str) -> list[tuple[int, int]]:
    """First and last number of each part of a table; a part where it is empty (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM {table}")
        first, last = cursor.fetchone()
    return [(start, min(start + PART - 1, last)) for start in range(first, last + 1, PART)]
