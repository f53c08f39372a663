"""Lists as files: CSV and XLSX that a spreadsheet opens without ever evaluating what a customer wrote."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import xlsxwriter
from babel.numbers import get_decimal_symbol
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone, translation

from crm_site.lib.formatting import number_locale

# More than this belongs to the command line (`manage.py export`): a page answers within seconds.
EXPORT_LIMIT = 50_000
CSV_CHUNK = 500
XLSX_LONGEST_TEXT = 32_767
FORMULA_SIGNS = frozenset("=+-@")
# Spreadsheets look past these before they decide whether a cell is a formula.
INVISIBLE = frozenset("\ufeff\u200b\u200c\u200d\u2060\u00ad\u180e\u3164\uffa0")
GUARD = "'"


def starts_formula(text: str) -> bool:
    """Whether a spreadsheet might evaluate the text: what counts is its first visible character, in any width."""
    for character in text:
        if not _is_skipped(character):
            return unicodedata.normalize("NFKC", character)[:1] in FORMULA_SIGNS
    return False


def _is_skipped(character: str) -> bool:
    return character.isspace() or character in INVISIBLE or unicodedata.category(character) in {"Cc", "Cf", "Zs"}


def safe_cell(text: str) -> str:
    """The text as a CSV cell that stays text; `original_text` gives it back unchanged."""
    guarded = starts_formula(text) or text[:1] == GUARD or (text != "" and unicodedata.category(text[0]) == "Cc")
    return GUARD + text if guarded else text


def original_text(cell: str) -> str:
    """What `safe_cell` was given."""
    unguarded = cell[1:]
    return unguarded if cell[:1] == GUARD and safe_cell(unguarded) == cell else cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list on its way into a file: headings, the kind of each column, and its rows of plain values."""

    name: str  # of the file, without its ending
    headings: Sequence[str]
    kinds: Sequence[str]
    rows: Iterable[Sequence[Any]]
    title: str = ""  # what is in it, where it stands among other tables of a page

    def as_sheet(self, name: str) -> Sheet:
        """Itself: it has a name already."""
        return self


def csv_response(sheet: Sheet) -> StreamingHttpResponse:
    """The sheet as a CSV download, sent while it is read."""
    response = StreamingHttpResponse(
        csv_chunks(sheet, translation.get_language()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{sheet.name}.csv"'
    return response


@dataclass(frozen=True, slots=True)
class CsvManner:
    """How a spreadsheet of some language expects a CSV file: French ones part columns by semicolons, since their
    numbers have a decimal comma, and show a file parted by commas in a single column."""

    delimiter: str = ","
    decimal: str = "."
    quoting: int = csv.QUOTE_NONNUMERIC

    def cell(self, value: Any) -> Any:
        """A value as it stands in the file."""
        plain = csv_value(value)
        return plain if self.decimal == "." or isinstance(plain, str) else str(plain).replace(".", self.decimal)


WITH_COMMA = CsvManner(delimiter=";", decimal=",", quoting=csv.QUOTE_MINIMAL)


def csv_manner(language: str | None) -> CsvManner:
    """The manner that spreadsheets of this language open with a double click."""
    return WITH_COMMA if language and get_decimal_symbol(number_locale(language)) == "," else CsvManner()


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_chunks(sheet: Sheet, language: str | None) -> Iterator[str]:
    """Text in pieces, in the manner of a language; labels are translated while it is sent, after the request's
    language was put away."""
    manner = csv_manner(language)
    writer = csv.writer(_Echo(), delimiter=manner.delimiter, quoting=manner.quoting, lineterminator="\r\n")  # type: ignore[arg-type]
    yield "\ufeff" + writer.writerow([safe_cell(heading) for heading in sheet.headings])
    rows = iter(sheet.rows)
    while True:
        with translation.override(language):
            lines = [writer.writerow([manner.cell(value) for value in row]) for row in islice(rows, CSV_CHUNK)]
        if not lines:
            return
        yield "".join(lines)


def csv_value(value: Any) -> Any:
    """A value as CSV holds it: numbers bare with a decimal point, dates by ISO 8601, text guarded, unknown empty."""
    match value:
        case None:
            return ""
        case bool():
            return int(value)
        case int() | float() | Decimal():
            return value
        case dt.datetime():
            return timezone.localtime(value).isoformat(timespec="seconds")
        case dt.date():
            return value.isoformat()
        case _:
            return safe_cell(str(value))


def xlsx_response(sheet: Sheet) -> FileResponse:
    """The sheet as a workbook."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it once it was sent
    write_xlsx(sheet, file)
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{sheet.name}.xlsx",
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def write_xlsx(sheet: Sheet, file: IO[bytes]) -> None:
    """Write the sheet row by row, so that memory does not grow with it; text cells are typed as text."""
    options = {"constant_memory": True, "remove_timezone": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {kind: book.add_format({"num_format": pattern}) for kind, pattern in XLSX_FORMATS.items()}
        page = book.add_worksheet()
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(sheet.headings) - 1, 0), 18)
        bold = book.add_format({"bold": True})
        for column, heading in enumerate(sheet.headings):
            page.write_string(0, column, heading, bold)
        for line, row in enumerate(sheet.rows, start=1):
            for column, (value, kind) in enumerate(zip(row, sheet.kinds, strict=True)):
                _write_cell(page, line, column, value, formats, kind)


XLSX_FORMATS = {
    "money": "#,##0.00",
    "number": "#,##0.##",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
}


def _write_cell(page: Any, line: int, column: int, value: Any, formats: dict[str, Any], kind: str) -> None:
    """A cell by the type of its value; days have the shape of days in whatever column."""
    match value:
        case None | "":
            return
        case int() | float() | Decimal():
            page.write_number(line, column, value, formats.get(kind))
        case dt.datetime():
            page.write_datetime(line, column, timezone.localtime(value), formats["datetime"])
        case dt.date():
            page.write_datetime(line, column, value, formats["date"])
        case _:
            page.write_string(line, column, str(value)[:XLSX_LONGEST_TEXT])


RESPONSES = {"csv": csv_response, "xlsx": xlsx_response}
