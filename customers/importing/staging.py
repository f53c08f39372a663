"""Rows of a file into a temporary table: converted one by one, copied by the chunk, never all in memory."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import connection

from customers.importing.cells import Cells, Convert, Unusable
from customers.importing.reading import Reading
from customers.importing.records import Record, fault_of_cell
from customers.importing.source import LONGEST_CELL, LONGEST_SHOWN
from customers.importing.workbook import ERRORS, SPREADSHEET_ERROR

# Characters.
CHUNK = 4_000_000
# Cells of a rejected row beyond those of the header that are kept to be mended.
MOST_SURPLUS = 20
# Reasons of records that concern some of their cells alone.
OF_ONE_CELL = {"cell_too_long", "nul_character", SPREADSHEET_ERROR}
Values = list[str | None]


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
    now: dt.datetime
    shift: dt.timedelta = dt.timedelta()


@dataclass(frozen=True)
class Source:
    """A column of the staging table or of what is computed for it: the field of the file, and what its texts become."""

    name: str
    field: str
    convert: Convert


@dataclass(frozen=True)
class Plan:
    """What the rows of one file become in the staging table."""

    # Makes the table `import_row`.
    staging: str
    sources: tuple[Source, ...]
    # The columns that are written, and how they come out of the converted cells.
    written: tuple[str, ...]
    finish: Callable[[Values], Values]
    # The columns by which rows are compared with each other and with what is here: the planner is told of these alone.
    compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    """A source in this file: where its texts stand in a record."""

    name: str
    field: str
    place: int
    cells: Cells
    header: str


# A cell that cannot be taken: its column, what stands there, and why not.
_Fault = tuple[str, str, str]


def _fault(column: str, value: str, reason: str) -> _Fault:
    return visible(column)[:80], visible(value)[:200], reason


class Rows:
    """The rows of one file as lines of COPY."""

    def __init__(self, reading: Reading, plan: Plan) -> None:
        self._reading = reading
        guarded = not reading.text.is_workbook
        self._columns = [
            _Column(
                source.name,
                source.field,
                reading.columns[source.field],
                Cells(source.convert, guarded=guarded),
                reading.column_name(source.field),
            )
            for source in plan.sources
        ]
        self._plan = [(column.place, column.cells) for column in self._columns]
        self._finish = plan.finish
        self._width = len(plan.written)
        names = ", ".join(f'"{name}"' for name in plan.written)
        self.copy = f'COPY import_row (line, {names}, reason, "column", value, further, unread) FROM STDIN (FORMAT csv)'

    def staged(self, record: Record) -> list[Any]:
        """A row of the staging table: converted, or with every reason why not."""
        if record.reason:
            return self._damaged(record)
        row = record.cells
        try:
            values = self._finish([cells[row[place]] for place, cells in self._plan])
        except Unusable:
            return self._explained(record)
        return [record.line, *values, None, None, None, None, None]

    def _header(self, place: int | None) -> str:
        """What the file calls the column at a place."""
        if place is None:
            return ""
        if place < len(self._reading.header):
            return self._reading.header[place] or str(place + 1)
        return next((name for name, at in self._reading.columns.items() if at == place), str(place + 1))

    def _damaged(self, record: Record) -> list[Any]:
        """A row that the reader of records gave up. Where only some cells of it are damaged, the others are read."""
        if record.reason in OF_ONE_CELL and record.place is not None and len(record.cells) == self._reading.width:
            return self._explained(record)
        fault = _fault(self._header(record.place), record.value, record.reason)
        return [record.line, *[None] * self._width, fault[2], *fault[:2], None, None]

    def _explained(self, record: Record) -> list[Any]:
        """A row with all the cells that cannot be taken; what can be read of it is checked further in the database."""
        faults = self._damaged_cells(record)
        values: Values = []
        for column in self._columns:
            value = None
            if column.place not in faults:
                try:
                    value = column.cells[record.cells[column.place]]
                except Unusable as fault:
                    faults[column.place] = _fault(column.header, record.cells[column.place], str(fault))
            values.append(value)
        unread = {column.field for column in self._columns if column.place in faults}
        values = [
            None if column.field in unread else value for column, value in zip(self._columns, values, strict=True)
        ]
        first, *others = (faults[place] for place in sorted(faults))
        further = json.dumps(others, ensure_ascii=False) if others else None
        return [record.line, *self._finish(values), first[2], *first[:2], further, "{" + ",".join(sorted(unread)) + "}"]

    def _damaged_cells(self, record: Record) -> dict[int, _Fault]:
        """The cells that hold what no column may hold, by their place; most rows were looked through already."""
        if record.place is None:
            return {}
        reasons = {place: fault_of_cell(cell) for place, cell in enumerate(record.cells)}
        if record.reason == SPREADSHEET_ERROR:
            reasons |= {place: SPREADSHEET_ERROR for place, cell in enumerate(record.cells) if cell in ERRORS}
        reasons[record.place] = record.reason
        shown = ((place, record.cells[place][:LONGEST_SHOWN], reason) for place, reason in reasons.items() if reason)
        return {place: _fault(self._header(place), value, reason) for place, value, reason in shown}


def visible(text: str) -> str:
    """A text that the database can hold: a sign in the place of NUL."""
    return text.replace("\0", "␀")


def load(cursor: Any, reading: Reading, plan: Plan, watch: Watch, *, most: int | None = None) -> None:
    """Copy the rows of a file into the staging table, or the first of them."""
    cursor.execute(plan.staging)
    rows = Rows(reading, plan)
    total = max(reading.text.lines, 1)
    with reading.rows() as records:
        for text, line in _chunks(rows.staged, islice(records, most)):
            cursor.copy_expert(rows.copy, text)
            watch.progress(min(line, total), total, "read")
            watch.check_stop()
    compared = ", ".join(f'"{name}"' for name in ("line", "reason", *plan.compared))
    cursor.execute(f"ANALYZE import_row ({compared})")


def load_cells(cursor: Any, reading: Reading, rejected: str, values: dict[str, Any]) -> None:
    """Read the file once more and copy the cells of rejected rows into the table `import_cells`.

    `rejected` selects their lines in order. Most files have few of them: keeping the cells of all rows would cost more.
    """
    cursor.execute("CREATE TEMPORARY TABLE import_cells (line integer, cells jsonb) ON COMMIT DROP")
    with connection.chunked_cursor() as lines, reading.rows() as records:
        lines.execute(rejected, values)
        wanted = (record for record in _among(records, (line for (line,) in lines)))
        for text, _line in _chunks(lambda record: _mendable(record, reading.width), wanted):
            cursor.copy_expert("COPY import_cells FROM STDIN (FORMAT csv)", text)


def _among(records: Iterator[Record], lines: Iterator[int]) -> Iterator[Record]:
    """The records that begin in these lines; both come in order."""
    line = next(lines, None)
    while line is not None:
        record = next(records)
        if record.line == line:
            yield record
            line = next(lines, None)


def _mendable(record: Record, width: int) -> list[Any]:
    """A rejected row as it stood in the file, within bounds."""
    cells = [visible(cell[: LONGEST_CELL + 1]) for cell in record.cells[: width + MOST_SURPLUS]]
    return [record.line, json.dumps(cells, ensure_ascii=False)]


def _chunks(staged: Callable[[Record], list[Any]], records: Iterator[Record]) -> Iterator[tuple[io.StringIO, int]]:
    """Lines of COPY by the chunk, each with the line of the file that it reaches."""
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    line = 0
    for record in records:
        write(staged(record))
        if buffer.tell() > CHUNK:
            line = record.line
            buffer.seek(0)
            yield buffer, line
            buffer.seek(0)
            buffer.truncate()
    buffer.seek(0)
    yield buffer, line
