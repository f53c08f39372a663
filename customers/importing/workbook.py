"""Workbooks (XLSX) as rows of texts: read as a stream, so that memory does not grow with them.

A workbook is a packed folder of XML. Its first visible sheet is read from front to back; the texts that cells share are
laid out in a temporary file. What a cell shows is given as text: days and times by ISO 8601, numbers with a point.
"""

import datetime as dt
import mmap
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from customers.importing.problems import ImportProblem
from customers.importing.records import Record, fault_of_cell, wrong_count
from customers.importing.source import LONGEST_FILE, LONGEST_SHOWN
from customers.importing.workbook_xml import Refused, Row, SheetReader, TextReader, parsed

# Of the small parts of a workbook, and of the texts that its cells share.
LARGEST_PART = 32 << 20
REMEMBERED = 50_000
SPREADSHEET_ERROR = "spreadsheet_error"
# What cells show in place of a value.
ERRORS = frozenset(["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"])
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
# Formats that every workbook knows by number and that show a day or a time.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError, OverflowError, RuntimeError,
    ExpatError, ElementTree.ParseError, Refused,
)  # fmt: skip


@dataclass(frozen=True)
class Book:
    """The parts of a workbook that say how its cells are to be read."""

    sheet: str
    # Which of the styles of cells show days or times.
    dated: frozenset[int]
    first_day: dt.datetime
    texts: Callable[[int], str]


@contextmanager
def workbook_rows(path: Path) -> Iterator[Iterator[Row]]:
    """The rows of the first visible sheet that have any content."""
    with ExitStack() as stack:
        with _refusing():
            archive = stack.enter_context(zipfile.ZipFile(path))
            book = _open(archive, stack.enter_context(tempfile.TemporaryFile()))
            stream = stack.enter_context(archive.open(book.sheet))
        yield _watched(stream, SheetReader(book.texts, book.dated, book.first_day))


def _watched(stream: IO[bytes], reader: SheetReader) -> Iterator[Row]:
    with _refusing():
        yield from parsed(stream, reader)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is wrong inside a workbook, it is refused as a whole."""
    try:
        yield
    except FileNotFoundError as fault:
        raise ImportProblem("not_found", path=str(fault.filename)) from None
    except _DAMAGE:
        raise ImportProblem("spreadsheet") from None


def workbook_records(rows: Iterator[Row], width: int) -> Iterator[Record]:
    """The rows as records of so many cells; empty cells at the end of a row are as good as none."""
    for number, cells, faulty in rows:
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width:
            yield wrong_count(cells, number, width)
            continue
        cells += [""] * (width - len(cells))
        yield _fault(number, cells, faulty) or Record(number, cells)


def _fault(number: int, cells: list[str], faulty: bool) -> Record | None:
    if faulty:
        place = next(place for place, cell in enumerate(cells) if cell[:1] == "#")
        return Record(number, cells, SPREADSHEET_ERROR, place, cells[place])
    for place, cell in enumerate(cells):
        if reason := fault_of_cell(cell):
            return Record(number, cells, reason, place, cell[:LONGEST_SHOWN])
    return None


def height(path: Path) -> int:
    """About how many rows there are, as far as the sheet's own head tells; 0 when it does not."""
    with _refusing(), zipfile.ZipFile(path) as archive, archive.open(_sheet(archive)) as stream:
        found = re.search(rb'<dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"', stream.read(4096))
        return int(found[1]) if found else 0


# --- The small parts --------------------------------------------------------------------------------------------------


def _open(archive: zipfile.ZipFile, shelf: IO[bytes]) -> Book:
    root = _part(archive, "xl/workbook.xml")
    properties = root.find(f"{_MAIN}workbookPr")
    since_1904 = properties is not None and properties.get("date1904") in {"1", "true"}
    return Book(
        sheet=_sheet(archive),
        dated=_dated(archive),
        # The first spreadsheet programs took 1900 for a leap year; days are counted as if it had been one.
        first_day=dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30),
        texts=_shared_texts(archive, shelf),
    )


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with archive.open(name) as stream:
        text = stream.read(LARGEST_PART + 1)
    if len(text) > LARGEST_PART or b"<!DOCTYPE" in text:
        raise Refused
    return ElementTree.fromstring(text)


def _sheet(archive: zipfile.ZipFile) -> str:
    """The path of the first sheet that people see."""
    sheets = _part(archive, "xl/workbook.xml").findall(f"{_MAIN}sheets/{_MAIN}sheet")
    shown = [sheet for sheet in sheets if sheet.get("state", "visible") == "visible"]
    wanted = (shown or sheets)[0].get(_RELATION)
    for relation in _part(archive, "xl/_rels/workbook.xml.rels"):
        if relation.get("Id") == wanted:
            target = relation.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise Refused


def _dated(archive: zipfile.ZipFile) -> frozenset[int]:
    """The styles whose numbers are days or times."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    root = _part(archive, "xl/styles.xml")
    own = {
        int(form.get("numFmtId", 0))
        for form in root.findall(f"{_MAIN}numFmts/{_MAIN}numFmt")
        if re.search("[dmyhs]", _LITERAL.sub("", form.get("formatCode", "")), re.IGNORECASE)
    }
    others = {int(form.get("numFmtId", 0)) for form in root.findall(f"{_MAIN}numFmts/{_MAIN}numFmt")} - own
    dates = (_DATE_FORMATS | own) - others
    styles = root.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    return frozenset(place for place, style in enumerate(styles) if int(style.get("numFmtId", 0)) in dates)


# --- Shared texts -----------------------------------------------------------------------------------------------------


def _shared_texts(archive: zipfile.ZipFile, shelf: IO[bytes]) -> Callable[[int], str]:
    """How a shared text is looked up by its number: they lie one after the other in the file `shelf`."""
    ends = array("Q", [0])
    if "xl/sharedStrings.xml" in archive.namelist():
        with archive.open("xl/sharedStrings.xml") as stream:
            for text in parsed(stream, TextReader()):
                ends.append(ends[-1] + shelf.write(text.encode("utf-8", "replace")))
                if ends[-1] > LONGEST_FILE:
                    raise ImportProblem("too_large", limit=LONGEST_FILE >> 30)
        shelf.flush()
    if not ends[-1]:
        return lambda number: "" if 0 <= number < len(ends) - 1 else _beyond()
    texts = mmap.mmap(shelf.fileno(), 0, access=mmap.ACCESS_READ)
    known: dict[int, str] = {}

    def look_up(number: int) -> str:
        if number not in known:
            if not 0 <= number < len(ends) - 1:
                _beyond()
            if len(known) >= REMEMBERED:
                known.clear()
            known[number] = texts[ends[number] : ends[number + 1]].decode()
        return known[number]

    return look_up


def _beyond() -> str:
    raise Refused
