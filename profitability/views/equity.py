"""Customer equity: what all customers are worth, over time, and why that changed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.export import EXPORT_LIMIT
from customers.models import Customer
from profitability.charts import key_figures_of_equity
from profitability.charts.equity import equity_bridge, equity_by_category, equity_over_time
from profitability.equity_actions import keep_bridge
from profitability.equity_statements import PARTS
from profitability.models import EquityBridge
from profitability.period_actions import AT_ONCE
from profitability.periods import LIFETIME
from profitability.permissions import SEE_RUNS, SEE_VALUE
from profitability.reports.equity import (
    EquityPage,
    change_in_words,
    equity_page,
    policy_changes,
    step_in_words,
    step_names,
)
from profitability.reports.equity_customers import all_parts, largest_parts
from profitability.reports.group_names import ranking_url
from profitability.reports.runs import Published, published_now
from profitability.tables import unsorted
from profitability.tables.equity import SEGMENTS, STEP_CUSTOMERS, STEPS, SegmentRow, step_rows
from profitability.totals import EquityChange, RunTotals
from profitability.views.files import page_with_files
from profitability.views.periods import currency_of, empty_page, ranking_tabs
from profitability.views.runs import run_url


@permission_required(SEE_VALUE, raise_exception=True)
def customer_equity(request: HttpRequest) -> HttpResponseBase:
    """Customer equity and its change since the recompute before (5 queries)."""
    published, title = published_now(), _("Customer equity")
    if published is None:
        return empty_page(request, title)
    if published.totals.customers <= AT_ONCE:
        keep_bridge(run=published.run)
    page = equity_page(published.run, request.user)
    segments = [SegmentRow(name, ranking_url(LIFETIME, segment=key), bridge) for name, key, bridge in page.segments]
    context = _context(request, published, page, segments) | {"page_title": title}
    return page_with_files(
        request,
        "profitability/equity.html",
        context,
        steps=context["steps"],
        segments=context["segments"],
        over_time=context["over_time"],
        by_category=context["by_category"],
    )


def _context(
    request: HttpRequest, published: Published, page: EquityPage, segments: list[SegmentRow]
) -> dict[str, Any]:
    currency, totals = currency_of(request), published.totals
    change = page.change.whole if page.change else None
    finding = change_in_words(change, currency) if change else None
    steps = step_rows(change) if change else []
    before = page.bridge.previous.totals if page.bridge else None
    return {
        "tabs": ranking_tabs("equity", LIFETIME),
        "data_as_of": published.run.published_at,
        "data_url": run_url(request.user, published),
        "figures": key_figures_of_equity(totals, currency),
        "finding": finding,
        "rules": policy_changes(totals, RunTotals.from_json(before) if before else None),
        "bridge": equity_bridge(change, currency, summary=finding.text) if change and finding else None,
        "steps": unsorted(STEPS, steps, currency) if steps else None,
        "computed_at": page.bridge.computed_at if page.bridge else None,
        "over_time": equity_over_time(page.history, currency, may_see_runs=request.user.has_perm(SEE_RUNS))
        if len(page.history) > 1
        else None,
        "by_category": equity_by_category(totals.categories, currency) if totals.customer_equity is not None else None,
        "segments": unsorted(SEGMENTS, segments, currency) if segments else None,
    }


@permission_required(SEE_VALUE, raise_exception=True)
def equity_customers(request: HttpRequest) -> HttpResponseBase:
    """The customers whom a step of the change is made of, the largest parts first (5 queries once it was asked)."""
    step, published = request.GET.get("step", "won"), published_now()
    if step not in PARTS:
        raise Http404
    bridge = published and EquityBridge.objects.filter(run=published.run).select_related("run", "previous").first()
    if published is None or not bridge:
        return redirect("equity")
    name, currency = step_names()[step], currency_of(request)
    visible, is_kept = Customer.objects.visible_to(request.user), bridge.previous.has_rows
    parts = largest_parts(bridge, step, visible) if is_kept else []
    whole = getattr(EquityChange.from_json(bridge.totals).whole, step)
    context = {
        "page_title": name,
        "breadcrumbs": [(_("Customer equity"), reverse("equity"))],
        "data_as_of": published.run.published_at,
        "data_url": run_url(request.user, published),
        "sentence": step_in_words([one.part for one in parts], whole, currency),
        "is_kept": is_kept,
        "customers": unsorted(STEP_CUSTOMERS, parts, currency) if parts else None,
    }
    # Only a file asks for everybody.
    if parts and "format" in request.GET:
        parts = all_parts(bridge, step, visible, EXPORT_LIMIT)
    file = unsorted(STEP_CUSTOMERS, parts, currency) if parts else None
    return page_with_files(request, "profitability/equity_customers.html", context, customers=file)
