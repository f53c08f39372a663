"""What the pages of the costing workshop read: versions, what a draft still lacks, and the grid of its amounts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Order
from profitability.drivers import is_known
from profitability.equation_words import fault_in_words, terms_of
from profitability.equations import EquationFault
from profitability.models import Activity, Costing, CostPool, CostPoolAmount
from profitability.models.costing import CostingQuerySet
from profitability.periods import Period, month_at, month_index, period_named, quarter_of

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a draft from being published, and where to mend it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Version:
    """A costing in the list of versions."""

    costing: Costing
    pools: int
    activities: int
    first: dt.date | None  # month with an amount
    last: dt.date | None


def versions(costings: CostingQuerySet) -> list[Version]:
    """All versions, the latest first, with how much is in them (2 queries)."""
    rows = (
        costings.order_by("-pk")
        .select_related("copied_from")
        .annotate(pool_count=Count("pools", distinct=True), activity_count=Count("activities", distinct=True))
    )
    spans = CostPoolAmount.objects.values("pool__costing").annotate(first=Min("month"), last=Max("month"))
    months = {row["pool__costing"]: (row["first"], row["last"]) for row in spans}
    return [Version(row, row.pool_count, row.activity_count, *months.get(row.pk, (None, None))) for row in rows]


# --- What a draft lacks ---------------------------------------------------------------------------------------------


def problems_of(costing: Costing) -> list[Problem]:
    """Everything for which a recompute would refuse the costing (3 queries)."""
    pools = list(costing.pools.all())
    activities = list(costing.activities.select_related("resource").prefetch_related("shares"))
    if not pools:
        return [Problem(_("There is no cost pool yet."), reverse("costing-pool-new", args=[costing.pk]))]
    return [*_problems_of_pools(pools, activities), *_problems_of_activities(activities)]


def _problems_of_pools(pools: Sequence[CostPool], activities: Sequence[Activity]) -> Iterator[Problem]:
    shares: dict[int, Decimal] = defaultdict(Decimal)
    for activity in activities:
        for share in activity.shares.all():
            shares[share.pool_id] += share.percent
    used = {activity.resource_id for activity in activities}
    for pool in pools:
        url = reverse("costing-pool", args=[pool.pk])
        if not pool.company_level and pool.pk not in used and not shares[pool.pk]:
            text = _("No activity takes a part of “%(pool)s”. Give it one, or mark it as kept at company level.")
            yield Problem(text % {"pool": pool.label}, url)
        if shares[pool.pk] > HUNDRED:
            text = _("The activities take more than 100 %% of “%(pool)s”.")
            yield Problem(text % {"pool": pool.label}, url)


def _problems_of_activities(activities: Sequence[Activity]) -> Iterator[Problem]:
    for activity in activities:
        words = _problem_of(activity)
        if words:
            text = _("“%(activity)s”: %(problem)s") % {"activity": activity.label, "problem": words}
            yield Problem(text, reverse("costing-activity", args=[activity.pk]))


def _problem_of(activity: Activity) -> str:
    if activity.method == Activity.Method.TRADITIONAL:
        if not is_known(activity.driver):
            return _("No records yield its driver any more.")
        return "" if activity.shares.all() else _("It takes no share of any cost pool.")
    if activity.resource is None or activity.resource.practical_capacity_minutes is None:
        return _("Its resource has no practical capacity.")
    try:
        terms_of(activity.equation)
    except EquationFault as fault:
        return fault_in_words(fault)
    return ""


# --- The grid of amounts --------------------------------------------------------------------------------------------


def grid_period(costing: Costing, code: str) -> Period:
    """The quarter or year that an address asks for; else the quarter in which something is to be entered next.

    2 queries without a code: the month behind the last one with an amount, but not beyond that of the last order.
    """
    asked = period_named(code, as_of=timezone.localdate())
    if asked is not None and asked.since is not None and asked.months > 1:
        return asked
    entered = CostPoolAmount.objects.filter(pool__costing=costing).aggregate(last=Max("month"))["last"]
    ordered = Order.objects.aggregate(last=Max("ordered_on"))["last"]
    latest = ordered or timezone.localdate()
    if entered:
        latest = min(month_at(month_index(entered) + 1), latest) if ordered else entered
        latest = max(latest, entered)
    return quarter_of(latest)


def months_in(period: Period) -> list[dt.date]:
    """The months of a period, by their first days; none of everything there is."""
    if period.since is None or period.until is None:
        return []
    return [month_at(index) for index in range(month_index(period.since), month_index(period.until) + 1)]
