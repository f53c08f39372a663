"""Records on their way into memory: read once, in any order, and laid aside by slices of customers.

However many rows there are, only one slice of customers is in memory at a time: the others wait in temporary files.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, SMALLINT, read, read_all
from customers.models import Customer
from profitability.models.figures import ANONYMOUS

Rows = NDArray[Any]

SLICE = 200_000  # customers
# How columns begin that hold the quantities of drivers, whose codes are nobody else's names.
QUANTITY = "q_"
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
    """Rows of one kind, laid aside by slice."""

    layout: np.dtype[Any]
    _files: dict[int, IO[bytes]] = field(default_factory=dict)

    def add(self, rows: Rows) -> None:
        """Lay rows aside; their field `place` says in which slice."""
        number = rows["place"] // SLICE
        for one in np.unique(number).tolist():
            part = rows if len(rows) and (number == one).all() else rows[number == one]
            self._file(one).write(np.ascontiguousarray(part).tobytes())

    def take(self, number: int) -> Rows:
        """The rows of a slice, which are then gone from here."""
        file = self._files.pop(number, None)
        if file is None:
            return np.empty(0, self.layout)
        with file:
            file.seek(0)
            return np.frombuffer(file.read(), self.layout)

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            self._files[number] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is taken
        return self._files[number]


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a source is asked for: SQL, and the names of the whole numbers that it answers."""

    rows: str
    customer: str
    day: str
    measures: Mapping[str, str]  # bigint
    settings: Sequence[str] = ()  # of the database, for this query

    def spool(self, people: People, *, as_of: int) -> Spool:
        """Read everything up to the day `as_of` (days since 1970), and lay it aside by slice (1 query)."""
        names = list(self.measures)
        layout = np.dtype([("place", "=i8"), ("day", "=i4"), *((name, "=i8") for name in names)])
        spool = Spool(layout)

        def take(chunk: Rows) -> None:
            known = chunk[chunk["day"] <= as_of - DAY_ZERO]
            rows = np.empty(len(known), layout)
            rows["place"] = people.places(known["customer"])
            rows["day"] = known["day"] + DAY_ZERO
            for name in names:
                rows[name] = known[name]
            spool.add(rows)

        measures = "".join(f", ({sql})::bigint AS {name}" for name, sql in self.measures.items())
        query = f"SELECT coalesce({self.customer}, {ANONYMOUS})::bigint AS customer, {self.day} AS day{measures}"
        columns = {"customer": BIGINT, "day": DATE, **dict.fromkeys(names, BIGINT)}
        with connection.cursor() as cursor:
            for setting in self.settings:
                cursor.execute(f"SET LOCAL {setting}")
            read(f"{query} FROM {self.rows}", {}, columns, take)
            for setting in self.settings:
                cursor.execute(f"SET LOCAL {setting.partition(' ')[0]} TO DEFAULT")
        return spool
