"""`manage.py recompute` and `manage.py export`."""

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm_site.lib.jobs.models import Job
from customers.models import Run
from customers.tests.factories import CustomerFactory, RunFactory, ScorecardFactory
from profitability.actions import RECOMPUTE, publish_costing
from profitability.models import PeriodFigure, PeriodRanking
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import JUNE, bought, current_costing, pool, recomputed
from profitability.tests.shop_of_families import ShopOfFamilies
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db


def answer(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_recompute_asks_and_goes_its_way() -> None:
    assert "requested as job" in answer("recompute")
    assert Job.objects.get().state == Job.State.QUEUED


def test_recompute_with_wait_does_the_work_where_no_worker_is() -> None:
    bought(CustomerFactory(), JUNE)
    told = answer("recompute", "--wait", "--as-of", "2026-06-30")
    run = Run.objects.get()
    assert f"Run {run.pk} is published." in told
    assert "Ranking customers" in told
    assert (run.as_of.isoformat(), run.is_current) == ("2026-06-30", True)


def test_recompute_reports_for_programs() -> None:
    report = json.loads(answer("recompute", "--wait", "--json"))
    run = Run.objects.get()
    assert report == {"job": Job.objects.get(kind=RECOMPUTE.name).pk, "state": "done", "run": run.pk}


def test_recompute_that_is_refused_fails_with_the_reason() -> None:
    costing = current_costing()
    pool(costing, "Rent", {JUNE: "10.00"})
    publish_costing(costing=costing, at=timezone.now())
    bought(CustomerFactory(), JUNE)
    with pytest.raises(CommandError, match="No activity takes a part of the cost pool “Rent”"):
        answer("recompute", "--wait", "--as-of", "2026-06-30")


@pytest.fixture
def ranked() -> Run:
    """Two ranked customers, one of them with a name that a spreadsheet would calculate, and a prospect."""
    run = RunFactory(totals={"ranking": {"profit": "40.00"}})
    best, last = CustomerFactory(name="Dupont", given_name="Zoé"), CustomerFactory(name="=1+1", given_name="")
    ScorecardFactory(run=run, customer=last, place=2, cumulative_profit=40)
    ScorecardFactory(run=run, customer=best, place=1, cumulative_profit=30)
    ScorecardFactory(run=run, customer=CustomerFactory(), place=None, category=None)
    return run


def test_export_writes_the_ranking_best_first(ranked: Run, tmp_path: Path) -> None:
    call_command("export", "ranking", output=tmp_path / "ranking.csv")
    rows = list(csv.DictReader((tmp_path / "ranking.csv").open(encoding="utf-8")))
    assert [row["rank"] for row in rows] == ["1", "2"]
    first = rows[0]
    assert (first["name"], first["net_revenue"], first["profit"]) == ("Zoé Dupont", "100.00", "30.00")
    assert (first["cumulative_share"], first["category"], first["lifetime_value"]) == ("0.75", "2", "80.00")


def test_export_keeps_names_from_being_calculated(ranked: Run, tmp_path: Path) -> None:
    call_command("export", "ranking", output=tmp_path / "ranking.csv")
    assert ",'=1+1," in (tmp_path / "ranking.csv").read_text(encoding="utf-8")


def test_export_as_json_is_a_list_of_customers(ranked: Run, tmp_path: Path) -> None:
    call_command("export", "ranking", format="json", output=tmp_path / "ranking.json")
    first, last = json.loads((tmp_path / "ranking.json").read_text(encoding="utf-8"))
    assert (first["name"], first["profit"], first["rank"], last["name"]) == ("Zoé Dupont", 30.0, 1, "=1+1")


def test_export_goes_to_standard_output_without_a_file(ranked: Run, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export", "ranking")
    assert capsys.readouterr().out.startswith("reference,name,net_revenue,profit,rank,cumulative_share,category,")


def test_export_of_an_empty_ranking_is_an_empty_list(tmp_path: Path) -> None:
    RunFactory()
    call_command("export", "ranking", format="json", output=tmp_path / "ranking.json")
    assert json.loads((tmp_path / "ranking.json").read_text()) == []


def test_export_before_the_first_recompute_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="recompute --wait"):
        call_command("export", "ranking")


def test_export_to_a_place_that_cannot_be_written_leaves_nothing(ranked: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export", "ranking", output=tmp_path / "missing" / "ranking.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_period_in_which_nobody_bought_is_an_empty_file_and_said(
    computed: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export", "ranking", period="2031", output=tmp_path / "ranking.csv")
    assert len((tmp_path / "ranking.csv").read_text().splitlines()) == 1
    assert "No customer is ranked in this period" in capsys.readouterr().err


@pytest.fixture
def computed() -> Run:
    """The current run of a few dozen customers who bought from January to June."""
    a_portfolio()
    return recomputed()


def exported(what: str, folder: Path, **options: Any) -> list[dict[str, Any]]:
    call_command("export", what, format="json", output=folder / "export.json", **options)
    return json.loads((folder / "export.json").read_text())


def test_the_ranking_of_a_period_is_that_of_its_page(computed: Run, tmp_path: Path) -> None:
    rows = exported("ranking", tmp_path, period="2026-q2")
    figures = PeriodFigure.objects.filter(ranking=PeriodRanking.objects.get()).order_by("rank")
    assert [row["profit"] for row in rows] == [float(profit) for profit in figures.values_list("profit", flat=True)]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("period", ["", "2026", "12m"])
def test_exported_profit_adds_up_line_by_line(computed: Run, tmp_path: Path, period: str) -> None:
    rows = exported("profit", tmp_path, period=period)
    for row in rows:
        parts = row["gross_margin"] - row["cost_to_serve"] - row["direct_costs"]
        assert row["profit"] == pytest.approx(parts, abs=0.001)
    assert sum(row["profit"] for row in rows) == pytest.approx(float(computed.totals["ranking"]["profit"]), abs=0.001)


def test_exported_lifetime_values_add_up_to_equity(computed: Run, tmp_path: Path) -> None:
    rows = exported("lifetime-values", tmp_path)
    assert sum(row["lifetime_value"] or 0 for row in rows) == pytest.approx(
        float(computed.totals["customer_equity"]), abs=0.001
    )


@pytest.mark.parametrize("what", ["ranking", "profit", "lifetime-values"])
def test_export_makes_workbooks_too(computed: Run, tmp_path: Path, what: str) -> None:
    call_command("export", what, format="xlsx", output=tmp_path / "export.xlsx")
    with ZipFile(tmp_path / "export.xlsx") as book:
        rows = book.read("xl/worksheets/sheet1.xml").count(b"<row ")
    assert rows == 1 + computed.totals["ranking"]["customers"]
    assert [path.name for path in tmp_path.iterdir()] == ["export.xlsx"]


def test_a_workbook_does_not_go_to_standard_output(ranked: Run) -> None:
    with pytest.raises(CommandError, match="needs a file"):
        call_command("export", "ranking", format="xlsx")


def test_a_period_that_does_not_exist_is_refused(ranked: Run) -> None:
    with pytest.raises(CommandError, match="There is no period '2026-13'"):
        call_command("export", "ranking", period="2026-13")


def test_lifetime_values_have_no_period(ranked: Run) -> None:
    with pytest.raises(CommandError, match="belong to no period"):
        call_command("export", "lifetime-values", period="2026")


def test_export_of_the_matrix_has_a_row_for_each_cell_and_comes_to_the_profit_of_all(tmp_path: Path) -> None:
    ShopOfFamilies()
    totals = RunTotals.from_json(recomputed().totals)
    rows = exported("matrix", tmp_path)
    cells = [row for row in rows if (row["rows"], row["columns"]) == ("stage", "family")]
    customers = [row for row in cells if row["row"] in ("Customer", "Former customer", "Prospect")]
    assert {row["column"] for row in cells} == {"Paper", "Pens", "No product"}
    profit = totals.statement.profit + totals.prospects_statement.profit
    assert round(sum(row["profit"] for row in customers), 2) == float(profit)
    by_column = {row["column"]: row["mark"] for row in cells if row["row"] == "Together"}
    assert by_column["No product"] == ""
    assert set(by_column.values()) <= {"good", "fair", "mixed", "losing", ""}


def test_the_matrix_is_exported_as_csv_and_workbook_too(tmp_path: Path) -> None:
    ShopOfFamilies()
    recomputed()
    call_command("export", "matrix", output=tmp_path / "matrix.csv")
    call_command("export", "matrix", format="xlsx", output=tmp_path / "matrix.xlsx")
    rows = list(csv.DictReader((tmp_path / "matrix.csv").read_text().splitlines()))
    assert list(rows[0])[:6] == ["rows", "row", "columns", "column", "customers", "net_revenue"]
    assert all(re.fullmatch(r"-?\d+\.\d\d", row["profit"]) for row in rows)
    marks = {row["mark"] for row in rows}
    assert marks <= {"good", "fair", "mixed", "losing", "nothing", ""}, "A mark is a word that no spreadsheet guards."
    assert marks > {""}
    assert "xl/workbook.xml" in ZipFile(tmp_path / "matrix.xlsx").namelist()
