"""What the costing pages read: how costs reach customers, and where every cent of each month went."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from django.db.models import prefetch_related_objects
from django.utils.translation import get_language

from crm_site.lib.remembered import Lately
from customers.models import Run
from profitability.drivers import Driver, driver_named
from profitability.equations import read_equation
from profitability.models import (
    Activity,
    ActivityRate,
    Costing,
    CostPool,
    CostPoolAmount,
    RunActivity,
    RunMonth,
    RunPoolMonth,
)
from profitability.reports.runs import Published


@dataclass(frozen=True, slots=True)
class MissingAmounts:
    """A month in which cost pools have no amount."""

    month: dt.date
    pools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a cost pool that an activity takes, 0 to 1."""

    activity: str
    pool: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a time equation."""

    driver: Driver
    minutes: Fraction


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    """An activity as the costing defines it."""

    activity: Activity
    driver: Driver | None  # traditional
    shares: tuple[Share, ...]  # traditional
    terms: tuple[Term, ...]  # time-driven

    @property
    def is_time_driven(self) -> bool:
        return self.activity.method == Activity.Method.TIME_DRIVEN


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """A cost pool as the costing defines it, and what it last cost."""

    pool: CostPool
    last: CostPoolAmount | None
    shares: tuple[Share, ...]
    time_driven: bool  # some activity draws on its minutes

    @property
    def kept(self) -> Decimal | None:
        """The share that no activity takes; unknown where it depends on the minutes used."""
        return None if self.time_driven else 1 - sum((share.share for share in self.shares), Decimal())


@dataclass(frozen=True, slots=True)
class CapacityUse:
    """Minutes of a resource that time-driven activities used in a month."""

    month: dt.date
    pool: str
    used: float
    capacity: float

    @property
    def share(self) -> float:
        return self.used / self.capacity


@dataclass(frozen=True, slots=True)
class Plan:
    """A costing in full."""

    costing: Costing
    pools: list[PoolPlan]
    activities: list[ActivityPlan]


@dataclass(frozen=True, slots=True)
class Months:
    """What a run found for its months, newest first."""

    months: list[RunMonth]
    activities: list[RunActivity]
    rates: dict[tuple[dt.date, int], ActivityRate]  # by month and activity
    capacity: list[CapacityUse]


@dataclass(frozen=True, slots=True)
class Charge:
    """What one unit of a driver was charged, in house currency."""

    driver: Driver
    amount: float


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One activity in one month."""

    activity: RunActivity
    rate: ActivityRate
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class MonthDetail:
    """One month of a run in full, with the months beside it."""

    month: RunMonth
    lines: list[MonthLine]
    amounts: list[CostPoolAmount]
    capacity: list[CapacityUse]
    earlier: dt.date | None
    later: dt.date | None


def months_with_orders() -> list[dt.date]:
    """The months of the current run in which somebody ordered (1 query)."""
    months = RunMonth.objects.filter(run__is_current=True, orders__gt=0)
    return list(months.order_by("month").values_list("month", flat=True))


# Nothing of a published costing ever changes, which the database sees to, so that a process reads it once.
PLANS: Lately[tuple[int, str | None], Plan] = Lately(seconds=600, most=10)
MISSING: Lately[tuple[int, tuple[dt.date, ...], str | None], list[MissingAmounts]] = Lately(seconds=600, most=10)


def missing_amounts(costing: Costing | None, months: Collection[dt.date]) -> list[MissingAmounts]:
    """Which of these months lack an amount of which cost pool of the costing (2 queries, none without a costing).

    Of a published costing a process asks once.
    """
    if costing is None or not months:
        return []
    if costing.published_at is None:
        return _missing_amounts(costing, months)
    question = (costing.pk, tuple(months), get_language())  # cost pools are named in a language
    told = MISSING.told(question)
    return told if told is not None else MISSING.keep(question, _missing_amounts(costing, months))


def _missing_amounts(costing: Costing, months: Collection[dt.date]) -> list[MissingAmounts]:
    pools = list(costing.pools.all())
    amounts = CostPoolAmount.objects.filter(pool__costing=costing, month__range=(min(months), max(months)))
    entered = set(amounts.values_list("pool_id", "month"))
    gaps = ((month, tuple(pool.label for pool in pools if (pool.pk, month) not in entered)) for month in sorted(months))
    return [MissingAmounts(month, names) for month, names in gaps if names]


def plan_of(costing: Costing) -> Plan:
    """Cost pools, activities, shares and time equations of a costing (4 queries; of a published one once)."""
    if costing.published_at is None:
        return _plan_of(costing)
    question = (costing.pk, get_language())
    return replace(PLANS.told(question) or PLANS.keep(question, _plan_of(costing)), costing=costing)


def _plan_of(costing: Costing) -> Plan:
    prefetch_related_objects([costing], "pools", "activities__shares")
    by_key = {pool.pk: pool for pool in costing.pools.all()}
    activities = [_activity_plan(activity, by_key) for activity in costing.activities.all()]
    last = CostPoolAmount.objects.filter(pool__costing=costing).order_by("pool_id", "-month").distinct("pool_id")
    latest = {amount.pool_id: amount for amount in last}
    pools = [_pool_plan(pool, latest.get(pool.pk), activities) for pool in by_key.values()]
    return Plan(costing, pools, activities)


def _activity_plan(activity: Activity, pools: Mapping[int, CostPool]) -> ActivityPlan:
    if activity.resource_id:
        activity.resource = pools[activity.resource_id]
    return ActivityPlan(
        activity=activity,
        driver=driver_named(activity.driver) if activity.driver else None,
        shares=tuple(
            Share(activity.label, pools[part.pool_id].label, part.percent / 100) for part in activity.shares.all()
        ),
        terms=_terms(activity.equation),
    )


def _terms(equation: str) -> tuple[Term, ...]:
    found = read_equation(equation) if equation else ()
    return tuple(Term(driver_named(term.driver), term.minutes) for term in found)


def _pool_plan(pool: CostPool, last: CostPoolAmount | None, activities: list[ActivityPlan]) -> PoolPlan:
    return PoolPlan(
        pool=pool,
        last=last,
        shares=tuple(share for plan in activities for share in plan.shares if share.pool == pool.label),
        time_driven=any(plan.activity.resource_id == pool.pk for plan in activities),
    )


MONTHS: Lately[tuple[int, dt.date | None, str | None], Months] = Lately(seconds=600, most=10)


def months_of(run: Run, *, since: dt.date | None = None) -> Months:
    """Reconciliation, rates and use of capacity by month: written once, so read once (4 queries, then none)."""
    question = (run.pk, since, get_language())  # resources are named in a language
    return MONTHS.told(question) or MONTHS.keep(question, _months_of(run, since))


def _months_of(run: Run, since: dt.date | None) -> Months:
    months = RunMonth.objects.filter(run=run).order_by("-month")
    rates = ActivityRate.objects.filter(activity__run=run).select_related("activity")
    if since:
        months, rates = months.filter(month__gte=since), rates.filter(month__gte=since)
    by_place = {(rate.month, rate.activity_id): rate for rate in rates}
    use = capacity_use(run, month__gte=since) if since else capacity_use(run)
    return Months(list(months), list(RunActivity.objects.filter(run=run)), by_place, use)


def capacity_use(run: Run, **condition: dt.date) -> list[CapacityUse]:
    """Minutes used of each resource as the run found them, newest month first (1 query)."""
    months = RunPoolMonth.objects.filter(pool__run=run, capacity__isnull=False, **condition).select_related("pool")
    return [
        CapacityUse(row.month, row.pool.label, row.used or 0, row.capacity or 0)
        for row in months.order_by("-month", "pool__position")
    ]


def recent_use(months: Months) -> list[CapacityUse]:
    """Use of capacity in the last year with figures: what is older cannot be acted on (no query)."""
    recent = {row.month for row in months.months[:12]}
    return [use for use in months.capacity if use.month in recent]


def month_detail(published: Published, month: dt.date) -> MonthDetail | None:
    """One month: what was entered, what each activity cost, used and charged (6 queries); none without figures."""
    run = published.run
    found = RunMonth.objects.filter(run=run, month=month).first()
    if found is None:
        return None
    drivers = [driver_named(code) for code in published.totals.drivers]
    rates = list(ActivityRate.objects.filter(activity__run=run, month=month).select_related("activity"))
    return MonthDetail(
        month=found,
        lines=[
            MonthLine(rate.activity, rate, _charges(rate, drivers))
            for rate in sorted(rates, key=lambda rate: rate.activity.position)
        ],
        amounts=list(
            CostPoolAmount.objects.filter(pool__costing__is_current=True, month=month)
            .select_related("pool")
            .order_by("pool__name")
        ),
        capacity=capacity_use(run, month=month),
        earlier=_beside(run, month__lt=month, order="-month"),
        later=_beside(run, month__gt=month, order="month"),
    )


def _charges(rate: ActivityRate, drivers: list[Driver]) -> tuple[Charge, ...]:
    return tuple(
        Charge(driver, cents / 100) for driver, cents in zip(drivers, rate.coefficients, strict=False) if cents
    )


def _beside(run: Run, *, order: str, **condition: dt.date) -> dt.date | None:
    return RunMonth.objects.filter(run=run, **condition).order_by(order).values_list("month", flat=True).first()
