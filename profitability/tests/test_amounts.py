"""Amounts of cost pools: typed into the grid, copied from the month before, imported from files."""

import csv
import datetime as dt
import io
from decimal import Decimal
from io import BytesIO

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from customers.tests.factories import user_with
from profitability.amount_grid import BadFigure, read_figure
from profitability.costing_actions import CellKey, cells_of
from profitability.models import Costing, CostPoolAmount
from profitability.permissions import EDIT_COSTING
from profitability.tests.shop import JUNE, MAY
from profitability.tests.workshop import VIEW, a_draft, manager

pytestmark = pytest.mark.django_db

APRIL = dt.date(2026, 4, 1)


@pytest.fixture
def editor() -> Client:
    return manager()


@pytest.fixture
def draft() -> Costing:
    return a_draft()


@pytest.fixture
def url(draft: Costing) -> str:
    return reverse("costing-amounts", args=[draft.pk]) + "?period=2026-q2"


def cell(draft: Costing, pool: str, month: dt.date, *, capacity: bool = False) -> str:
    return CellKey(draft.pools.get(name=pool).pk, month, capacity).name


def opened(client: Client, url: str) -> dict[str, str]:
    """What the grid sends when nothing is touched."""
    grid = client.get(url).context["grid"]
    cells = {one.name: one.text for row in (*grid.amounts, *grid.capacities) for one in row.cells}
    return cells | {"seen": grid.seen}


def entered(draft: Costing) -> dict[str, list[str]]:
    rows = CostPoolAmount.objects.filter(pool__costing=draft).order_by("pool__name", "month")
    found: dict[str, list[str]] = {}
    for row in rows:
        capacity = f" ({row.capacity_minutes:f})" if row.capacity_minutes is not None else ""
        found.setdefault(row.pool.name, []).append(f"{row.month:%m}: {row.amount}{capacity}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1234.5", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("0", "0"),
        ("", None),
        ("1 000,50 €", "1000.50"),
    ],
)
def test_figures_are_read_as_people_write_them(text: str, expected: str | None) -> None:
    assert read_figure(text, is_capacity=False) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "reason"),
    [("-1", "less than zero"), ("1,234", "decimals or thousands"), ("1.234", "Two decimals"), ("much", "not a number")],
)
def test_what_is_no_amount_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(BadFigure, match=reason):
        read_figure(text, is_capacity=False)
    with pytest.raises(BadFigure, match="greater than zero"):
        read_figure("0", is_capacity=True)


def test_the_grid_begins_with_the_quarter_that_is_to_be_entered_next(editor: Client, draft: Costing) -> None:
    assert editor.get(reverse("costing-amounts", args=[draft.pk])).context["months"] == [APRIL, MAY, JUNE]


def test_cells_are_written_changed_and_emptied(editor: Client, draft: Costing, url: str) -> None:
    typed = opened(editor, url)
    typed[cell(draft, "Warehouse", APRIL)] = "1 234,50"
    typed[cell(draft, "Warehouse", JUNE)] = ""
    typed[cell(draft, "Desk", JUNE, capacity=True)] = "48"
    assert editor.post(url, typed).status_code == 302
    assert entered(draft) == {
        "Desk": ["05: 30.00", "06: 30.00 (48.00)"],
        "Warehouse": ["04: 1234.50", "05: 12.00"],
    }


def test_cells_stand_as_the_reader_would_type_them_and_save_unchanged(editor: Client, draft: Costing, url: str) -> None:
    before = entered(draft)
    editor.cookies["django_language"] = "fr"
    typed = opened(editor, url)
    assert typed[cell(draft, "Warehouse", MAY)] == "12,00"
    assert editor.post(url, typed).status_code == 302
    assert entered(draft) == before


def test_a_fault_is_said_beside_its_cell_and_nothing_is_written(editor: Client, draft: Costing, url: str) -> None:
    before = entered(draft)
    typed = opened(editor, url)
    typed[cell(draft, "Warehouse", APRIL)] = "5"
    typed[cell(draft, "Desk", MAY)] = "a lot"
    typed[cell(draft, "Desk", APRIL, capacity=True)] = "10"
    answer = editor.post(url, typed)
    assert answer.status_code == 422
    faults = answer.context["grid"].faults
    assert faults == {
        cell(draft, "Desk", MAY): "This is not a number: write an amount as 1,234.50.",
        cell(draft, "Desk", APRIL, capacity=True): "Enter the amount of this month as well.",
    }
    assert 'value="a lot"' in answer.content.decode()
    assert entered(draft) == before


def test_two_people_fill_one_grid_together(editor: Client, draft: Costing, url: str) -> None:
    mine = opened(editor, url)
    theirs = opened(editor, url)
    theirs[cell(draft, "Desk", APRIL)] = "20"
    assert editor.post(url, theirs).status_code == 302
    mine[cell(draft, "Warehouse", APRIL)] = "11"
    assert editor.post(url, mine).status_code == 302
    assert entered(draft)["Desk"][0] == "04: 20.00"
    assert entered(draft)["Warehouse"][0] == "04: 11.00"


def test_a_cell_that_somebody_else_filled_is_not_overwritten_unawares(editor: Client, draft: Costing, url: str) -> None:
    mine, name = opened(editor, url), cell(draft, "Desk", JUNE)
    CostPoolAmount.objects.filter(pool__name="Desk", month=JUNE).update(amount=31)
    answer = editor.post(url, mine | {name: "29"})
    assert answer.status_code == 422
    assert answer.context["grid"].faults == {name: "Somebody else wrote here meanwhile: 31.00"}
    assert entered(draft)["Desk"][1] == "06: 31.00"
    assert editor.post(url, mine | {name: "29", "seen": answer.context["grid"].seen}).status_code == 302
    assert entered(draft)["Desk"][1] == "06: 29.00"


def test_empty_cells_are_filled_from_the_month_before(editor: Client, draft: Costing) -> None:
    CostPoolAmount.objects.filter(pool__name="Desk", month=JUNE).update(capacity_minutes=48)
    july = reverse("costing-amounts", args=[draft.pk]) + "?period=2026-q3"
    typed = opened(editor, july) | {"copy": "2026-07"}
    typed[cell(draft, "Warehouse", dt.date(2026, 7, 1))] = "11"
    answer = editor.post(july, typed, follow=True)
    assert "2 empty cells of Jul 2026 were filled" in answer.content.decode()
    assert entered(draft)["Desk"][-1] == "07: 30.00 (48.00)"
    assert entered(draft)["Warehouse"][-1] == "07: 11.00"


# --- Files ----------------------------------------------------------------------------------------------------------


def imported(client: Client, draft: Costing, name: str, content: bytes) -> object:
    address = reverse("costing-amounts-import", args=[draft.pk])
    return client.post(address, {"file": SimpleUploadedFile(name, content)})


def test_amounts_come_from_a_csv_file(editor: Client, draft: Costing) -> None:
    content = "Poste;Mois;Montant;Capacité\nWarehouse;2026-04;1 234,50;\nDesk;06/2026;33,00;48\n".encode()
    assert imported(editor, draft, "costs.csv", content).status_code == 302  # type: ignore[attr-defined]
    assert entered(draft) == {
        "Desk": ["05: 30.00", "06: 33.00 (48.00)"],
        "Warehouse": ["04: 1234.50", "05: 12.00", "06: 10.00"],
    }


@pytest.mark.parametrize(
    ("written", "month"),
    [
        *(("avril 2026", 4), ("Apr 2026", 4), ("avr. 2026", 4), ("APR-2026", 4), ("MAI 2026", 5), ("May/2026", 5)),
        *(("juin 2026", 6), ("June 2026", 6), ("ju 2026", None), ("jui 2026", None), ("avrl 2026", None)),
    ],
)
def test_months_may_be_written_by_their_names(editor: Client, draft: Costing, written: str, month: int | None) -> None:
    answer = imported(editor, draft, "costs.csv", f"pool,month,amount\nWarehouse,{written},77\n".encode())
    assert answer.status_code == (302 if month else 422)  # type: ignore[attr-defined]
    assert (f"{month:02}: 77.00" in entered(draft)["Warehouse"]) if month else "77.00" not in str(entered(draft))


def test_amounts_come_from_a_workbook(editor: Client, draft: Costing) -> None:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for column, heading in enumerate(("Cost pool", "Month", "Amount")):
            page.write(0, column, heading)
        page.write(1, 0, "Warehouse")
        page.write_datetime(1, 1, dt.datetime(2026, 4, 1), day)
        page.write_number(1, 2, 1234.5)
    assert imported(editor, draft, "costs.xlsx", file.getvalue()).status_code == 302  # type: ignore[attr-defined]
    assert entered(draft)["Warehouse"][0] == "04: 1234.50"


FAULTY = (
    *("Warehouse,2026-04,5", "Cellar,2026-04,5", "Desk,June,5", "Desk,2026-04,-5", "Warehouse,2026-04,6", "Desk"),
    *("Warehuose,soon,much", ",,"),
)


def faulty(client: Client, draft: Costing) -> object:
    return imported(client, draft, "costs.csv", "\n".join(["pool,month,amount", *FAULTY]).encode())


def test_a_file_with_faulty_rows_changes_nothing_and_names_each_fault(editor: Client, draft: Costing) -> None:
    before = entered(draft)
    answer = faulty(editor, draft)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    shown = [[one.text for one in row.cells] for row in answer.context["faults"].rows]  # type: ignore[attr-defined]
    assert [row[:3] for row in shown] == [
        ["3", "pool", "Cellar"],
        ["4", "month", "June"],
        ["5", "amount", "-5"],
        ["6", "month", "2026-04"],
        ["7", "—", "1"],
        *(["8", "pool", "Warehuose"], ["8", "month", "soon"], ["8", "amount", "much"]),
        *(["9", "pool", "—"], ["9", "month", "—"], ["9", "amount", "—"]),
    ]
    assert shown[0][3].startswith("This costing has no such cost pool. Add it first")
    assert shown[3][3] == "Line 2 already gives this cost pool an amount for this month."
    assert shown[5][3] == "This costing has no such cost pool. Is “Warehouse” meant?"
    assert shown[8][3] == "The cost pool is missing: write its name."
    assert "7 rows cannot be read" in answer.content.decode()  # type: ignore[attr-defined]
    assert entered(draft) == before


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_refused_file_is_mended_and_imported_again(editor: Client, draft: Costing, language: str) -> None:
    editor.cookies["django_language"] = language
    page = faulty(editor, draft)
    address = page.context["rejected_url"]  # type: ignore[attr-defined]
    assert address in page.content.decode()  # type: ignore[attr-defined]
    text = b"".join(editor.get(address).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if language == "fr" else ",")
    assert head[3:] == ["pool", "month", "amount"]
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7", "8", "9", "2"]
    assert rows[5][1] == "pool, month, amount"
    assert all(row[2] for row in rows[:7])
    assert rows[7][1:] == ["", "", "Warehouse", "2026-04", "5"]
    mended = io.StringIO()
    csv.writer(mended).writerows([head, [*rows[1][:4], "2026-06", "5"], rows[7]])
    answer = imported(editor, draft, "mended.csv", mended.getvalue().encode())
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert entered(draft) == {"Desk": ["05: 30.00", "06: 5.00"], "Warehouse": ["04: 5.00", "05: 12.00", "06: 10.00"]}
    assert editor.get(address).status_code == 302, "Once a file was taken there is nothing to mend."


def test_the_refused_file_of_one_person_is_not_anothers(editor: Client, draft: Costing) -> None:
    address = faulty(editor, draft).context["rejected_url"]  # type: ignore[attr-defined]
    assert editor.get(address).status_code == 200
    other = Client()
    other.force_login(user_with(EDIT_COSTING, VIEW))
    assert other.get(address, follow=True).redirect_chain == [(reverse("costing-amounts-import", args=[draft.pk]), 302)]


@pytest.mark.parametrize(
    ("days", "months"),
    [
        (["10/1/2026", "11/1/2026"], ["10", "11"]),  # always the first day, behind the month
        (["01/10/2026", "01/11/2026"], ["10", "11"]),  # always the first day, before the month
        (["5/7/2026", "5/31/2026"], ["05", "05"]),  # the second row says that the month comes first
        (["5/7/2026", "31/8/2026"], ["07", "08"]),
        (["31/10/2026", "30.11.2026"], ["10", "11"]),
        (["3/7/2026", "4/8/2026"], None),
        (["1/1/2026", "7/7/2026"], ["01", "07"]),
    ],
)
def test_days_are_read_in_the_order_that_all_of_them_tell(
    editor: Client, draft: Costing, days: list[str], months: list[str] | None
) -> None:
    draft.pools.create(name="Cellar")
    rows = [f"{pool},{day},77" for pool, day in zip(("Cellar", "Desk"), days, strict=True)]
    answer = imported(editor, draft, "costs.csv", "\n".join(["pool,month,amount", *rows]).encode())
    if months is None:
        assert "Day and month cannot be told apart" in answer.content.decode()  # type: ignore[attr-defined]
        return
    assert answer.status_code == 302  # type: ignore[attr-defined]
    read = CostPoolAmount.objects.filter(pool__costing=draft, amount=77).order_by("pool__name")
    assert [f"{one.month:%m}" for one in read] == months


def test_a_file_longer_than_any_company_needs_is_refused(
    editor: Client, draft: Costing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profitability.amount_files.MOST_ROWS", 3)
    answer = faulty(editor, draft)
    assert "rows. Split it into several files." in answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty. Export it again."),
        (b"a,b\n1,2\n", "The first line must name the columns of cost pool, month and amount. It says: a, b."),
        (b"\x00PDF", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(
    editor: Client, draft: Costing, content: bytes, reason: str
) -> None:
    answer = imported(editor, draft, "costs.csv", content)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert answer.context["form"].errors["file"]  # type: ignore[attr-defined]
    assert reason in answer.content.decode()  # type: ignore[attr-defined]


def test_cells_of_other_costings_stay_out_of_reach(editor: Client, draft: Costing, url: str) -> None:
    other = Costing.objects.create(name="Other")
    theirs = other.pools.create(name="Theirs")
    editor.post(url, opened(editor, url) | {CellKey(theirs.pk, JUNE).name: "99"})
    assert cells_of(other, [JUNE]) == {}


@pytest.mark.parametrize(
    ("language", "head"), [("en", "Cost pool,Month,Amount,Capacity"), ("fr", "Ressource;Mois;Montant;Capacité")]
)
def test_the_example_of_a_file_can_be_imported_as_it_stands(
    editor: Client, draft: Costing, language: str, head: str
) -> None:
    editor.cookies["django_language"] = language
    url = reverse("costing-amounts-import", args=[draft.pk])
    example = editor.get(url).context["example"]
    assert example.splitlines()[0] == head
    file = SimpleUploadedFile("amounts.csv", example.encode())
    assert editor.post(url, {"file": file}).status_code == 302
    assert entered(draft)["Warehouse"][0] == "05: 1234.50"
