"""Where every cent of a period went, both kinds of rates, and the check of a time equation while it is typed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from customers.models import Company
from profitability.periods import LIFETIME, Period, period_named
from profitability.permissions import EDIT_COSTING, SEE_VALUE
from profitability.reports.balance import months_with_costs, period_balance
from profitability.reports.equations import example_of
from profitability.reports.period_words import period_choices, period_name
from profitability.reports.rates import compared_rates
from profitability.reports.runs import Published, published_now
from profitability.tables.balance import (
    balance_in_words,
    both_rates,
    details_sheet,
    difference_in_words,
    months_balance,
    pools_balance,
)
from profitability.views.files import page_with_files
from profitability.views.runs import recompute_context, run_url
from profitability.views.workshop import breadcrumbs, costing_tabs


@permission_required(SEE_VALUE, raise_exception=True)
def costing_reconciliation(request: HttpRequest) -> HttpResponseBase:
    """Entered = customers + unused capacity + company level, by cost pool and by month of a period; also as a file."""
    published = published_now()
    if published is None:
        return _nothing(request, _("Reconciliation"))
    period = _period(request, published)
    balance = period_balance(published.run, period)
    currency = Company.of(request).currency
    context = _context(request, published, period, "costing-reconciliation") | {
        "page_title": _("Reconciliation"),
        "balance": balance,
        "nothing_entered": not any(one.entered for one in balance.months),
        "pools": pools_balance(balance, currency) if balance.pools else None,
        "months": months_balance(balance, currency),
        "differences": [difference_in_words(one, currency) for one in balance.differences],
        "sentences": balance_in_words(balance, currency),
    }
    return page_with_files(
        request,
        "profitability/costing_reconciliation.html",
        context,
        details=details_sheet(balance, period) if balance.pools else None,
        pools=context["pools"],
        months=context["months"],
    )


@permission_required(SEE_VALUE, raise_exception=True)
def costing_rates(request: HttpRequest) -> HttpResponseBase:
    """What a unit of each activity costs by the minute, and what it would cost if everything were absorbed."""
    published = published_now()
    if published is None:
        return _nothing(request, _("Rates compared"))
    period = _period(request, published)
    found = compared_rates(published.run, period)
    context = _context(request, published, period, "costing-rates") | {
        "page_title": _("Rates compared"),
        "found": found,
        "table": both_rates(found, Company.of(request).currency) if found.rows else None,
    }
    return page_with_files(request, "profitability/costing_rates.html", context, rates=context["table"])


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_equation(request: HttpRequest) -> HttpResponse:
    """A time equation as it is being typed: what is wrong and where, or its minutes for an example customer."""
    equation, number = request.GET.get("equation", ""), request.GET.get("example", "").replace("\x00", "")
    context: dict[str, Any] = {
        "page_title": _("Time equation"),
        "breadcrumbs": breadcrumbs(),
        "equation": equation,
        "example": example_of(equation.replace("\x00", " "), user=request.user, number=number),
    }
    if request.headers.get("HX-Request"):
        return render(request, "profitability/equation_example.html", context)
    return render(request, "profitability/equation_page.html", context)


def _period(request: HttpRequest, published: Published) -> Period:
    return period_named(request.GET.get("period", ""), as_of=published.run.as_of) or LIFETIME


def _context(request: HttpRequest, published: Published, period: Period, name: str) -> dict[str, Any]:
    first, last = months_with_costs(published.run)
    return {
        "breadcrumbs": breadcrumbs(),
        "tabs": costing_tabs(request.user, name),
        "data_as_of": published.run.published_at,
        "data_url": run_url(request.user, published),
        "period": period,
        "period_name": period_name(period),
        "periods": period_choices(first, last, as_of=published.run.as_of, chosen=period),
        "address": reverse(name),
    }


def _nothing(request: HttpRequest, title: str) -> HttpResponse:
    """The page before the first recompute."""
    context = {"page_title": title, "breadcrumbs": breadcrumbs()} | recompute_context(request.user)
    return render(request, "profitability/not_computed.html", context)
