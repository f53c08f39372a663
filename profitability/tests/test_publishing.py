"""Runs are complete or invisible; what asks for them, stops them, and drops what they no longer need."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm_site.lib.jobs.context import JobContext, JobStopped
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import partitions_of
from customers.models import Import, Run, Scorecard
from customers.signals import orders_imported
from customers.tests.factories import ImportFactory, UserFactory
from profitability.actions import STAGES, request_recompute
from profitability.models import CustomerMonth, RunMonth
from profitability.recompute import run_recompute
from profitability.tasks import nightly_recompute
from profitability.tests.shop import JUNE, TODAY, Shop, bought, card, recomputed
from profitability.totals import Move, RunTotals

pytestmark = pytest.mark.django_db


class StoppingContext(JobContext):
    """The context of a job that somebody stops when it has come to a stage."""

    def __init__(self, job: Job, stage: str) -> None:
        super().__init__(job)
        self.stage = stage

    def check_stop(self) -> None:
        if self.job.stage == self.stage:
            raise JobStopped("Stopped by the test.")


@pytest.fixture
def shop() -> Shop:
    return Shop()


def tables() -> set[str]:
    """The tables of rows that exist, attached or not."""
    models = (Scorecard, CustomerMonth)
    return {partition.table for model in models for partition in partitions_of(model._meta.db_table)}


def tables_of(*runs: Run) -> set[str]:
    return {f"{model._meta.db_table}_{run.pk}" for model in (Scorecard, CustomerMonth) for run in runs}


def test_readers_see_the_last_run_until_the_next_is_published(shop: Shop) -> None:
    first = recomputed()
    before = card(shop.ada).profit
    bought(shop.ada, JUNE)
    assert Run.objects.current() == first
    assert card(shop.ada).profit == before
    second = recomputed()
    assert Run.objects.current() == second
    assert card(shop.ada).profit != before
    assert Scorecard.objects.in_run(first).get(customer=shop.ada).profit == before


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "facts"])
def test_a_recompute_that_is_stopped_leaves_the_last_run_as_it_was(shop: Shop, stage: str) -> None:
    first = recomputed()
    job = Job.objects.create(kind="recompute", state=Job.State.RUNNING, attempts=1)
    bought(shop.ada, JUNE)
    with pytest.raises(JobStopped):
        run_recompute(context=StoppingContext(job, stage), as_of=TODAY, reason=Run.Reason.ASKED)
    assert Run.objects.current() == first
    assert set(Scorecard.objects.values_list("run", flat=True)) == {first.pk}
    assert set(CustomerMonth.objects.values_list("run", flat=True)) == {first.pk}


def test_what_a_stopped_recompute_left_behind_is_gone_after_the_next(shop: Shop) -> None:
    job = Job.objects.create(kind="recompute", state=Job.State.RUNNING, attempts=1)
    with pytest.raises(JobStopped):
        run_recompute(context=StoppingContext(job, "publishing"), as_of=TODAY, reason=Run.Reason.ASKED)
    Job.objects.update(state=Job.State.CANCELLED)
    assert RunMonth.objects.exists()
    run = recomputed()
    assert set(Run.objects.all()) == {run}
    assert set(RunMonth.objects.values_list("run", flat=True)) == {run.pk}
    assert tables() == tables_of(run)


def test_an_attempt_that_lost_its_job_publishes_nothing(shop: Shop) -> None:
    first = recomputed()
    job = Job.objects.create(kind="recompute", state=Job.State.RUNNING, attempts=1)
    context = JobContext(job)
    Job.objects.filter(pk=job.pk).update(attempts=2)
    with pytest.raises(Exception, match="lost its lease"):
        run_recompute(context=context, as_of=TODAY, reason=Run.Reason.ASKED)
    assert Run.objects.current() == first


def test_rows_are_kept_of_the_last_two_runs_and_totals_of_all(shop: Shop) -> None:
    runs = [recomputed() for _ in range(3)]
    assert tables() == tables_of(*runs)  # pages may still be reading all of them
    Run.objects.update(published_at=timezone.now() - timedelta(hours=1))
    last = recomputed()
    assert tables() == tables_of(runs[0], runs[2], last)  # both share what the first found
    kept = dict(Run.objects.values_list("pk", "has_rows"))
    assert kept == {runs[0].pk: True, runs[1].pk: False, runs[2].pk: True, last.pk: True}
    assert RunTotals.from_json(Run.objects.get(pk=runs[0].pk).totals).ranking.profit == Decimal("23.34")


def test_a_run_tells_what_changed_since_the_one_before(shop: Shop) -> None:
    first = recomputed()
    assert RunTotals.from_json(first.totals).changes is None
    bought(shop.cy, JUNE, {"unit_price": 1000})
    changes = RunTotals.from_json(recomputed().totals).changes
    assert changes is not None
    assert (changes.previous_run, changes.customers, changes.net_revenue) == (first.pk, 0, Decimal("1000.00"))
    # A third order of June to share the warehouse with; Cy's 5.00 for calling now counts among customers.
    assert changes.profit == Decimal("994.00") - Decimal("2.50") - Decimal("5.00") + 2 * Decimal("0.83")
    assert Move(before=None, after=1, customers=1) in changes.moves


def test_totals_survive_the_database(shop: Shop) -> None:
    totals = RunTotals.from_json(recomputed().totals)
    assert RunTotals.from_json(totals.as_json()) == totals
    assert [time.stage for time in totals.durations] == [stage for stage in STAGES if stage != "publishing"]


def test_asking_twice_is_asking_once_while_the_first_waits() -> None:
    first = request_recompute(reason=Run.Reason.ASKED)
    assert request_recompute(reason=Run.Reason.NIGHTLY) == first
    assert request_recompute(reason=Run.Reason.ASKED, as_of=TODAY) != first


def test_the_clock_asks_for_a_recompute() -> None:
    nightly_recompute()
    assert Job.objects.get().params["reason"] == Run.Reason.NIGHTLY


def test_an_import_that_brought_orders_asks_for_a_recompute() -> None:
    imported = ImportFactory(rows=2, accepted=1, skipped=1, requested_by=UserFactory())
    orders_imported.send(sender=Import, imported=imported)
    job = Job.objects.get()
    assert (job.kind, job.params["reason"], job.requested_by) == ("recompute", "import", imported.requested_by)


def test_an_import_that_brought_nothing_new_asks_for_nothing() -> None:
    orders_imported.send(sender=Import, imported=ImportFactory(rows=2, skipped=2))
    assert not Job.objects.exists()


def test_a_run_says_why_it_was_made_and_of_which_day(shop: Shop) -> None:
    run = recomputed()
    assert (run.reason, run.as_of, run.is_current, run.has_rows) == (Run.Reason.ASKED, TODAY, True, True)
    assert run.job is not None
    assert run.job.result == {"run": run.pk}
