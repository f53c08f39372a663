"""The profit and loss account of a customer by period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.jobs.progress import progress_of
from customers.models import Customer, Segment
from customers.models.scorecard import Category
from customers.permissions import VIEW_MOMENTS, VIEW_ORDERS
from profitability.changes import outdated_customers
from profitability.charts import category_name, profit_of_customer
from profitability.permissions import SEE_VALUE
from profitability.reports.matrix_names import CUSTOMERS
from profitability.reports.period_account import Line, PeriodAccount, Standing, period_account, standing_of
from profitability.reports.period_words import period_name
from profitability.reports.runs import published_now
from profitability.reports.scenario_words import ICONS
from profitability.reports.tracing import moments_url
from profitability.tables import unsorted
from profitability.tables.accounts import ACCOUNT, member_table
from profitability.totals import GroupTotal
from profitability.views.files import page_with_files
from profitability.views.periods import Asked, currency_of, empty_page

CATEGORY, EVERYBODY, SEGMENT = "category", "all", "segment-"


@dataclass(frozen=True, slots=True)
class Choice:
    """With whom the customer can be compared."""

    code: str
    label: str
    group: GroupTotal | None
    chosen: bool


@permission_required(SEE_VALUE, raise_exception=True)
def customer_profit_and_loss(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What a customer brought and cost in a period, line by line (12 queries at most, once the period was computed)."""
    visible = Customer.objects.visible_to(request.user)
    customer = get_object_or_404(visible, pk=pk)
    title = _("Profit and loss")
    published = published_now()
    if published is None or not published.run.has_rows:
        return empty_page(request, title)
    asked = Asked(request, published)
    account = period_account(asked.run, customer, visible, asked.period, drivers=published.totals.drivers)
    standing = standing_of(asked.ranking, customer, asked.totals.ranking.customers) if asked.is_ready else None
    choices = _choices(asked, standing)
    chosen = next((choice for choice in choices if choice.chosen), None)
    lines = account.lines(chosen.group if chosen else None)
    context = asked.context("ranking")
    context |= _context(asked, account, lines, choices) | {"page_title": title, "standing": standing}
    context["average_label"] = chosen.label if chosen and chosen.group else ""
    table = unsorted(ACCOUNT, lines, currency_of(request))
    return page_with_files(
        request,
        "profitability/customer_account.html",
        context,
        account=table.as_sheet(f"profit-and-loss-{customer.pk}"),
        members=context["members"],
        months=context["months"],
    )


def _choices(asked: Asked, standing: Standing | None) -> list[Choice]:
    """The customer's category in the period, every segment that the reader sees, and everybody (1 query)."""
    if not asked.is_ready:
        return []
    wanted = asked.request.GET.get("compare", CATEGORY if standing and standing.category else EVERYBODY)
    found: list[tuple[str, str, GroupTotal | None]] = []
    if standing and standing.category:
        groups = {group.key: group for group in asked.totals.by("category").groups}
        label = _("Category: %(category)s") % {"category": category_name(Category(standing.category))}
        found.append((CATEGORY, label, groups.get(str(standing.category))))
    found.append((EVERYBODY, _("All customers"), asked.totals.total))
    segments = {group.key: group for group in asked.totals.by("segment").groups}
    for segment in Segment.objects.visible_to(asked.request.user).filter(pk__in=segments):
        label = _("Segment: %(segment)s") % {"segment": segment.label}
        found.append((f"{SEGMENT}{segment.pk}", label, segments[str(segment.pk)]))
    codes = {code for code, _label, _group in found}
    wanted = wanted if wanted in codes else found[0][0]
    return [Choice(code, label, group, code == wanted) for code, label, group in found]


def _context(asked: Asked, account: PeriodAccount, lines: list[Line], choices: list[Choice]) -> dict[str, Any]:
    customer, user = account.customer, asked.request.user
    job = asked.ranking.job if not asked.is_ready else None
    return {
        "page_subtitle": customer.full_name,
        "levers": [] if account.members else _levers(customer),
        "breadcrumbs": [
            (_("Customers"), reverse("customers")),
            (customer.full_name, reverse("customer", args=[customer.pk])),
        ],
        "account": account,
        "lines": [replace(line, url=_records_url(line, asked, account)) for line in lines],
        "choices": choices,
        "before_name": period_name(account.before_period) if account.before_period else "",
        "months": profit_of_customer(customer, account.months, currency_of(asked.request)),
        "job": progress_of(job, reload="done") if job else None,
        "outdated": bool(outdated_customers(asked.run.pk, [customer.pk, *account.people])),
        "members": member_table(account, asked.period.code, currency_of(asked.request)) if account.members else None,
        "part_of": Customer.objects.visible_to(user).filter(pk=customer.member_of_id).first()
        if customer.member_of_id
        else None,
        "member_query": f"?period={asked.period.code}" if asked.period.code else "",
    }


def _levers(customer: Customer) -> list[tuple[str, str, str]]:
    """What could be changed with this customer: each with the address of a what-if that is about nobody else."""
    address = f"{reverse('scenario-new')}?rows={CUSTOMERS}&row={customer.pk}&lever="
    return [
        (_("Raise the price"), f"{address}price", ICONS["price"]),
        (_("Ask for a minimum order"), f"{address}minimum", ICONS["minimum"]),
        (_("Change the service"), f"{address}service", ICONS["service"]),
        (_("Let go"), f"{address}let_go", ICONS["let_go"]),
    ]


def _records_url(line: Line, asked: Asked, account: PeriodAccount) -> str:
    """The records of the period behind a line, where the customer's own are all that there are."""
    customer, period, user = account.customer.pk, asked.period, asked.request.user
    days = {"since": period.since, "until": period.last_day} if period.since else {}
    if account.members:
        return ""
    if line.source == "orders" and user.has_perm(VIEW_ORDERS):
        return f"{reverse('orders')}?{urlencode({'customer': customer} | days)}"
    if line.source == "moments" and user.has_perm(VIEW_MOMENTS):
        return moments_url(customer, line.drivers, **days)
    return reverse("customer", args=[customer]) if line.source == "file" else ""
