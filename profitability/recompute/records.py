"""Records on their way into memory: read once, in any order, and laid aside by slices of customers.

However many rows there are, only one slice of customers is in memory at a time: the others wait in temporary files.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, SMALLINT, Table, read, read_all
from customers.models import Customer
from profitability.models.figures import ANONYMOUS

SLICE = 200_000  # customers
# How columns begin that hold the quantities of drivers, whose codes are nobody else's names.
QUANTITY = "q_"
WHOLE = np.dtype(np.int64).itemsize
KINDS = tuple(Customer.Kind.values)
# Ids that lie close together are looked up in a table, others by bisection, which takes ten times longer.
LOOSEST_TABLE = 8


@dataclass(frozen=True)
class People:
    """Every customer there is, by ascending id, after the place of anonymous sales."""

    ids: NDArray[np.int64]  # the first is ANONYMOUS
    kinds: NDArray[np.int16]  # place in KINDS
    table: NDArray[np.int32] | None = None  # place of each id up to the highest

    @property
    def slices(self) -> int:
        return -(-len(self.ids) // SLICE)

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where customers stand in `ids`; all of them must."""
        if self.table is not None:
            return self.table[ids].astype(np.int64)
        return np.searchsorted(self.ids, ids)

    def slice(self, number: int) -> slice:
        """The places of one slice."""
        return slice(number * SLICE, min((number + 1) * SLICE, len(self.ids)))


def read_people() -> People:
    """All customers as the transaction sees them (1 query)."""
    kinds = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(KINDS))
    query = f"SELECT id, (CASE kind {kinds} ELSE 0 END)::smallint AS kind FROM customers_customer ORDER BY id"
    rows = read_all(query, {}, {"id": BIGINT, "kind": SMALLINT})
    ids = np.concatenate([[ANONYMOUS], rows["id"]])
    kinds_of = np.concatenate([[0], rows["kind"]]).astype(np.int16)
    if ids[-1] > LOOSEST_TABLE * len(ids) + 1024:
        return People(ids, kinds_of)
    table = np.zeros(ids[-1] + 1, np.int32)
    table[ids] = np.arange(len(ids))
    return People(ids, kinds_of, table)


@dataclass
class Spool:
    """Rows of whole numbers, laid aside by slice: in each file, block after block, column after column."""

    names: Sequence[str]  # of the columns; the first is `place`
    _files: dict[int, IO[bytes]] = field(default_factory=dict)
    _blocks: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))  # rows in each

    def add(self, rows: Table) -> None:
        """Lay rows aside; their column `place` says in which slice."""
        number = rows["place"] // SLICE
        order = np.argsort(number, kind="stable")
        sorted_rows = np.stack([rows[name][order] for name in self.names])
        numbers, starts = np.unique(number[order], return_index=True)
        for one, start, stop in zip(numbers.tolist(), starts, np.append(starts[1:], len(order)), strict=False):
            self._file(one).write(np.ascontiguousarray(sorted_rows[:, start:stop]).data)
            self._blocks[one].append(int(stop - start))

    def read(self, number: int, names: Sequence[str] = ()) -> Table:
        """The rows of a slice, all columns or these; several threads may read at a time."""
        wanted = names or self.names
        columns: dict[str, list[NDArray[np.int64]]] = {name: [np.empty(0, np.int64)] for name in wanted}
        start = 0
        for count in self._blocks.get(number, ()):
            for name in wanted:
                place = start + self.names.index(name) * count * WHOLE
                data = os.pread(self._files[number].fileno(), count * WHOLE, place)
                columns[name].append(np.frombuffer(data, np.int64))
            start += count * WHOLE * len(self.names)
        return {name: np.concatenate(parts) for name, parts in columns.items()}

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


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a source is asked for: SQL, and the names of the whole numbers that it answers."""

    rows: str
    customer: str
    day: str
    measures: Mapping[str, str]  # bigint
    where: str = ""  # which of the rows; empty: all
    settings: Sequence[str] = ()  # of the database, for this query

    def spool(self, people: People, *, as_of: int) -> Spool:
        """Read everything up to the day `as_of` (days since 1970), and lay it aside by slice (1 query)."""
        spool = Spool(["place", "day", *self.measures])

        def take(rows: Table) -> None:
            rows["day"] = rows["day"].astype(np.int64) + DAY_ZERO
            if len(rows["day"]) and rows["day"].max() > as_of:
                known = rows["day"] <= as_of
                rows = {name: values[known] for name, values in rows.items()}
            spool.add({**rows, "place": people.places(rows["customer"])})

        measures = "".join(f", ({sql})::bigint AS {name}" for name, sql in self.measures.items())
        query = f"SELECT coalesce({self.customer}, {ANONYMOUS})::bigint AS customer, {self.day} AS day{measures}"
        columns = {"customer": BIGINT, "day": DATE, **dict.fromkeys(self.measures, BIGINT)}
        with connection.cursor() as cursor:
            for setting in self.settings:
                cursor.execute(f"SET LOCAL {setting}")
            read(f"{query} FROM {self.rows}" + (f" WHERE {self.where}" if self.where else ""), {}, columns, take)
            for setting in self.settings:
                cursor.execute(f"SET LOCAL {setting.partition(' ')[0]} TO DEFAULT")
        return spool
