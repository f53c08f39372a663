"""Runs from their first row to the day their rows are dropped: complete or invisible, never in between."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from crm_site.lib.bulk import BIGINT, read_columns
from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import Partition, partitions_of
from customers.models import RankStep, Run, Scorecard
from profitability.changes import forget_changes
from profitability.models import ReadAnew
from profitability.recompute.laid_aside import keep_basis
from profitability.recompute.months import Whole
from profitability.recompute.rows import LAID_ASIDE, SCORECARDS, rows_of, runs_with_rows
from profitability.recompute.summary import Categories, changes_since
from profitability.totals import RunTotals

# A page that began with the run before finishes with it; nobody reads a page for longer.
PAGES_IN_FLIGHT = timedelta(minutes=10)
# Held by whoever shows rows of runs or drops some.
ROWS_LOCK = "hashtext('profitability.rows')"


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
    now: Categories,
    found_otherwise: Whole | None = None,
) -> None:
    """Make the run the one that everybody reads: rows, totals and pointer in one transaction.

    `basis` is what a full run was computed with; the changes that it has seen are then notes of the past. A run of what
    changed shares the scorecards of a full one, but for those of customers `found_otherwise`; None: it shares none.
    """
    context.hold()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({ROWS_LOCK})")
    if basis is not None and totals.scope:
        keep_basis(run.pk, basis)
        forget_changes(seen_by=totals.scope.seen)
    current = Run.objects.select_for_update().filter(is_current=True).first()
    run.stands_on_id = totals.scope.base_run if totals.scope else None
    run.scorecards_of_id = run.stands_on_id if found_otherwise is not None else None
    among = found_otherwise if current and current.parts[0] == run.scorecards_of_id else None
    run.totals = replace(totals, changes=changes_since(current, totals, now.of(among))).as_json()
    for partition in rows_of(run.pk):
        partition.attach()
    if run.scorecards_of_id is not None and found_otherwise is not None and len(found_otherwise):
        take_out(run.scorecards_of_id, found_otherwise)
    Run.objects.filter(is_current=True).update(is_current=False)
    run.is_current, run.has_rows, run.published_at = True, True, timezone.now()
    run.save()


def taken_out_of(full_run: int) -> Whole:
    """The customers whose scorecards in a full run no longer hold (1 query, or none)."""
    rows = rows_of(full_run).taken_out
    if rows not in partitions_of(SCORECARDS):
        return np.empty(0, np.int64)
    return read_columns(f"SELECT customer_id FROM {rows.table}", {}, {"customer_id": BIGINT})["customer_id"]


def take_out(full_run: int, customers: Whole) -> None:
    """Take scorecards out of the partition that runs share, and give them to each of those that still has them."""
    rows = rows_of(full_run)
    first = rows.taken_out not in partitions_of(SCORECARDS)
    if first:
        rows.taken_out.create()
    sharing = Run.objects.filter(scorecards_of=full_run, has_rows=True).order_by("pk").values_list("pk", flat=True)
    names = [str(field.column) for field in Scorecard._meta.concrete_fields if field.column != "run_id"]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE taken_out ON COMMIT DROP AS WITH gone AS (DELETE FROM {rows.scorecards.table} "
            f"WHERE customer_id = ANY(%s::bigint[]) RETURNING {columns}) SELECT * FROM gone",
            [customers.tolist()],
        )
        for target in (rows.taken_out, *(rows_of(run_id).scorecards for run_id in sharing)):
            cursor.execute(
                f"INSERT INTO {target.table} (run_id, {columns}) SELECT {target.value:d}, {columns} FROM taken_out"
            )
        cursor.execute("DROP TABLE taken_out")
    if first:
        rows.taken_out.seal()
        rows.taken_out.attach()


def drop_old_rows() -> None:
    """Keep the rows of the current run and of the one before it, and of what pages may still be reading.

    The rows of a full run stay as long as a run is kept that shares them. A partition that readers hold just now is
    left to the next recompute, which may be under way already.
    """
    with _while_nobody_publishes():
        # Tables before runs: a table that a run makes meanwhile is none of these.
        with_rows, laid_aside = runs_with_rows(), partitions_of(LAID_ASIDE)
        _drop_rows_of(with_rows)
        _drop_laid_aside(laid_aside)


@contextmanager
def _while_nobody_publishes() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({ROWS_LOCK})")
        try:
            yield
        finally:
            cursor.execute(f"SELECT pg_advisory_unlock({ROWS_LOCK})")


def _drop_rows_of(runs: set[int]) -> None:
    published = Run.objects.filter(has_rows=True).order_by("-published_at", "-pk")
    recent = Run.objects.filter(published_at__gt=timezone.now() - PAGES_IN_FLIGHT)
    kept = {*published.values_list("pk", flat=True)[:2], *recent.values_list("pk", flat=True)}
    kept |= set(Run.objects.filter(published_at=None).values_list("pk", flat=True))
    shares = Run.objects.filter(pk__in=kept, scorecards_of__isnull=False)
    kept |= set(Run.objects.filter(pk__in=shares.values("scorecards_of")).values_list("pk", flat=True))
    shared = set(Run.objects.filter(pk__in=kept).values_list("stands_on", flat=True))
    for run_id in runs - kept:
        if rows_of(run_id).drop(shared=run_id in shared):
            Run.objects.filter(pk=run_id).update(has_rows=False)
            ReadAnew.objects.filter(run=run_id).delete()
            RankStep.objects.filter(run=run_id).delete()


def _drop_laid_aside(partitions: Sequence[Partition]) -> None:
    """Keep what the full run laid aside that the current one stands on, and what a run that is under way writes."""
    current = Run.objects.current()
    scope = RunTotals.from_json(current.totals).scope if current else None
    needed = {scope.base_run or current.pk} if current and scope else set()
    needed |= set(Run.objects.filter(published_at=None).values_list("pk", flat=True))
    for partition in partitions:
        if partition.value not in needed:
            partition.drop()
