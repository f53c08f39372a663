"""Two versions of a costing side by side. Cost pools and activities of the same name are the same thing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

from django.db.models import Q

from crm_site.lib.written import Blank, written
from customers.models import Run
from profitability.models import ActivityRate, Costing, CostPoolAmount, ProfitChange, RunPool
from profitability.reports.costing import ActivityPlan, Plan, PoolPlan, plan_of
from profitability.totals import CategoryTotal, RunTotals

T = TypeVar("T")
Change = Literal["added", "removed", "changed", "same"]
Amount = tuple[int, dt.date, Decimal, Decimal | None]  # pool, month, what was entered, capacity of the month's own


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    """The same thing in both versions; None where one does not have it."""

    name: str
    before: T | None
    after: T | None
    change: Change


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """A cost pool with what was entered for it over the months that the comparison is about."""

    plan: PoolPlan
    months: dict[dt.date, tuple[Decimal, Decimal | None]]  # amount, and capacity where the month has its own

    @property
    def amount(self) -> Decimal:
        return sum((amount for amount, _capacity in self.months.values()), Decimal())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two versions, and what came of each where both were computed."""

    before: Costing
    after: Costing
    first: dt.date | None  # months for which both have amounts
    last: dt.date | None
    pools: list[Pair[PoolFigures]]
    activities: list[Pair[ActivityPlan]]
    before_run: Run | None
    after_run: Run | None
    rates_month: dt.date | None
    rates: list[Pair[ActivityRate]]
    categories: list[Pair[CategoryTotal]]
    switch: ProfitChange | None  # the recompute that came from one version to the other, in either direction

    @property
    def assumes_differently(self) -> bool:
        """Whether goods without a known cost are taken to have cost another share of their price."""
        return self.before.default_cost_ratio != self.after.default_cost_ratio


def compare(before: Costing, after: Costing) -> Comparison:
    """Everything about two versions (about 15 queries, however large they are)."""
    plans = plan_of(before), plan_of(after)
    amounts = _amounts(before), _amounts(after)
    first, last = _common_months(*amounts)
    runs = latest_run(before), latest_run(after)
    month, rates = _rates(*runs)
    return Comparison(
        before=before,
        after=after,
        first=first,
        last=last,
        pools=_pairs(
            _pools(plans[0], amounts[0], first, last), _pools(plans[1], amounts[1], first, last), told=_pool_as_text
        ),
        activities=_pairs(_activities(plans[0]), _activities(plans[1]), told=_activity_as_text),
        before_run=runs[0],
        after_run=runs[1],
        rates_month=month,
        rates=rates,
        categories=_categories(*runs),
        switch=_switch(before, after),
    )


def latest_run(costing: Costing) -> Run | None:
    """The last published run that was computed by a costing, its totals unread (1 query)."""

    def rows() -> Any:
        runs = Run.objects.filter(published_at__isnull=False, pools__pool__costing=Blank("costing"))
        return runs.defer("totals").order_by("-published_at")[:1]

    return next(iter(written("latest run of a costing", rows).read(costing=costing.pk)), None)


def _switch(before: Costing, after: Costing) -> ProfitChange | None:
    """The last recompute by one version right after one by the other, as far as it was kept (1 query)."""

    def rows() -> Any:
        used = [RunPool.objects.filter(pool__costing=Blank(name)).values("run") for name in ("before", "after")]
        either = Q(previous__in=used[0], run__in=used[1]) | Q(previous__in=used[1], run__in=used[0])
        changes = ProfitChange.objects.filter(either, another_costing=True).select_related("run")
        return changes.order_by("run").reverse()[:1]

    return next(iter(written("switch of costings", rows).read(before=before.pk, after=after.pk)), None)


def _amounts(costing: Costing) -> list[Amount]:
    """What was entered for a costing, the earliest month first (1 query)."""

    def rows() -> Any:
        amounts = CostPoolAmount.objects.filter(pool__costing=Blank("costing")).order_by("month")
        return amounts.values_list("pool_id", "month", "amount", "capacity_minutes")

    return written("amounts of a costing", rows).read(costing=costing.pk)


def _common_months(before: list[Amount], after: list[Amount]) -> tuple[dt.date | None, dt.date | None]:
    common = {month for _pool, month, *_entered in before} & {month for _pool, month, *_entered in after}
    return (min(common), max(common)) if common else (None, None)


def _pools(plan: Plan, amounts: list[Amount], first: dt.date | None, last: dt.date | None) -> dict[str, PoolFigures]:
    months: dict[int, dict[dt.date, tuple[Decimal, Decimal | None]]] = defaultdict(dict)
    for pool, month, amount, capacity in amounts:
        if first and last and first <= month <= last:
            months[pool][month] = amount, capacity
    return {one.pool.name: PoolFigures(one, months[one.pool.pk]) for one in plan.pools}


def _activities(plan: Plan) -> dict[str, ActivityPlan]:
    return {one.activity.name: one for one in plan.activities}


def _pool_as_text(figures: PoolFigures) -> object:
    pool = figures.plan.pool
    return figures.months, pool.practical_capacity_minutes, pool.company_level


def _activity_as_text(plan: ActivityPlan) -> object:
    resource = plan.activity.resource.name if plan.activity.resource else ""
    shares = sorted((share.pool, share.share) for share in plan.shares)
    terms = sorted((term.driver.code, term.minutes) for term in plan.terms)
    activity = plan.activity
    return activity.method, activity.driver, resource, activity.estimated_percent, shares, terms


def _pairs(before: dict[str, T], after: dict[str, T], *, told: Callable[[T], object]) -> list[Pair[T]]:
    """Both by name; `told` answers what has to be equal in both."""
    found = []
    for name in {**before, **after}:
        one, other = before.get(name), after.get(name)
        change: Change = "added" if one is None else "removed" if other is None else "same"
        if one is not None and other is not None and told(one) != told(other):
            change = "changed"
        found.append(Pair(name, one, other, change))
    return found


def _rates(before: Run | None, after: Run | None) -> tuple[dt.date | None, list[Pair[ActivityRate]]]:
    """Rates of the last month that both runs have costs for (3 queries)."""
    if before is None or after is None:
        return None, []
    months = [set(run.months.filter(entered__gt=0).values_list("month", flat=True)) for run in (before, after)]
    common = months[0] & months[1]
    if not common:
        return None, []
    month = max(common)
    found = _rates_of(before, month), _rates_of(after, month)
    return month, _pairs(*found, told=lambda rate: rate.rate)


def _rates_of(run: Run, month: dt.date) -> dict[str, ActivityRate]:
    rates = ActivityRate.objects.filter(activity__run=run, month=month).select_related("activity")
    return {rate.activity.name: rate for rate in rates.order_by("activity__position")}


def _categories(before: Run | None, after: Run | None) -> list[Pair[CategoryTotal]]:
    if before is None or after is None:
        return []
    found = _by_category(before), _by_category(after)
    return _pairs(*found, told=lambda total: (total.customers, total.profit))


def _by_category(run: Run) -> dict[str, CategoryTotal]:
    return {str(total.category): total for total in RunTotals.from_json(run.totals).categories}
