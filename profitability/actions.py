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
from profitability.models import Costing

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
    *, reason: str, requested_by: AbstractUser | AnonymousUser | None = None, as_of: date | None = None
) -> Job:
    """Ask for a recompute of all figures; one that still waits for the same day is returned instead of a second.

    Without `as_of` the figures are those of the day on which the work begins.
    """
    day = as_of.isoformat() if as_of else ""
    return enqueue(
        kind=RECOMPUTE,
        params={"reason": Run.Reason(reason).value, "as_of": day},
        requested_by=requested_by,
        dedupe_key=f"recompute:{day}",
    )


@transaction.atomic
def publish_costing(*, costing: Costing, at: datetime) -> None:
    """Make a costing the one that recomputes use from now on; safe to repeat."""
    Costing.objects.filter(is_current=True).exclude(pk=costing.pk).update(is_current=False)
    costing.is_current, costing.published_at = True, costing.published_at or at
    costing.save(update_fields=["is_current", "published_at"])
