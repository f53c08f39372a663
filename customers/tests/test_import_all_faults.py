"""A rejected row tells all that is wrong with it, in one go: on screen, in the report and in the file to be mended."""

import io
import json
from pathlib import Path

import pytest
import xlsxwriter
from django.core.management import call_command
from django.test import Client
from django.utils.translation import override

from customers.importing.mending import mending_sheet
from customers.importing.report import ImportReport
from customers.models import Import
from customers.tests import test_import_customers, test_import_moments, test_import_orders, test_import_steps
from customers.tests.factories import CompanyFactory, CustomerFactory, TouchpointFactory
from customers.tests.test_import_customers import Write, write
from customers.tests.test_import_steps import finished, manager, own_folder, page_of

pytestmark = pytest.mark.django_db
__all__ = ["manager", "own_folder", "write"]

CUSTOMERS, PERSONS = Import.Kind.CUSTOMERS, Import.Kind.PERSONS
HEADER = "order,customer,date,sku,quantity,unit_price,discount,currency,exchange_rate"


def faults(report: ImportReport) -> dict[int, list[tuple[str, str, str]]]:
    """Column, value and reason of every fault by line."""
    return {row.line: [(f.column, f.value, f.reason) for f in row.faults] for row in report.rejections}


def orders(write: Write, *rows: str, header: str = HEADER) -> dict[int, list[tuple[str, str, str]]]:
    CompanyFactory()
    return faults(test_import_orders.run(write(header, *rows)))


def test_every_cell_that_cannot_be_read_is_told_in_the_order_of_the_file(write: Write) -> None:
    told = orders(write, "O1,K1,31/31/2026,A1,two,3.50,,,", "O2,K1,2026-02-30,A1,0,dear,x,Pound,-1")
    assert told[2] == [("date", "31/31/2026", "bad_date"), ("quantity", "two", "not_a_number")]
    assert [(column, reason) for column, _value, reason in told[3]] == [
        ("date", "bad_date"),
        ("quantity", "zero_quantity"),
        ("unit_price", "not_a_number"),
        ("discount", "not_a_number"),
        ("currency", "unknown_currency"),
        ("exchange_rate", "bad_rate"),
    ]


def test_what_can_be_read_of_such_a_row_is_checked_too(write: Write) -> None:
    told = orders(write, "O1,K1,31/31/2026,A1,2,-3.50,,GBP,", "O2,K1,2026-02-03,A1,-2,3.50,9.00,GBP,")
    assert [reason for _column, _value, reason in told[2]] == ["bad_date", "rate_missing", "negative_price"]
    assert told[3] == [("currency", "GBP", "rate_missing"), ("discount", "9.00", "bad_discount")]


@pytest.mark.parametrize(
    ("row", "only"),
    [
        ("O1,K1,2026-02-03,A1,2,3.50,,GBP,dear", "exchange_rate"),
        ("O1,K1,2026-02-03,A1,2,3.50,,Pound,1.2", "currency"),
        ("O1,K1,2026-02-03,A1,two,3.50,9.00,,", "quantity"),
        ("O1,K1,2026-02-03,A\u200b1,2,-3.50,,,", "sku"),
    ],
)
def test_nothing_is_concluded_from_what_could_not_be_read(write: Write, row: str, only: str) -> None:
    (told,) = orders(write, row).values()
    assert [column for column, _value, _reason in told] == [only]


def test_all_that_contradicts_the_first_row_of_an_order_is_told(write: Write) -> None:
    told = orders(write, "O1,K1,2026-02-03,A1,1,3.50,,,", "O1,K2,2026-02-04,A1,1,3.50,,GBP,1.2")
    assert told == {
        3: [
            ("customer", "K2", "order_contradiction"),
            ("date", "2026-02-04", "order_contradiction"),
            ("currency", "GBP 1.2", "order_contradiction"),
        ]
    }


def test_damage_in_one_cell_does_not_hide_the_faults_of_the_others(write: Write) -> None:
    told = orders(write, "O1,K\0,31/31/2026,A1,1,3.50,,,")
    assert told[2] == [("customer", "K␀", "nul_character"), ("date", "31/31/2026", "bad_date")]


def test_every_error_of_a_spreadsheet_is_told(tmp_path: Path) -> None:
    CompanyFactory()
    with xlsxwriter.Workbook(tmp_path / "orders.xlsx") as workbook:
        page = workbook.add_worksheet()
        page.write_row(0, 0, ["order", "customer", "date", "quantity", "unit_price"])
        page.write_row(1, 0, ["O1", "K1", "2026-02-30"])
        page.write_formula(1, 3, "=1/0", value="#DIV/0!")
        page.write_formula(1, 4, "=A99", value="#REF!")
    told = faults(test_import_orders.run(tmp_path / "orders.xlsx"))
    assert [(column, value) for column, value, _reason in told[2]] == [
        ("date", "2026-02-30"),
        ("quantity", "#DIV/0!"),
        ("unit_price", "#REF!"),
    ]


def test_a_row_of_too_few_columns_says_that_alone(write: Write) -> None:
    assert orders(write, "O1,K1,31/31/2026") == {2: [("sku", "3", "wrong_column_count")]}


# --- Customers and contact persons ------------------------------------------------------------------------------------


def people(write: Write, *lines: str, kind: str = CUSTOMERS, **wishes: str) -> dict[int, list[tuple[str, str, str]]]:
    return faults(test_import_customers.run(write(*lines), kind=kind, **wishes))


def test_cells_and_records_at_fault_stand_side_by_side(write: Write) -> None:
    CustomerFactory(reference="K9", name="Taken", email="t@example.com")
    header = "Reference,Name,E-mail,Birth date,Member of"
    told = people(write, header, "K1,,nonsense,99/99/1999,Nowhere Ltd", "K9,Other,o@example.com,,", key="reference")
    assert told == {
        2: [
            ("E-mail", "nonsense", "bad_email"),
            ("Birth date", "99/99/1999", "bad_date"),
            ("Name", "", "missing_value"),
            ("Member of", "Nowhere Ltd", "member_not_found"),
        ]
    }
    told = people(write, header, "K9,Other,,31/31/1999,Nowhere Ltd", key="email")
    assert [reason for _column, _value, reason in told[2]] == [
        "bad_date",
        "no_key",
        "reference_taken",
        "member_not_found",
    ]


def test_whom_an_unreadable_key_means_is_not_guessed(write: Write) -> None:
    told = people(write, "Reference,Name,E-mail", "K1,,nonsense", "K2,Bo,", key="email", mode="update")
    assert told == {2: [("E-mail", "nonsense", "bad_email")], 3: [("E-mail", "", "no_key")]}


def test_a_customer_who_is_here_needs_no_name_though_a_cell_is_at_fault(write: Write) -> None:
    CustomerFactory(reference="K1", name="Aubert")
    told = people(write, "Reference,Name,E-mail", "K1,,nonsense", key="reference")
    assert told == {2: [("E-mail", "nonsense", "bad_email")]}


def test_contact_persons_name_their_company_whatever_else_is_wrong(write: Write) -> None:
    told = people(write, "Name,E-mail,Company", "Aubert,nonsense,Nowhere Ltd", kind=PERSONS, key="name")
    assert [reason for _column, _value, reason in told[2]] == ["bad_email", "member_not_found"]


def test_households_of_rejected_rows_are_still_found_out(write: Write) -> None:
    header = "Reference,Name,Kind,E-mail,Member of"
    told = people(write, header, "H1,House,household,nonsense,", "P1,Person,person,,H1", key="reference")
    assert told == {2: [("E-mail", "nonsense", "bad_email")], 3: [("Member of", "H1", "member_not_found")]}


# --- Contact moments --------------------------------------------------------------------------------------------------


def test_moments_tell_of_the_customer_and_of_their_own_cells(write: Write) -> None:
    CompanyFactory()
    TouchpointFactory(name="Call")
    told = faults(
        test_import_moments.run(
            write("Customer,Touchpoint,Date,Minutes,Person", "K7,Telex,99/99/2026,long,P1", ",,2026-02-03,5,")
        )
    )
    assert [(column, reason) for column, _value, reason in told[2]] == [
        ("Touchpoint", "unknown_touchpoint"),
        ("Date", "bad_date"),
        ("Minutes", "not_a_number"),
        ("Customer", "customer_not_found"),
    ]
    assert [(column, reason) for column, _value, reason in told[3]] == [
        ("Customer", "missing_value"),
        ("Touchpoint", "missing_value"),
    ]


# --- Where it is told -------------------------------------------------------------------------------------------------

ROWS = "Réf;Qui;Courriel\nK1;Aubert;a@example.com\nK2;;nonsense\n".encode()


def test_the_page_has_a_line_for_each_fault_and_counts_rows_by_each_reason(manager: Client) -> None:
    source = finished(manager, ROWS)
    assert (source.rows, source.rejected) == (2, 1)
    page = page_of(manager, "import", source)
    assert page.count("This is not an e-mail address.") == 2
    assert page.count("The cell is empty.") == 2


def test_the_preview_has_a_line_for_each_fault(manager: Client) -> None:
    source = test_import_steps.upload(manager, ROWS)
    test_import_steps.named(manager, source)
    page = page_of(manager, "import-preview", source)
    assert "This is not an e-mail address." in page
    assert "The cell is empty." in page
    assert "rejected: 1" in page


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_to_be_mended_numbers_the_faults_of_a_row(manager: Client, language: str) -> None:
    source = finished(manager, ROWS)
    with override(language):
        sheet = mending_sheet(source)
        ((line, columns, why, remedy, *cells),) = sheet.rows
    assert (line, columns, cells) == (3, "(1) Courriel (2) Qui", ["K2", "", "nonsense"])
    assert why.startswith("(1) ")
    assert " (2) " in why
    assert " (2) " in remedy


def test_the_command_line_and_its_files_tell_all(write: Write, tmp_path: Path) -> None:
    CompanyFactory()
    path, listed = write(HEADER, "O1,K1,31/31/2026,A1,two,3.50,,,"), tmp_path / "rejected.csv"
    shown, told = io.StringIO(), io.StringIO()
    call_command("import_orders", path, "--dry-run", "--rejections", listed, stdout=shown)
    assert "date «31/31/2026»" in shown.getvalue()
    assert "quantity «two»" in shown.getvalue()
    _heading, *lines = listed.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines] == [["2", "date"], ["2", "quantity"]]
    call_command("import_orders", path, "--dry-run", "--json", stdout=told)
    (rejection,) = json.loads(told.getvalue())["rejections"]
    assert rejection["reason"] == "bad_date"
    assert [fault["column"] for fault in rejection["further"]] == ["quantity"]
