"""What changed in profits from one recompute to the next: why, and for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Customer, Run
from profitability.charts.profit_changes import profit_bridge
from profitability.models import ProfitChange
from profitability.period_actions import AT_ONCE
from profitability.periods import LIFETIME
from profitability.permissions import SEE_VALUE
from profitability.profit_actions import keep_profit_change
from profitability.reports.profit_changes import (
    LISTED,
    changed_customers,
    compare_profits,
    costings_in_words,
    earlier_changes_of_costing,
    profit_change_in_words,
    runs_in_words,
)
from profitability.reports.runs import Published, published_now
from profitability.tables import unsorted
from profitability.tables.profit_changes import CHANGED, change_figures, lines_table
from profitability.totals import ProfitChanges
from profitability.views.files import page_with_files
from profitability.views.periods import currency_of, empty_page, ranking_tabs
from profitability.views.runs import run_url


@permission_required(SEE_VALUE, raise_exception=True)
def ranking_changes(request: HttpRequest) -> HttpResponseBase:
    """Why profit changed since the recompute before, and whose (10 queries once that was found)."""
    published, title = published_now(), _("What changed in profits")
    if published is None:
        return empty_page(request, title)
    run = _asked_run(request, published)
    # Of many customers it is kept in the background, after each recompute.
    kept = ProfitChange.objects.filter(run=run).select_related("run", "previous")
    change = keep_profit_change(run=run) if published.totals.customers <= AT_ONCE else kept.first()
    context: dict[str, Any] = {
        "page_title": title,
        "tabs": ranking_tabs("ranking-changes", LIFETIME),
        "data_as_of": run.published_at,
        "data_url": run_url(request.user, published) if run == published.run else "",
        "earlier": earlier_changes_of_costing(change),
    }
    if change:
        context |= _found(request, change, is_latest=run == published.run)
    files = {name: context.get(name) for name in ("lines", "fallen", "risen")}
    if change and "format" in request.GET:  # only a file holds all that are kept
        files |= _customers(request, change, most=None)
    return page_with_files(request, "profitability/ranking_changes.html", context, **files)


def _asked_run(request: HttpRequest, published: Published) -> Run:
    """The recompute of the address, otherwise the one that everybody reads (1 query or none)."""
    asked = request.GET.get("run", "")
    if not asked or asked == str(published.run.pk):
        return published.run
    run = Run.objects.filter(pk=asked, published_at__isnull=False).first() if asked.isdecimal() else None
    if run is None:
        raise Http404
    return run


def _found(request: HttpRequest, change: ProfitChange, *, is_latest: bool) -> dict[str, Any]:
    compared, currency = compare_profits(change), currency_of(request)
    finding = profit_change_in_words(compared, currency)
    before, after = compared.costings
    return {
        "change": change,
        "finding": finding,
        "runs": runs_in_words(compared),
        "costings": costings_in_words(compared),
        "versions_url": f"{reverse('costing-compare')}?before={before.pk}&after={after.pk}"
        if before and after and before != after
        else "",
        "figures": change_figures(
            compared, currency, moves_url=f"{reverse('ranking-moves')}?runs=1" if is_latest else ""
        ),
        "sides": ("risen", "fallen") if compared.profit.change > 0 else ("fallen", "risen"),
        "bridge": profit_bridge(compared, currency, summary=finding.text),
        "lines": lines_table(compared, currency),
    } | _customers(request, change, most=LISTED)


def _customers(request: HttpRequest, change: ProfitChange, *, most: int | None) -> dict[str, Any]:
    """The tables of those whose profit fell and rose most, as far as the reader may see them (2 queries)."""
    found, currency = ProfitChanges.from_json(change.totals), currency_of(request)
    visible = Customer.objects.visible_to(request.user)
    sides = {
        "fallen": (_("Whose profit fell most"), found.most_fallen),
        "risen": (_("Whose profit rose most"), found.most_risen),
    }
    return {
        name: replace(unsorted(CHANGED, rows, currency), caption=caption)
        if (rows := changed_customers(customers[:most], visible))
        else None
        for name, (caption, customers) in sides.items()
    }
