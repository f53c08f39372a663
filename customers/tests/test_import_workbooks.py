"""Workbooks: what their cells show is what is read, row by row, and a damaged one is refused."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from customers.importing.problems import ImportProblem
from customers.importing.reading import prepare
from customers.importing.records import Record
from customers.importing.subjects import subject_of

Fill = Callable[[xlsxwriter.Workbook], None]
SUBJECT = subject_of("customers", [])


def book(path: Path, fill: Fill, **options: Any) -> Path:
    with xlsxwriter.Workbook(path, options) as workbook:
        fill(workbook)
    return path


def sheet(*rows: tuple[Any, ...]) -> Fill:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        page = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, dt.date):
                    page.write_datetime(line, column, value, day)
                elif value is not None:
                    page.write(line, column, value)

    return fill


def rows_of(path: Path) -> list[Record]:
    with prepare(path, "auto", subject=SUBJECT).rows() as rows:
        return list(rows)


@pytest.mark.parametrize("options", [{}, {"constant_memory": True}, {"date_1904": True}])
def test_cells_are_read_as_they_show(tmp_path: Path, options: dict[str, Any]) -> None:
    path = book(
        tmp_path / "a.xlsx",
        sheet(
            ("reference", "name", "birthday", "phone"),
            ("K1", "Œuvre\n_x000D_", dt.date(1980, 12, 31), 33612345678),
            (12, True, dt.datetime(2026, 1, 2, 14, 30), 1.5),
        ),
        **options,
    )
    assert [(record.line, record.cells) for record in rows_of(path)] == [
        (2, ["K1", "Œuvre\n_x000D_", "1980-12-31", "33612345678"]),
        (3, ["12", "TRUE", "2026-01-02 14:30:00", "1.5"]),
    ]


def test_blank_rows_are_none_and_lines_are_those_of_the_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", sheet((), ("reference", "name"), (), ("K1", "A"), (None, None), ("K2",)))
    assert [(record.line, record.cells) for record in rows_of(path)] == [(4, ["K1", "A"]), (6, ["K2", ""])]


def test_the_first_sheet_that_is_shown_is_read(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        workbook.add_worksheet("Hidden").hide()
        page = workbook.add_worksheet("Shown")
        page.activate()
        page.write_row(0, 0, ["reference", "name"])
        page.write_row(1, 0, ["K1", "A"])

    assert rows_of(book(tmp_path / "a.xlsx", fill))[0].cells == ["K1", "A"]


def test_an_error_of_the_spreadsheet_rejects_its_row(tmp_path: Path) -> None:
    def fill(workbook: xlsxwriter.Workbook) -> None:
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["reference", "name"])
        page.write_formula(1, 0, "=1/0", value="#DIV/0!")

    (record,) = rows_of(book(tmp_path / "a.xlsx", fill))
    assert (record.reason, record.value) == ("spreadsheet_error", "#DIV/0!")


def test_a_row_that_is_longer_than_the_header_is_told(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", sheet(("reference", "name"), ("K1", "A", "", "x")))
    assert rows_of(path)[0].reason == "wrong_column_count"


def test_a_workbook_is_read_as_a_stream(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", sheet(("reference", "name"), *((f"K{n}", f"A{n}") for n in range(5000))))
    with prepare(path, "auto", subject=SUBJECT).rows() as rows:
        assert next(rows).cells == ["K0", "A0"]
    assert len(rows_of(path)) == 5000


def parts_of(path: Path, **changed: bytes) -> bytes:
    """The workbook with some of its parts replaced; `sheet1` stands for xl/worksheets/sheet1.xml."""
    names = {"sheet1": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml", "book": "xl/workbook.xml"}
    replaced = {names[name]: content for name, content in changed.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, replaced.get(name, old.read(name)))
    return packed.getvalue()


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "changed",
    [
        {"sheet1": ENTITIES},
        {"strings": ENTITIES},
        {"book": ENTITIES},
        {"sheet1": b"<worksheet><sheetData><row"},
        {"sheet1": b'<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>999</v></c></row></sheetData></worksheet>'},
        {"sheet1": b'<worksheet><sheetData><row r="1"><c r="ZZZZ1"><v>1</v></c></row></sheetData></worksheet>'},
        {"sheet1": b'<worksheet><sheetData><row r="1"><c r="A1"><v>many</v></c></row></sheetData></worksheet>'},
        {"sheet1": b"\x00\x01\x02"},
    ],
)
def test_a_workbook_that_no_program_writes_is_refused(tmp_path: Path, changed: dict[str, bytes]) -> None:
    path = book(tmp_path / "a.xlsx", sheet(("reference", "name"), ("K1", "A")))
    path.write_bytes(parts_of(path, **changed))
    with pytest.raises(ImportProblem) as refused:
        rows_of(path)
    assert refused.value.code == "spreadsheet"


@pytest.mark.parametrize("kept", [10, 200, 2000])
def test_a_workbook_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    path = book(tmp_path / "a.xlsx", sheet(("reference", "name"), ("K1", "A")))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ImportProblem) as refused:
        rows_of(path)
    assert refused.value.code == "spreadsheet"


def fail_while_reading(path: Path) -> None:
    with prepare(path, "auto", subject=SUBJECT).rows():
        raise ValueError("elsewhere")


def test_what_goes_wrong_with_whoever_reads_is_not_blamed_on_the_workbook(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", sheet(("reference", "name"), ("K1", "A")))
    with pytest.raises(ValueError, match="elsewhere"):
        fail_while_reading(path)
