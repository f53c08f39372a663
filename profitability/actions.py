"""What pages and the clock ask of profitability. The work itself stands in `recompute`, which only workers load."""

from datetime import date, datetime

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.models import Run
from profitability.changes import changed_since
from profitability.models import Costing
from profitability.totals import RunTotals

STAGES = {
    "facts": _("Adding up orders and contacts"),
    "costs": _("Charging costs to customers"),
    "forecast": _("Forecasting purchases"),
    "ranking": _("Ranking customers"),
    "writing": _("Writing scorecards"),
    "publishing": _("Publishing"),
}


def _runs_page(job: Job) -> str:
    return reverse("runs")


RECOMPUTE = JobKind(
    "recompute",
    label=_("Recompute"),
    stages=STAGES,
    exclusive=True,
    result_url=_runs_page,
    result_label=_("Look at the recomputes"),
)


def request_recompute(
    *,
    reason: str,
    requested_by: AbstractUser | AnonymousUser | None = None,
    as_of: date | None = None,
    full: bool = False,
) -> Job:
    """Ask for a recompute; one that still waits for the same day and does as much is returned instead of a second.

    Unless a full one is asked for, only the records of customers who changed are read, where that comes to the same.
    Without `as_of` the figures are those of the day on which the work begins.
    """
    day = as_of.isoformat() if as_of else ""
    key, of_everybody = f"recompute:{day}", f"recompute:{day}:full"
    waiting = None if full else Job.objects.filter(key=of_everybody, state=Job.State.QUEUED).first()
    return waiting or enqueue(
        kind=RECOMPUTE,
        params={"reason": Run.Reason(reason).value, "as_of": day, "full": full},
        requested_by=requested_by,
        dedupe_key=of_everybody if full else key,
    )


def recompute_if_changed() -> Job | None:
    """Ask for one when records changed that the current figures do not know, unless one waits or runs (3 queries)."""
    if Job.objects.active().filter(kind=RECOMPUTE.name).exists():
        return None
    current = Run.objects.current()
    scope = RunTotals.from_json(current.totals).scope if current and current.totals else None
    if scope is None or not changed_since(scope.seen):
        return None
    return request_recompute(reason=Run.Reason.CHANGES)


@transaction.atomic
def publish_costing(*, costing: Costing, at: datetime) -> None:
    """Make a costing the one that recomputes use from now on; safe to repeat."""
    Costing.objects.filter(is_current=True).exclude(pk=costing.pk).update(is_current=False)
    costing.is_current, costing.published_at = True, costing.published_at or at
    costing.save(update_fields=["is_current", "published_at"])
