"""Runs from their first row to the day their rows are dropped: complete or invisible, never in between."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import Partition, partitions_of
from customers.models import Run, Scorecard
from profitability.models import CustomerMonth
from profitability.recompute.summary import changes_since
from profitability.totals import RunTotals

# A page that began with the run before finishes with it; nobody reads a page for longer.
PAGES_IN_FLIGHT = timedelta(minutes=10)


def partitions_for(run: Run) -> tuple[Partition, Partition]:
    """Where the scorecards and the months of a run stand."""
    return _of(Scorecard, run.pk), _of(CustomerMonth, run.pk)


@transaction.atomic
def begin(*, job: Job, as_of: date, reason: str) -> Run:
    """A new run of this job; what an attempt that was killed left behind is taken away first."""
    for unfinished in Run.objects.filter(job=job, published_at=None):
        for partition in partitions_for(unfinished):
            partition.drop()
        unfinished.delete()
    return Run.objects.create(as_of=as_of, reason=reason, job=job)


def publish(*, run: Run, totals: RunTotals, context: JobContext) -> None:
    """Make the run, whose rows are loaded, the one that everybody reads. Needs a transaction."""
    context.hold()
    current = Run.objects.select_for_update().filter(is_current=True).first()
    run.totals = replace(totals, changes=changes_since(current, run, totals)).as_json()
    for partition in partitions_for(run):
        partition.attach()
    Run.objects.filter(is_current=True).update(is_current=False)
    run.is_current, run.has_rows, run.published_at = True, True, timezone.now()
    run.save()


def drop_old_rows() -> None:
    """Keep the rows of the current run and of the one before it, and of what pages may still be reading.

    A partition that readers hold just now is left to the next recompute.
    """
    published = Run.objects.filter(has_rows=True).order_by("-published_at")
    recent = Run.objects.filter(published_at__gt=timezone.now() - PAGES_IN_FLIGHT)
    kept = {*published.values_list("pk", flat=True)[:2], *recent.values_list("pk", flat=True)}
    kept |= set(Run.objects.filter(published_at=None).values_list("pk", flat=True))
    for run_id in {partition.value for partition in _all_partitions()} - kept:
        # All are tried, whatever the first one says.
        dropped = [_of(model, run_id).drop() for model in (Scorecard, CustomerMonth)]
        if all(dropped):
            Run.objects.filter(pk=run_id).update(has_rows=False)


def _of(model: type[Scorecard] | type[CustomerMonth], run_id: int) -> Partition:
    return Partition(model._meta.db_table, run_id)


def _all_partitions() -> Iterable[Partition]:
    for model in (Scorecard, CustomerMonth):
        yield from partitions_of(model._meta.db_table)
