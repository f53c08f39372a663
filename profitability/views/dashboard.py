"""The dashboard of managers."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from crm_site.lib.formatting import day
from customers.models import Company, Customer, Run
from profitability.charts import category_cards, key_figures, profit_by_category, profit_by_month, whale_curve
from profitability.permissions import SEE_VALUE
from profitability.reports.beginning import beginning_of_everything, next_step, steps_to_figures
from profitability.reports.dashboard import dashboard
from profitability.reports.notices import Notice, warnings_about
from profitability.reports.profit_changes import notice_of_run
from profitability.reports.runs import Published, published_now
from profitability.reports.sentences import peak, twenty_eighty
from profitability.tables import NAMED, unsorted
from profitability.views.files import page_with_files
from profitability.views.runs import recompute_context, run_url


@permission_required(SEE_VALUE, raise_exception=True)
def dashboard_page(request: HttpRequest) -> HttpResponseBase:
    """What the portfolio earns, from the current run; before the first one, what to do to get there."""
    published = published_now()
    if published is None:
        context = {"page_title": _("Dashboard")} | recompute_context(request.user)
        return render(request, "profitability/dashboard_empty.html", context | _beginning(request))
    context = _context(request, published)
    return page_with_files(
        request,
        "profitability/dashboard.html",
        context,
        whale_curve=context["whale"],
        categories=context["categories"],
        months=context["months"],
        best=context["best"],
        worst=context["worst"],
    )


def _context(request: HttpRequest, published: Published) -> dict[str, Any]:
    """Everything from one run, so that the figures belong together."""
    currency = Company.of(request).currency
    run = published.run
    board = dashboard(published, Customer.objects.visible_to(request.user))
    ranking = board.totals.ranking
    return recompute_context(request.user) | {
        "page_title": _("Dashboard"),
        "page_subtitle": _("Figures as of %(day)s") % {"day": day(run.as_of)},
        "data_as_of": run.published_at,
        "data_url": run_url(request.user, published),
        "run": run,
        "totals": board.totals,
        "finding": twenty_eighty(ranking, currency),
        "peak": peak(ranking, currency),
        "figures": key_figures(board.totals, board.months, currency),
        "whale": whale_curve(ranking, currency) if ranking.customers else None,
        "months": profit_by_month(board.months, currency) if board.months else None,
        "categories": profit_by_category(board.totals.categories, currency),
        "cards": category_cards(board.totals, board.policies),
        "best": replace(unsorted(NAMED, board.best, currency), caption=_("Best customers")),
        "worst": replace(unsorted(NAMED, board.worst, currency), caption=_("Worst customers")),
        "warnings": _notices(run, currency) + warnings_about(board.totals, board.freshness, run.as_of),
    }


def _notices(run: Run, currency: str) -> list[Notice]:
    """That the figures are the first of another costing, where they are (1 query)."""
    notice = notice_of_run(run, currency)
    return [notice] if notice else []


def _beginning(request: HttpRequest) -> dict[str, Any]:
    """How far a new installation is on the way to its first figures, and what comes next (2 queries)."""
    beginning = beginning_of_everything()
    return {"steps": steps_to_figures(beginning), "next": next_step(beginning, request.user)}
