"""How sure are we? The models behind lifetime values, and how their forecasts came true."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_site.lib.downloads import Tabular
from crm_site.lib.formatting import day
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company
from profitability.charts.comparison import ahead, calibration, model_figures, seasons, tracking
from profitability.charts.renewals import retention, survival
from profitability.comparison import Holdout
from profitability.comparison_actions import request_comparison
from profitability.permissions import EDIT_VALUE_POLICY, SEE_VALUE, START_RUN
from profitability.reports.comparison import Compared, active_comparison, findings, latest_comparison, verdict
from profitability.reports.model_words import model_notes_in_words
from profitability.reports.renewals import commonest, renewals_in_words
from profitability.reports.runs import published_now
from profitability.tables.comparison import (
    accuracy_table,
    contract_table,
    parameter_sheet,
    parameter_table,
)
from profitability.totals import LifetimeModel
from profitability.views.files import page_with_files

DRAWN = ("accuracy", "calibration", "tracking", "seasons", "ahead", "contracts", "retention", "survival")


@permission_required(SEE_VALUE, raise_exception=True)
def value_models(request: HttpRequest) -> HttpResponseBase:
    """The latest comparison of models, in words, tables and drawings (3 queries)."""
    compared, published, job = latest_comparison(), published_now(), active_comparison()
    currency = Company.of(request).currency
    context: dict[str, Any] = {
        "page_title": _("How sure are we?"),
        "page_subtitle": _("The models behind lifetime values, tested on the company's own orders"),
        "job": progress_of(job, reload="done") if job else None,
        "may_compare": request.user.has_perm(START_RUN),
        "verdict": verdict(compared),
        "compared": compared,
        "figures": model_figures(compared, published.totals if published else None, currency),
        "may_edit_policy": request.user.has_perm(EDIT_VALUE_POLICY),
    }
    if compared and compared.holdout:
        context |= _shown(compared, compared.holdout, currency)
    if published:
        model = published.totals.lifetime_model
        context |= _subscriptions(model) | {"model_notes": model_notes_in_words(model)}
    files: dict[str, Tabular | None] = {name: context.get(name) for name in DRAWN}
    if compared and compared.holdout:
        files["parameters"] = parameter_sheet(compared.found.fitted)
    return page_with_files(request, "profitability/value_models.html", context, **files)


def _shown(compared: Compared, holdout: Holdout, currency: str) -> dict[str, Any]:
    found = compared.found
    return {
        "compared_on": day(compared.comparison.as_of),
        "findings": findings(compared, currency),
        "accuracy": accuracy_table(holdout, currency),
        "calibration": calibration(holdout, currency),
        "tracking": tracking(found, holdout),
        "parameters": parameter_table(found.fitted),
        "seasons": seasons(found.season) if found.season and found.season.found else None,
        "ahead": ahead(found.ahead),
    }


def _subscriptions(model: LifetimeModel) -> dict[str, Any]:
    """What the current figures know of subscriptions."""
    term = commonest(model.contracts)
    return {
        "renewals_said": renewals_in_words(model),
        "contracts": contract_table(model.contracts) if term else None,
        "retention": retention(term) if term and term.asked else None,
        "survival": survival(term) if term and term.asked else None,
    }


@require_POST
@permission_required(START_RUN, raise_exception=True)
def value_models_compare(request: HttpRequest) -> HttpResponse:
    """Ask for a comparison; where another model wins, the figures are computed anew with it."""
    request_comparison(requested_by=request.user)
    messages.success(request, _("The comparison was asked for. If another model wins, a recompute follows by itself."))
    return redirect("value-models")
