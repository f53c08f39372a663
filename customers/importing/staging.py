"""Rows of a file into a temporary table: converted one by one, copied by the chunk, never all in memory."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from customers.importing.cells import Cells, Convert, Unusable, converters
from customers.importing.reading import Reading
from customers.importing.source import Record
from customers.importing.statements import STAGING

# Characters.
CHUNK = 4_000_000
# Columns that come out of one cell of another field.
_DERIVED = {"day": "date", "moment": "date", "kind": "sku"}
# ... and those that do where the file has no column for them.
_STAND_INS = {"sku": "product", "quantity": "amount"}


class Watch(Protocol):
    """Who looks on while a file is read: a background job, or a command line."""

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Hear how far the work is."""

    def check_stop(self) -> None:
        """End the work by an exception."""

    def hold(self) -> None:
        """End the work by an exception if its result must not be written any more."""


class Unwatched:
    """Nobody looks on."""

    def progress(self, done: int, total: int, stage: str = "") -> None:
        pass

    def check_stop(self) -> None:
        pass

    def hold(self) -> None:
        pass


@dataclass(frozen=True)
class Terms:
    """What the rows of a file are read against."""

    house: str
    zone: ZoneInfo
    today: dt.date
    shift: dt.timedelta = dt.timedelta()


@dataclass(frozen=True)
class _Column:
    """A column of the staging table: where its texts stand in a record, and what they become."""

    name: str
    place: int
    cells: Cells
    header: str


class Rows:
    """The rows of one file as lines of COPY."""

    def __init__(self, reading: Reading, terms: Terms) -> None:
        self._reading = reading
        mapping = reading.mapping
        convert: dict[str, Convert] = converters(
            dates=mapping.dates,
            decimal=mapping.decimal,
            zone=terms.zone,
            house=terms.house,
            today=terms.today,
            shift=terms.shift,
        )
        convert["kind"] = reading.layout.kind_of
        fields = {name: _DERIVED.get(name, name) for name in convert}
        for name, other in _STAND_INS.items():
            if name not in reading.columns:
                fields[name], convert[name] = other, convert[f"{name}_from_{other}"]
        self._columns = [
            _Column(name, reading.columns[field], Cells(convert[name]), reading.column_name(field))
            for name, field in fields.items()
            if field in reading.columns
        ]
        self._plan = [(column.place, column.cells) for column in self._columns]
        names = [column.name for column in self._columns]
        self._order = names.index("order") if "order" in names else None
        self._customer, self._day = names.index("customer"), names.index("day")
        self._prefix = reading.layout.prefix
        self.copy = (
            "COPY import_row (line, "
            + ", ".join(f'"{name}"' for name in names)
            + ("" if "order" in names else ', "order"')
            + ', reason, "column", value) FROM STDIN (FORMAT csv)'
        )

    def staged(self, record: Record) -> list[Any]:
        """A row of the staging table: converted, or with the reason why not."""
        if record.reason:
            return self._rejected(record, record.reason, self._header(record.place), record.value)
        row = record.cells
        try:
            values = [cells[row[place]] for place, cells in self._plan]
        except Unusable:
            return self._explained(record)
        if self._order is None:
            day = str(values[self._day]).replace("-", "")
            values.append(f"{self._prefix}-{values[self._customer] or 'anonymous'}-{day}")
        return [record.line, *values, None, None, None]

    def _header(self, place: int | None) -> str:
        """What the file calls the column at a place."""
        if place is None:
            return ""
        if place < len(self._reading.header):
            return self._reading.header[place] or str(place + 1)
        return next((name for name, at in self._reading.columns.items() if at == place), str(place + 1))

    def _explained(self, record: Record) -> list[Any]:
        for column in self._columns:
            text = record.cells[column.place]
            try:
                column.cells[text]
            except Unusable as fault:
                return self._rejected(record, str(fault), column.header, text)
        raise AssertionError("a row that was unusable has become usable")

    def _rejected(self, record: Record, reason: str, column: str, value: str) -> list[Any]:
        """Keeps the order's number where it can be read: the order will be known to be incomplete."""
        values: list[str | None] = [None] * (len(self._columns) + (self._order is None))
        if self._order is not None and not record.reason:
            order = self._columns[self._order]
            with suppress(Unusable):
                values[self._order] = order.cells[record.cells[order.place]]
        return [record.line, *values, reason, column[:80], value.replace("\0", "␀")[:200]]


def load(cursor: Any, reading: Reading, terms: Terms, watch: Watch) -> None:
    """Copy the rows of a file into the staging table."""
    cursor.execute(STAGING)
    rows = Rows(reading, terms)
    total = max(reading.text.lines, 1)
    with reading.rows() as records:
        for text, line in _chunks(rows, records):
            cursor.copy_expert(rows.copy, text)
            watch.progress(min(line, total), total, "read")
            watch.check_stop()
    cursor.execute("ANALYZE import_row")


def _chunks(rows: Rows, records: Iterator[Record]) -> Iterator[tuple[io.StringIO, int]]:
    """Lines of COPY by the chunk, each with the line of the file that it reaches."""
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    line = 0
    for record in records:
        write(rows.staged(record))
        if buffer.tell() > CHUNK:
            line = record.line
            buffer.seek(0)
            yield buffer, line
            buffer.seek(0)
            buffer.truncate()
    buffer.seek(0)
    yield buffer, line
