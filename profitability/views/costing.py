"""How costs reach customers, and where the costs of each month went."""

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from customers.models import Company
from profitability.charts import use_of_capacity
from profitability.models import Costing, RunPool
from profitability.permissions import SEE_VALUE
from profitability.reports.beginning import editing_url
from profitability.reports.costing import (
    MonthDetail,
    Months,
    missing_amounts,
    month_detail,
    months_of,
    plan_of,
    recent_use,
)
from profitability.reports.notices import warnings_about_amounts, warnings_about_capacity
from profitability.reports.profit_changes import notice_of_costing
from profitability.reports.runs import Published, published_now
from profitability.tables import (
    activities_table,
    month_lines,
    pools_table,
    rates_table,
    reconciliation,
)
from profitability.views.files import page_with_files
from profitability.views.runs import recompute_context, run_url
from profitability.views.workshop import costing_tabs

MONTHS_SHOWN = 24


@permission_required(SEE_VALUE, raise_exception=True)
def costing_page(request: HttpRequest) -> HttpResponseBase:
    """The current costing in words, and what the current run made of it month by month."""
    costing, published = Costing.objects.current(), published_now()
    months = months_of(published.run) if published else None
    currency = Company.of(request).currency
    context: dict[str, Any] = {
        "page_title": _("Costing"),
        "costing": costing,
        "edit_url": editing_url(request.user),
        "tabs": costing_tabs(request.user, "costing"),
        "data_as_of": published and published.run.published_at,
        "data_url": run_url(request.user, published),
    }
    if costing:
        plan = plan_of(costing)
        context |= {"pools": pools_table(plan, currency), "activities": activities_table(plan)}
    if months and months.months:
        context |= _month_tables(months, currency, everything="months" in request.GET)
        active = [row.month for row in months.months if row.orders]
        context["warnings"] = [*warnings_about_amounts(missing_amounts(costing, active)), *context["warnings"]]
    if costing and _is_newer(costing, published):
        context |= recompute_context(request.user) | {"outdated": True}
    elif costing:
        context["effect"] = notice_of_costing(costing, currency)
    files = {name: context.get(name) for name in ("reconciliation", "rates", "capacity", "pools", "activities")}
    return page_with_files(request, "profitability/costing.html", context, **files)


def _is_newer(costing: Costing, published: Published | None) -> bool:
    """Whether the figures are of before this version was published, or were computed by another one (1 query)."""
    if published is None:
        return True
    used = RunPool.objects.filter(run=published.run).values_list("pool__costing", flat=True).first()
    return used is not None and used != costing.pk


def _month_tables(months: Months, currency: str, *, everything: bool) -> dict[str, Any]:
    shown = months.months if everything else months.months[:MONTHS_SHOWN]
    return {
        "reconciliation": reconciliation(shown, currency),
        "rates": rates_table(months, currency) if months.activities else None,
        "capacity": use_of_capacity(months.capacity),
        "hidden_months": len(months.months) - len(shown),
        "warnings": warnings_about_capacity(recent_use(months)),
    }


@permission_required(SEE_VALUE, raise_exception=True)
def costing_month(request: HttpRequest, month: dt.date) -> HttpResponseBase:
    """One month of the current run: what was entered, what each activity cost, and what its drivers were charged."""
    published = published_now()
    detail = month_detail(published, month) if published else None
    context: dict[str, Any] = {
        "page_title": _("Costing of %(month)s") % {"month": formatting.month(month)},
        "breadcrumbs": [(_("Costing"), reverse("costing"))],
        "data_as_of": published and published.run.published_at,
        "data_url": run_url(request.user, published),
    }
    if detail:
        context |= _month_context(detail, Company.of(request).currency)
    files = {name: context.get(name) for name in ("lines", "reconciliation")}
    return page_with_files(request, "profitability/costing_month.html", context, **files)


def _month_context(detail: MonthDetail, currency: str) -> dict[str, Any]:
    month = detail.month.month
    days = f"since={month}&until={_last_day(month)}"
    orders_url, moments_url = f"{reverse('orders')}?{days}", f"{reverse('journey')}?{days}"
    return {
        "detail": detail,
        "month": detail.month,
        "orders_url": orders_url,
        "lines": month_lines(detail.lines, currency, orders_url=orders_url, moments_url=moments_url),
        "reconciliation": reconciliation([detail.month], currency),
        "warnings": warnings_about_capacity(detail.capacity),
    }


def _last_day(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
