"""Both kinds of rates for the same work side by side: what a unit costs by the minute, and if all were absorbed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from customers.models import Run
from profitability.drivers import Driver, driver_named
from profitability.equations import EquationTerm, read_equation
from profitability.models import Activity, ActivityRate, RunPoolMonth
from profitability.periods import Period
from profitability.reports.balance import within
from profitability.rounding import rounded_parts

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class BothRates:
    """One activity in a period. A unit is one of its driver; a minute where a time equation has several drivers."""

    label: str
    driver: Driver | None
    quantity: float
    minutes_each: float | None  # of a unit; None where the activity is traditional
    time_driven_cost: Decimal | None
    traditional_cost: Decimal
    estimated: bool  # the traditional cost follows the estimated share, not the minutes

    @property
    def time_driven_rate(self) -> float | None:
        return self._each(self.time_driven_cost)

    @property
    def traditional_rate(self) -> float | None:
        return self._each(self.traditional_cost)

    def _each(self, cost: Decimal | None) -> float | None:
        return None if cost is None or not self.quantity else float(cost) / self.quantity


@dataclass(frozen=True, slots=True)
class ComparedRates:
    """All activities of a period under both methods."""

    rows: list[BothRates]
    unused: Decimal  # what time-driven rates leave with the company
    overload: Decimal

    @property
    def time_driven(self) -> Decimal:
        return sum((row.time_driven_cost for row in self.rows if row.time_driven_cost is not None), NOTHING)

    @property
    def traditional(self) -> Decimal:
        """What the same activities cost when everything is absorbed."""
        return sum((row.traditional_cost for row in self.rows if row.time_driven_cost is not None), NOTHING)


@dataclass(frozen=True, slots=True)
class _Work:
    activity: Activity | None
    label: str
    cost: Decimal
    quantity: float
    is_time_driven: bool


def compared_rates(run: Run, period: Period) -> ComparedRates:
    """Each activity of a period by the minute and by full absorption (2 queries).

    By absorption a resource's whole amount, as far as no traditional activity takes shares of it, goes to its
    time-driven activities: by their estimated shares where these are given, else in proportion to their minutes.
    """
    rates = within(ActivityRate.objects.filter(activity__run=run), period)
    work = _added(rates.select_related("activity__activity").order_by("activity__position"))
    pools = within(RunPoolMonth.objects.filter(pool__run=run, capacity__isnull=False), period).select_related("pool")
    spare: dict[int | None, Decimal] = defaultdict(Decimal)
    unused = overload = NOTHING
    for row in pools:
        spare[row.pool.pool_id] += row.unused_capacity - row.overload
        unused, overload = unused + row.unused_capacity, overload + row.overload
    absorbed = _absorbed(work, spare)
    return ComparedRates([_both(one, absorbed[place]) for place, one in enumerate(work)], unused, overload)


def _added(rates: Iterable[ActivityRate]) -> list[_Work]:
    costs: dict[int, Decimal] = defaultdict(Decimal)
    quantities: dict[int, float] = defaultdict(float)
    found = {}
    for rate in rates:
        costs[rate.activity_id] += rate.cost
        quantities[rate.activity_id] += rate.quantity
        found[rate.activity_id] = rate.activity
    return [
        _Work(one.activity, one.label, costs[key], quantities[key], one.method == Activity.Method.TIME_DRIVEN)
        for key, one in found.items()
    ]


def _absorbed(work: list[_Work], spare: Mapping[int | None, Decimal]) -> list[Decimal]:
    """The traditional cost of each activity, in cents that add up to what its resource cost."""
    costs = [one.cost for one in work]
    of_resource: dict[int | None, list[int]] = defaultdict(list)
    for place, one in enumerate(work):
        if one.is_time_driven and one.activity:
            of_resource[one.activity.resource_id].append(place)
    for resource, places in of_resource.items():
        used = sum((work[place].cost for place in places), NOTHING)
        parts = [_part(work[place], used, used + spare[resource]) for place in places]
        for place, cost in zip(places, rounded_parts(parts), strict=True):
            costs[place] = cost
    return costs


def _part(work: _Work, used: Decimal, whole: Decimal) -> Decimal:
    estimate = work.activity.estimated_percent if work.activity else None
    if estimate:
        return whole * estimate / 100
    return whole * work.cost / used if used else NOTHING


def _both(work: _Work, absorbed: Decimal) -> BothRates:
    if not work.is_time_driven or work.activity is None:
        driver = driver_named(work.activity.driver) if work.activity and work.activity.driver else None
        return BothRates(
            label=work.label, driver=driver, quantity=work.quantity, minutes_each=None,
            time_driven_cost=None, traditional_cost=absorbed, estimated=False,
        )  # fmt: skip
    term = _single(read_equation(work.activity.equation))
    each = float(term.minutes) if term else 1.0
    return BothRates(
        label=work.label,
        driver=driver_named(term.driver) if term else None,
        quantity=work.quantity / each,
        minutes_each=each,
        time_driven_cost=work.cost,
        traditional_cost=absorbed,
        estimated=work.activity.estimated_percent is not None,
    )


def _single(terms: tuple[EquationTerm, ...]) -> EquationTerm | None:
    return terms[0] if len(terms) == 1 else None
