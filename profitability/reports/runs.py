"""What the pages about recomputes read: how each went, what it changed, and the models that it fitted."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import CharField, F, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from crm_site.lib.jobs.models import Job
from crm_site.lib.remembered import Lately
from customers.models import Run
from customers.models.scorecard import RunQuerySet
from profitability.actions import RECOMPUTE
from profitability.totals import Changes, Move, RunTotals

# Figures of a list that stand in the totals, which are too large to read whole for every row.
LISTED = {
    "ranked": "totals__ranking__customers",
    "profit": "totals__statement__profit",
    "equity": "totals__customer_equity",
    "profit_change": "totals__changes__profit",
    "equity_change": "totals__changes__customer_equity",
    "customers_change": "totals__changes__customers",
    "because": "totals__scope__because",
    "read_anew": "totals__scope__customers",
}


def run_before(run: Run) -> Run | None:
    """The run that a run changed the figures of, while its rows are there (1 query or none)."""
    changes = RunTotals.from_json(run.totals).changes if run.has_rows and run.totals else None
    return Run.objects.filter(pk=changes.previous_run, has_rows=True).first() if changes else None


@dataclass(frozen=True, slots=True)
class Published:
    """The run whose figures readers see, and what it found in all."""

    run: Run
    totals: RunTotals


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands, for a reader: `code` is a word for programs."""

    code: str  # current, published, waiting, running, failed, stopped, unfinished
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run in full."""

    run: Run
    totals: RunTotals | None  # None until it is published
    state: RunState

    @property
    def changes(self) -> Changes | None:
        return self.totals.changes if self.totals else None

    @property
    def moves(self) -> tuple[Move, ...]:
        """Customers who changed category; those who stayed are left out."""
        changes = self.changes
        return tuple(move for move in changes.moves if move.before != move.after) if changes else ()


# What runs found in all, as stored and as read: that never changes once a run is published.
TOTALS: Lately[tuple[int, dt.datetime | None], tuple[dict[str, Any], RunTotals]] = Lately(seconds=600, most=2)


def published_now() -> Published | None:
    """The current run (1 query, 2 where its totals are new to this process); none before the first was published."""
    run = Run.objects.current_head() if TOTALS.kept else Run.objects.current()
    if run is None:
        return None
    question = (run.pk, run.published_at)
    told = TOTALS.told(question)
    if told is None:
        if not run.totals:
            return None
        told = TOTALS.keep(question, (run.totals, RunTotals.from_json(run.totals)))
    run.totals, totals = told
    return Published(run, totals)


def listed(runs: RunQuerySet) -> QuerySet[Run]:
    """Runs with their jobs and a few figures of their totals, which themselves stay unread (no query of its own)."""
    figures = {name: Cast(KT(path), CharField()) for name, path in LISTED.items()}
    return runs.select_related("job__requested_by").defer("totals").annotate(**figures, number=F("id"))


def amount(text: str | None) -> Decimal | None:
    """An amount as totals keep it."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def state_of(run: Run) -> RunState:
    """Where a run stands; its job knows until it is published (no query when the job is at hand)."""
    if run.is_current:
        return RunState("current", run.published_at)
    if run.published_at:
        return RunState("published", run.published_at)
    codes: dict[Any, str] = {
        Job.State.QUEUED: "waiting",
        Job.State.RUNNING: "running",
        Job.State.FAILED: "failed",
        Job.State.CANCELLED: "stopped",
    }
    if run.job is None or run.job.state not in codes:
        return RunState("unfinished", None)
    return RunState(codes[run.job.state], run.job.finished_at)


def run_report(run: Run) -> RunReport:
    """A run with what it found (no query)."""
    return RunReport(run, RunTotals.from_json(run.totals) if run.totals else None, state_of(run))


def active_recompute() -> Job | None:
    """The recompute that waits or runs, if any (1 query)."""
    return Job.objects.active().filter(kind=RECOMPUTE.name).order_by("id").first()


def failed_recompute() -> Job | None:
    """The last recompute, if it failed (1 query)."""
    last = Job.objects.filter(kind=RECOMPUTE.name).order_by("-id").first()
    return last if last and last.state == Job.State.FAILED else None
