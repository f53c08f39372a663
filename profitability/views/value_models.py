"""How sure are we? The models behind lifetime values, and how their forecasts came true."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_site.lib.export import Sheet, csv_response
from crm_site.lib.formatting import day
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company
from profitability.charts.comparison import ahead, calibration, model_figures, seasons, tracking
from profitability.charts.renewals import retention, survival
from profitability.comparison import Holdout
from profitability.comparison_actions import request_comparison
from profitability.permissions import EDIT_VALUE_POLICY, SEE_VALUE, START_RUN
from profitability.reports.comparison import Compared, active_comparison, findings, latest_comparison, verdict
from profitability.reports.renewals import commonest, renewals_in_words
from profitability.reports.runs import published_now
from profitability.tables.comparison import (
    accuracy_sheet,
    accuracy_table,
    chart_figures,
    contract_table,
    parameter_table,
)
from profitability.totals import LifetimeModel

RENEWALS = {"retention": retention, "survival": survival}


@permission_required(SEE_VALUE, raise_exception=True)
def value_models(request: HttpRequest) -> HttpResponse:
    """The latest comparison of models, in words, tables and drawings (3 queries)."""
    compared, published, job = latest_comparison(), published_now(), active_comparison()
    currency = Company.of(request).currency
    context = {
        "page_title": _("How sure are we?"),
        "page_subtitle": _("The models behind lifetime values, tested on the company's own orders"),
        "job": progress_of(job) if job else None,
        "may_compare": request.user.has_perm(START_RUN),
        "verdict": verdict(compared),
        "compared": compared,
        "figures": model_figures(compared, published.totals if published else None, currency),
        "may_edit_policy": request.user.has_perm(EDIT_VALUE_POLICY),
    }
    if compared and compared.holdout:
        context |= _shown(compared, compared.holdout, currency)
    if published:
        context |= _subscriptions(published.totals.lifetime_model)
    return render(request, "profitability/value_models.html", context)


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


@permission_required(SEE_VALUE, raise_exception=True)
def value_models_csv(request: HttpRequest, name: str) -> HttpResponseBase:
    """The figures of a table or a drawing of the page as a file (1 query)."""
    sheet = _sheet_of_renewals(name) if name in RENEWALS else _sheet(name, latest_comparison(), request)
    if sheet is None:
        raise Http404
    return csv_response(sheet)


def _sheet_of_renewals(name: str) -> Sheet | None:
    published = published_now()
    term = commonest(published.totals.lifetime_model.contracts) if published else None
    return chart_figures(name, RENEWALS[name](term)) if term and term.asked else None


def _sheet(name: str, compared: Compared | None, request: HttpRequest) -> Sheet | None:
    if compared is None or (holdout := compared.holdout) is None:
        return None
    currency = Company.of(request).currency
    match name:
        case "accuracy":
            return accuracy_sheet(holdout)
        case "calibration":
            return chart_figures(name, calibration(holdout, currency))
        case "tracking":
            return chart_figures(name, tracking(compared.found, holdout))
        case "ahead":
            return chart_figures(name, ahead(compared.found.ahead))
    return None


@require_POST
@permission_required(START_RUN, raise_exception=True)
def value_models_compare(request: HttpRequest) -> HttpResponse:
    """Ask for a comparison; where another model wins, the figures are computed anew with it."""
    request_comparison(requested_by=request.user)
    messages.success(request, _("The comparison was asked for. If another model wins, a recompute follows by itself."))
    return redirect("value-models")
