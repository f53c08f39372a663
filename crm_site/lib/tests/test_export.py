"""Files never hold a cell that a spreadsheet would evaluate, and give back every text as it was."""

import csv
import datetime as dt
import io
import unicodedata
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from crm_site.lib.export import CSV_CHUNK, Sheet, csv_response, original_text, safe_cell, write_xlsx

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PAYLOADS = [
    *(
        f"{start}{sign}1+1"
        for start in ("", " ", "\t", "\r", "\n", "\x00", "\xa0", "\ufeff", "\u200b")
        for sign in "=+-@"
    ),
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "﹦1",
    " \ufeff\t＝cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.com")',
    "\u202e=1",
    "\u3000=1",
    "'=1",
    "''",
]


def read_csv(rows: list[list[Any]]) -> list[list[str]]:
    sheet = Sheet("list", ["Name"], ["text"], rows)
    text = b"".join(csv_response(sheet).streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def evaluated(cell: str) -> bool:
    """Whether a spreadsheet would compute it: independent of the code under test."""
    visible = unicodedata.normalize("NFKC", cell)
    while visible and (visible[0].isspace() or unicodedata.category(visible[0]) in {"Cc", "Cf", "Zs"}):
        visible = visible[1:]
    return visible[:1] in {"=", "+", "-", "@"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_csv_keeps_formulas_as_text_and_gives_them_back(payload: str) -> None:
    ((cell,),) = read_csv([[payload]])
    assert not evaluated(cell)
    assert original_text(cell) == payload


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_text_is_evaluated_or_changed(text: str) -> None:
    assert not evaluated(safe_cell(text))
    assert original_text(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["", "Dupont", "12 rue de la Paix", "a=b", "O'Brien", "été"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text


def test_csv_numbers_stay_numbers_and_the_unknown_stays_empty() -> None:
    row = [Decimal("-1234.50"), -3, 0.25, dt.date(2026, 11, 22), None]
    assert read_csv([row]) == [["-1234.50", "-3", "0.25", "2026-11-22", ""]]


def french_lines(headings: list[str], rows: list[list[Any]]) -> list[str]:
    with translation.override("fr"):
        response = csv_response(Sheet("list", headings, ["text"] * len(headings), rows))
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf"), "Without its mark a spreadsheet takes the file for something else."
    return content.decode("utf-8-sig").split("\r\n")


def test_a_french_spreadsheet_opens_a_csv_file_in_columns_with_decimal_commas() -> None:
    row = ["Léa; Zoé", Decimal("-1234.50"), 0.163, 7, dt.date(2026, 11, 22), None]
    assert french_lines(["Nom", "Profit", "Part", "Rang", "Jour", "Valeur"], [row]) == [
        "Nom;Profit;Part;Rang;Jour;Valeur",
        '"Léa; Zoé";-1234,50;0,163;7;2026-11-22;',
        "",
    ]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_french_csv_keeps_formulas_as_text_too(payload: str) -> None:
    text = "\r\n".join(french_lines(["Nom", "Rang"], [[payload, 1]]))
    _heads, (cell, _rank) = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert not evaluated(cell)
    assert original_text(cell) == payload


def test_csv_loses_no_row_between_two_pieces() -> None:
    count = 2 * CSV_CHUNK + 1
    assert [int(cell) for (cell,) in read_csv([[n] for n in range(count)])] == list(range(count))


def cells_of(rows: list[list[Any]], kinds: list[str]) -> list[tuple[str, str]]:
    """Type and content of each cell below the headings, as they stand in the workbook's own XML."""
    file = io.BytesIO()
    write_xlsx(Sheet("list", ["Heading"] * len(kinds), kinds, rows), file)
    page = ElementTree.fromstring(zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml"))
    assert not list(page.iter(f"{MAIN}f")), "a formula stands in the workbook"
    lines = list(page.iter(f"{MAIN}row"))[1:]
    return [(cell.get("t", "n"), "".join(cell.itertext())) for line in lines for cell in line]


@pytest.mark.parametrize("payload", [payload for payload in PAYLOADS if payload.isprintable()])
def test_workbook_cells_of_text_are_typed_as_text(payload: str) -> None:
    assert cells_of([[payload]], ["text"]) == [("inlineStr", payload)]


def test_workbook_numbers_and_days_are_numbers() -> None:
    row = [Decimal("-1234.50"), 7, dt.date(2026, 11, 22), None]
    assert cells_of([row], ["money", "number", "date", "text"]) == [("n", "-1234.50"), ("n", "7"), ("n", "46348")]


def test_a_gigantic_text_is_cut_to_what_a_workbook_holds() -> None:
    ((_, text),) = cells_of([["x" * 40_000]], ["text"])
    assert len(text) == 32_767
