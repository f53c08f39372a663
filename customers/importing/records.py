"""Lines of a text into records: the cells of a row, or what is wrong with it."""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from customers.importing.source import LONGEST_CELL, LONGEST_SHOWN, TOO_LONG, Lines


class Record(NamedTuple):
    """The cells of one row and the line that it begins in; or also why it cannot be taken, and what stands where."""

    line: int
    cells: list[str]
    reason: str = ""
    place: int | None = None
    value: str = ""


def records(lines: Lines, delimiter: str, width: int = 0) -> Iterator[Record]:
    """The rows of a text, blank lines left out; those without `width` cells are given with the reason.

    A quotation mark that is never closed costs its own row only: the lines that it swallowed are read again. One that
    is closed in the middle of a cell would join rows without a word; reading strictly, it is told instead.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line, lines.suspect = lines.begin(), False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _unreadable(lines, line, delimiter)
            lines.give_back_all_but_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if not cells:
            continue
        fault = _look_closer(cells, line) if lines.suspect or lines.spans_lines else None
        if width and len(cells) != width and lines.spans_lines:
            yield fault or _unreadable(lines, line, delimiter)
            lines.give_back_all_but_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        elif width and len(cells) != width:
            yield fault or wrong_count(cells, line, width)
        else:
            yield fault or Record(line, cells)


def blank_separated(lines: Lines, width: int = 0) -> Iterator[Record]:
    """The rows of a text whose columns are separated by blanks."""
    while True:
        line, lines.suspect = lines.begin(), False
        text = next(lines, None)
        if text is None:
            return
        if cells := text.split():
            fault = _look_closer(cells, line) if lines.suspect else None
            if fault is None and width and len(cells) != width:
                fault = wrong_count(cells, line, width)
            yield fault or Record(line, cells)


def wrong_count(cells: list[str], line: int, width: int) -> Record:
    """A row with too few or too many columns: named is the first that is missing, or the last."""
    return Record(line, cells, "wrong_column_count", min(len(cells), width - 1), str(len(cells)))


def _unreadable(lines: Lines, line: int, delimiter: str) -> Record:
    """A row that the reader of records gave up: a cell beyond all bounds, or a quotation mark that swallowed lines."""
    parts = lines.first_of_record.split(delimiter)
    place = max(range(len(parts)), key=lambda index: len(parts[index]))
    if not lines.spans_lines and len(parts[place]) > LONGEST_CELL:
        return Record(line, parts, "cell_too_long", place, parts[place][:LONGEST_SHOWN])
    opened = (index for index, part in enumerate(parts) if part.lstrip().startswith('"') and part.count('"') % 2)
    place = next(opened, place)
    return Record(line, parts, "open_quote", place, parts[place][:LONGEST_SHOWN].rstrip())


def _look_closer(cells: list[str], line: int) -> Record | None:
    for place, cell in enumerate(cells):
        if TOO_LONG[:-1] in cell:
            return Record(line, cells, "cell_too_long")
        if reason := fault_of_cell(cell):
            return Record(line, cells, reason, place, cell[:LONGEST_SHOWN])
    return None


def fault_of_cell(cell: str) -> str:
    """What is wrong with a cell whatever its column, or nothing."""
    if len(cell) > LONGEST_CELL:
        return "cell_too_long"
    return "nul_character" if "\0" in cell else ""
