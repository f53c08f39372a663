"""Runs from their first row to the day their rows are dropped: complete or invisible, never in between."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import partitions_of
from customers.models import Run
from profitability.changes import forget_changes
from profitability.models import ReadAnew
from profitability.recompute.laid_aside import keep_basis
from profitability.recompute.months import Whole
from profitability.recompute.rows import LAID_ASIDE, rows_of, runs_with_rows
from profitability.recompute.summary import changes_since
from profitability.totals import RunTotals

# A page that began with the run before finishes with it; nobody reads a page for longer.
PAGES_IN_FLIGHT = timedelta(minutes=10)


@transaction.atomic
def begin(*, job: Job, as_of: date, reason: str) -> Run:
    """A new run; what attempts that were killed or stopped left behind is taken away first.

    No two recomputes run at a time, so whatever is not published is nobody's any more.
    """
    for unfinished in Run.objects.filter(published_at=None):
        rows_of(unfinished.pk).drop()
        rows_of(unfinished.pk).laid_aside.drop()
        unfinished.delete()
    return Run.objects.create(as_of=as_of, reason=reason, job=job)


@transaction.atomic
def publish(
    *,
    run: Run,
    totals: RunTotals,
    context: JobContext,
    basis: dict[str, Any] | None,
    customers: Whole,
    categories: Whole,
) -> None:
    """Make the run the one that everybody reads: rows, totals and pointer in one transaction.

    `customers` are all there are, by ascending id, and `categories` where each is now, 0 for those in none.
    `basis` is what a full run was computed with; the changes that it has seen are then notes of the past.
    """
    context.hold()
    if basis is not None and totals.scope:
        keep_basis(run.pk, basis)
        forget_changes(seen_by=totals.scope.seen)
    current = Run.objects.select_for_update().filter(is_current=True).first()
    run.totals = replace(totals, changes=changes_since(current, totals, customers, categories)).as_json()
    for partition in rows_of(run.pk):
        partition.attach()
    Run.objects.filter(is_current=True).update(is_current=False)
    run.is_current, run.has_rows, run.published_at = True, True, timezone.now()
    run.stands_on_id = totals.scope.base_run if totals.scope else None
    run.save()


def drop_old_rows() -> None:
    """Keep the rows of the current run and of the one before it, and of what pages may still be reading.

    The months of a full run stay as long as a run is kept that shares them. A partition that readers hold just now is
    left to the next recompute.
    """
    published = Run.objects.filter(has_rows=True).order_by("-published_at", "-pk")
    recent = Run.objects.filter(published_at__gt=timezone.now() - PAGES_IN_FLIGHT)
    kept = {*published.values_list("pk", flat=True)[:2], *recent.values_list("pk", flat=True)}
    kept |= set(Run.objects.filter(published_at=None).values_list("pk", flat=True))
    shared = set(Run.objects.filter(pk__in=kept).values_list("stands_on", flat=True))
    for run_id in runs_with_rows() - kept:
        if rows_of(run_id).drop(shared=run_id in shared):
            Run.objects.filter(pk=run_id).update(has_rows=False)
            ReadAnew.objects.filter(run=run_id).delete()
    _drop_laid_aside()


def _drop_laid_aside() -> None:
    """Keep what the full run laid aside that the current one stands on, and what a run that is under way writes."""
    current = Run.objects.current()
    scope = RunTotals.from_json(current.totals).scope if current else None
    needed = {scope.base_run or current.pk} if current and scope else set()
    needed |= set(Run.objects.filter(published_at=None).values_list("pk", flat=True))
    for partition in partitions_of(LAID_ASIDE):
        if partition.value not in needed:
            partition.drop()
