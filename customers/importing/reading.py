"""Everything that is decided about one file before its first row is taken."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from crm_site.lib.export import original_text
from customers.importing.cells import told_decimal, told_order
from customers.importing.mappings import (
    CDNOW,
    DELIMITERS,
    ORDERS,
    Layout,
    Mapping,
    Subject,
    listed,
    parse_mapping,
    position,
    suggest,
)
from customers.importing.problems import ImportProblem
from customers.importing.records import Record, blank_separated, records
from customers.importing.source import WORKBOOK, TextFile, examine, is_workbook, open_lines
from customers.importing.workbook import height, workbook_records, workbook_rows

SAMPLE = 1000
# So small a share of the sample may contradict the rest: those rows will be rejected.
STRAY = 0.05
_CDNOW_HEADER = {"customer_id", "date", "number_of_cds", "dollar_value"}
# The columns of a CDNOW file by position: the master file, and the sample with a second customer number of its own.
_CDNOW_COLUMNS = {
    4: {"customer": 0, "date": 1, "quantity": 2, "amount": 3},
    5: {"customer": 0, "date": 2, "quantity": 3, "amount": 4},
}
_CDNOW_ROW = re.compile(r"\s*\d+\s+(\d+\s+)?\d{8}\s+-?\d+\s+-?\d+(\.\d+)?\s*", re.ASCII)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """How one file is read."""

    text: TextFile
    mapping: Mapping
    layout: Layout
    # Field to position among so many columns.
    columns: Dictionary[str, int]
    width: int
    # The line that the first row may begin in.
    first_line: int = 1
    header: tuple[str, ...] = ()

    def column_name(self, field: str) -> str:
        """What the file calls the column of a field."""
        return self.header[self.columns[field]] if self.header and field in self.columns else field

    @contextmanager
    def rows(self) -> Iterator[Iterator[Record]]:
        """The rows of the file, those with a wrong number of columns marked as such."""
        if self.text.is_workbook:
            with workbook_rows(self.text.path) as rows:
                yield (record for record in workbook_records(rows, self.width) if record.line >= self.first_line)
            return
        with open_lines(self.text) as lines:
            if self.layout.blanks:
                found = blank_separated(lines, self.width)
            else:
                found = records(lines, self.mapping.delimiter, self.width)
            yield (record for record in found if record.line >= self.first_line)

    def sample(self, most: int = SAMPLE) -> list[Record]:
        """The first rows."""
        with self.rows() as rows:
            return list(islice(rows, most))


def prepare(path: Path, mapping: str, *, subject: Subject = ORDERS, whole: bool = True) -> Reading:
    """Decide how a file is to be read, or refuse it. Reads all of it once to know its encoding, or only its head."""
    reading = outline(path, mapping, subject=subject, whole=whole)
    subject.check({field: reading.column_name(field) for field in reading.columns}, listed(list(reading.header)))
    sample = reading.sample()
    if not sample:
        raise ImportProblem("no_rows")
    return replace(reading, mapping=_told_by(sample, reading, subject))


def outline(path: Path, mapping: str, *, subject: Subject = ORDERS, whole: bool = False) -> Reading:
    """The columns of a file and what their names suggest, enough or not."""
    wanted = parse_mapping(mapping, subject, whole=False)
    if is_workbook(path):
        return _read_workbook(TextFile(path, WORKBOOK, height(path)), wanted, subject)
    text = examine(path, encoding=wanted.encoding, whole=whole)
    line = _first_line(text)
    if subject is ORDERS and (wanted.layout is CDNOW or (wanted.layout is None and _is_cdnow(line))):
        return _read_cdnow(text, wanted)
    return _read_header(text, wanted, line, subject)


def _read_workbook(text: TextFile, wanted: Mapping, subject: Subject) -> Reading:
    """The first row with any content is the header."""
    with workbook_rows(text.path) as rows:
        number, cells, _faulty = next(rows, (0, [], False))
    if not cells:
        raise ImportProblem("empty")
    while not cells[-1].strip():
        cells.pop()
    return _reading(text, wanted, subject, header=cells, line=number, first_line=number + 1)


def _first_line(text: TextFile) -> str:
    with open_lines(text) as lines:
        for line in lines:
            if line.strip():
                return line
            lines.begin()
    raise ImportProblem("empty")


# --- CDNOW ------------------------------------------------------------------------------------------------------------


def _is_cdnow(line: str) -> bool:
    return bool(_CDNOW_ROW.fullmatch(line)) or set(line.split()) == _CDNOW_HEADER


def _read_cdnow(text: TextFile, wanted: Mapping) -> Reading:
    """Columns by position. A first line that is no purchase is a header if it has words only."""
    with open_lines(text) as lines:
        found = list(islice(blank_separated(lines), 2))
    header = not any(character.isdigit() for cell in found[0].cells for character in cell)
    if header and len(found) == 1:
        raise ImportProblem("no_rows")
    first = found[1] if header else found[0]
    if not _CDNOW_ROW.fullmatch(" ".join(first.cells)):
        raise ImportProblem("not_cdnow", line=first.line)
    width = len(first.cells)
    mapping = replace(wanted, layout=CDNOW)
    return Reading(text, mapping, CDNOW, _CDNOW_COLUMNS[width], width, first.line)


# --- Files with a header ----------------------------------------------------------------------------------------------


def _read_header(text: TextFile, wanted: Mapping, line: str, subject: Subject) -> Reading:
    announced = _SEPARATOR_LINE.fullmatch(line)
    delimiter = wanted.delimiter or (announced[1] if announced else _delimiter(line))
    with open_lines(text) as lines:
        found = list(islice(records(lines, delimiter), 2 if announced else 1))
        after = lines.begin()
    if len(found) <= bool(announced):
        raise ImportProblem("no_rows")
    wanted = replace(wanted, delimiter=delimiter)
    return _reading(text, wanted, subject, header=found[-1].cells, line=found[-1].line, first_line=after)


def _reading(
    text: TextFile, wanted: Mapping, subject: Subject, *, header: list[str], line: int, first_line: int
) -> Reading:
    """What the header in `line` makes of a file."""
    header = [original_text(cell.strip()) for cell in header]
    layout = wanted.layout or suggest(header, subject)
    columns = {field: _place(name, header, line) for field, name in _named(layout, header, line)}
    return Reading(text, replace(wanted, layout=layout), layout, columns, len(header), first_line, tuple(header))


def _delimiter(line: str) -> str:
    """The sign that separates the columns of a header: the one that is most frequent in it, outside quotation marks."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS.values(), key=bare.count)


def _named(layout: Layout, header: list[str], line: int) -> list[tuple[str, str]]:
    """The fields and columns of a layout; refuses when the header lacks one."""
    missing = [name for name in layout.columns.values() if position(name, header) is None]
    if missing:
        raise ImportProblem("missing_column", line=line, missing=", ".join(missing)[:400], columns=listed(header))
    return list(layout.columns.items())


def _place(name: str, header: list[str], line: int) -> int:
    if header.count(name) > 1:
        raise ImportProblem("repeated_column", line=line, column=name[:80])
    place = position(name, header)
    assert place is not None
    return place


# --- What a sample tells ----------------------------------------------------------------------------------------------


def _told_by(sample: list[Record], reading: Reading, subject: Subject) -> Mapping:
    """The mapping with the order of dates and the decimal sign that the first rows tell; refuses when they cannot."""
    mapping = reading.mapping
    if not mapping.dates:
        places = [reading.columns[field] for field in subject.dates if field in reading.columns]
        doubt = Doubt("dates_ambiguous", subject.doubtful_dates)
        dates = _told(sample, places, told_order, {"iso"}, doubt)
        mapping = replace(mapping, dates=dates or subject.doubtful_dates or "iso")
    if not mapping.decimal:
        places = [reading.columns[field] for field in subject.numbers if field in reading.columns]
        doubt = Doubt("decimal_ambiguous", subject.doubtful_decimal)
        mapping = replace(mapping, decimal=_told(sample, places, told_decimal, set(), doubt))
    return mapping


@dataclass(frozen=True)
class Doubt:
    """What to do when cells leave it open how they are meant: refuse with this problem, unless a usual way is known."""

    problem: str
    usual: str


def _told(
    sample: list[Record], places: list[int], tell: Callable[[str], str | None], harmless: set[str], doubt: Doubt
) -> str:
    """What the cells at these places tell together, '' for nothing; refuses mere doubt, and more than stray doubt."""
    told: Counter[str] = Counter()
    first: dict[str, tuple[int, str]] = {}
    for record in sample:
        for place in places if not record.reason else ():
            value = record.cells[place].strip()
            if (meaning := tell(value)) is not None:
                told[meaning] += 1
                first.setdefault(meaning, (record.line, value))
    clear = Counter({meaning: count for meaning, count in told.items() if meaning and meaning not in harmless})
    ranked = clear.most_common()
    other = ranked[-1][0] if len(ranked) > 1 and ranked[-1][1] > STRAY * clear.total() else ""
    if other or (not ranked and "" in told):
        if doubt.usual:
            return doubt.usual
        line, value = first[other]
        raise ImportProblem(doubt.problem, line=line, value=value[:40])
    return ranked[0][0] if ranked else ""
