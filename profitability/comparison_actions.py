"""What pages and the clock ask of comparisons of models. The work itself stands in `recompute.comparing`."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.models import Run
from profitability.actions import request_recompute
from profitability.models import ModelComparison

STAGES = {
    "orders": _("Reading orders"),
    "holdout": _("Forecasting the orders held back"),
    "fitting": _("Fitting all models"),
}


def _models_page(job: Job) -> str:
    return reverse("value-models")


COMPARISON = JobKind(
    "comparison",
    label=_("Comparison of models"),
    stages=STAGES,
    exclusive=True,
    result_url=_models_page,
    result_label=_("Look at the models"),
)


def request_comparison(*, requested_by: AbstractUser | AnonymousUser | None = None) -> Job:
    """Ask for a comparison of the purchase models; one that still waits is returned instead of a second."""
    return enqueue(kind=COMPARISON, requested_by=requested_by, dedupe_key="comparison")


def use_winner(*, comparison: ModelComparison) -> Job | None:
    """Ask for a recompute where the figures that everybody reads were forecast by another model; safe to repeat."""
    run = Run.objects.current()
    if run is None or not comparison.winner:
        return None
    used = run.totals.get("lifetime_model", {}).get("purchase_model", "")
    return None if used == comparison.winner else request_recompute(reason=Run.Reason.ASKED)
