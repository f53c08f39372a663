"""A worker killed in the middle of a recompute changes nothing that readers see; the next one ends the same."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import partitions_of
from crm_site.tests.processes import LEASE_SECONDS, eventually, forget_sessions, url_of_test_database
from customers.models import Customer, OrderLine, Run, Scorecard
from customers.tests.factories import A_DAY
from profitability.actions import request_recompute
from profitability.models import CustomerMonth, RunMonth
from profitability.totals import Scope

pytestmark = pytest.mark.django_db(transaction=True)

CODE = "import sys, django; django.setup(); from crm_site.lib.jobs.actions import run_job; run_job(int(sys.argv[1]))"


@dataclass(frozen=True)
class Moment:
    """A moment of a recompute, at which a lock of ours makes it wait for us."""

    lock: str
    waiting: str  # the statement that then waits


READING = Moment("customers_orderline IN ACCESS EXCLUSIVE", "customers_orderline")
MONTHS_LOADED = Moment("profitability_runactivity IN EXCLUSIVE", 'INSERT INTO "profitability_runactivity"')
PUBLISHING = Moment("customers_scorecard IN SHARE UPDATE EXCLUSIVE", "ATTACH PARTITION")


@pytest.fixture
def portfolio() -> Iterator[None]:
    """Some hundred customers with a published run; sessions of killed workers are ended afterwards."""
    call_command("generate_portfolio", customers=400, orders=1600, seed=3)
    run_job(asked().pk)
    yield
    forget_sessions()


def asked(*, full: bool = False) -> Job:
    return request_recompute(reason=Run.Reason.ASKED, as_of=A_DAY.replace(year=2099), full=full)


def figures(run: Run) -> list[tuple[Any, ...]]:
    """Everything that a run found, whatever its number."""
    cards = [field.name for field in Scorecard._meta.concrete_fields if field.name not in ("pk", "run")]
    months = [field.name for field in RunMonth._meta.concrete_fields if field.name not in ("id", "run")]
    return [
        *Scorecard.objects.in_run(run).order_by("customer").values_list(*cards),
        *RunMonth.objects.filter(run=run).order_by("month").values_list(*months),
        CustomerMonth.objects.in_run(run).count(),
    ]


@contextmanager
def another_process(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "crm_site.settings",
        "DATABASE_URL": url_of_test_database(),
        "CRM_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(job.pk)], cwd=settings.BASE_DIR, env=os.environ | environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def waits_at(statement: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND wait_event_type = 'Lock' AND query LIKE %s",
            [f"%{statement}%"],
        )
        return cursor.fetchone() is not None


def kill_at(moment: Moment, job: Job) -> None:
    """Let another process do the job, and kill it at this moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {moment.lock} MODE")
        with another_process(job):
            assert eventually(lambda: waits_at(moment.waiting), seconds=60)
    assert eventually(lambda: not waits_at(moment.waiting))


def tables() -> set[int]:
    models = (Scorecard, CustomerMonth)
    return {partition.value for model in models for partition in partitions_of(model._meta.db_table)}


@pytest.mark.parametrize("moment", [READING, MONTHS_LOADED, PUBLISHING], ids=["reading", "loaded", "publishing"])
def test_a_killed_recompute_is_taken_up_again_and_ends_the_same(portfolio: None, moment: Moment) -> None:
    before = Run.objects.current()
    assert before is not None
    seen = figures(before)
    job = asked(full=True)
    kill_at(moment, job)
    assert Run.objects.current() == before
    assert set(Scorecard.objects.values_list("run", flat=True)) == {before.pk}
    time.sleep(LEASE_SECONDS)
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)
    after = Run.objects.get(pk=job.result["run"])
    assert Run.objects.current() == after
    assert figures(after) == seen
    assert set(Run.objects.values_list("pk", flat=True)) == {before.pk, after.pk} == tables()


@pytest.mark.parametrize("moment", [READING, MONTHS_LOADED, PUBLISHING], ids=["reading", "loaded", "publishing"])
def test_a_killed_recompute_of_what_changed_forgets_no_change(portfolio: None, moment: Moment) -> None:
    before = Run.objects.current()
    OrderLine.objects.filter(order__customer__in=list(Customer.objects.values_list("pk", flat=True)[:20])).update(
        unit_price=1000
    )
    job = asked()
    kill_at(moment, job)
    assert Run.objects.current() == before
    time.sleep(LEASE_SECONDS)
    run_job(job.pk)
    job.refresh_from_db()
    after = Run.objects.get(pk=job.result["run"])
    assert (
        after.totals["scope"] | {"seen": ""}
        == Scope(because=None, base_run=before and before.pk, customers=20).__dict__
    )
    again = Run.objects.get(pk=run_job_of(asked()).result["run"])
    assert figures(again) == figures(after)
    everything = Run.objects.get(pk=run_job_of(asked(full=True)).result["run"])
    assert profits(everything) == profits(after) != profits(before)


def run_job_of(job: Job) -> Job:
    run_job(job.pk)
    job.refresh_from_db()
    return job


def profits(run: Run | None) -> list[tuple[Any, ...]]:
    """What does not depend on how the models were fitted."""
    return list(Scorecard.objects.in_run(run).order_by("customer").values_list("customer", "profit", "place"))


def test_readers_never_see_a_mixture_of_two_runs(portfolio: None) -> None:
    OrderLine.objects.update(unit_price=1000)
    seen: set[tuple[int, int, Any, Any]] = set()

    def look() -> bool:
        """What a page does: ask for the run once, and read its rows by that."""
        run = Run.objects.current()
        assert run is not None
        rows = Scorecard.objects.in_run(run)
        seen.add(
            (run.pk, rows.count(), rows.aggregate(profit=Sum("profit"))["profit"], run.totals["statement"]["profit"])
        )
        # Other kinds of work that the run made necessary wait for a worker, which is not here.
        return not Job.objects.active().filter(pk=job.pk).exists()

    job = asked()
    with another_process(job):
        assert eventually(look, seconds=60)
    look()
    assert len(seen) == len({run for run, *_ in seen}) == 2
    prospects = {run.pk: run.totals["prospects_statement"]["profit"] for run in Run.objects.all()}
    for run, rows, profit, told in seen:
        assert (rows, str(profit)) == (400, f"{float(told) + float(prospects[run]):.2f}")


def test_a_reader_who_holds_old_rows_is_waited_for_until_the_next_recompute(portfolio: None) -> None:
    first = Run.objects.current()
    assert first is not None
    run_job(asked(full=True).pk)
    Run.objects.update(published_at="2020-01-01T00:00:00Z")
    reader = connection.copy()
    try:
        reader.set_autocommit(False)
        with reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM customers_scorecard WHERE run_id = %s", [first.pk])
        begun = time.monotonic()
        run_job(asked(full=True).pk)
        assert time.monotonic() - begun < 20
        assert first.pk in tables()
        assert Run.objects.get(pk=first.pk).has_rows
    finally:
        reader.close()
    run_job(asked(full=True).pk)
    assert not Run.objects.get(pk=first.pk).has_rows
    assert first.pk not in {partition.value for partition in partitions_of(Scorecard._meta.db_table)}
