"""`manage.py recompute` and `manage.py export`."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm_site.lib.jobs.models import Job
from customers.models import Run
from customers.tests.factories import CustomerFactory, RunFactory, ScorecardFactory
from profitability.tests.shop import JUNE, bought, current_costing, pool

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
    assert report == {"job": Job.objects.get().pk, "state": "done", "run": run.pk}


def test_recompute_that_is_refused_fails_with_the_reason() -> None:
    pool(current_costing(), "Rent", {JUNE: "10.00"})
    bought(CustomerFactory(), JUNE)
    with pytest.raises(CommandError, match="No activity takes a part of the cost pool “Rent”"):
        answer("recompute", "--wait", "--as-of", "2026-06-30")


@pytest.fixture
def ranked() -> Run:
    """Two ranked customers, one of them with a name that a spreadsheet would calculate, and a prospect."""
    run = RunFactory()
    best, last = CustomerFactory(name="Dupont", given_name="Zoé"), CustomerFactory(name="=1+1", given_name="")
    ScorecardFactory(run=run, customer=last, rank=2, cumulative_share=1.0)
    ScorecardFactory(run=run, customer=best, rank=1, cumulative_share=0.75)
    ScorecardFactory(run=run, customer=CustomerFactory(), rank=None, category=None)
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
