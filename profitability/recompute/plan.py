"""The current costing as the pure module reads it: one snapshot, so that edits meanwhile change nothing of a run."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from crm_site.lib.jobs.context import JobProblem
from profitability.costing import Activity as PureActivity
from profitability.costing import (
    Allocation,
    CostingError,
    CostPool,
    TimeDriven,
    TimeTerm,
    Traditional,
    allocate,
)
from profitability.drivers import Arises, driver_named, is_known
from profitability.equations import read_equation
from profitability.models import Activity, Costing
from profitability.models import CostPool as PoolRow
from profitability.recompute.months import month_number

PROBLEMS = {
    "pool_without_activity": gettext_noop(
        "No activity takes a part of the cost pool “%(pool)s”. "
        "Give it an activity, or mark it as kept at company level."
    ),
    "activity_without_driver": gettext_noop(
        "The activity “%(activity)s” has no driver. Give it one, or remove it from the costing."
    ),
    "unknown_driver": gettext_noop(
        "No records yield the driver “%(driver)s” of the activity “%(activity)s”. Choose another driver."
    ),
    "shares_over_100": gettext_noop(
        "The activities take %(percent)s %% of the cost pool “%(pool)s”. Lower their shares to 100 %% or less."
    ),
    "pool_without_capacity": gettext_noop(
        "The cost pool “%(pool)s” has no practical capacity, which the activity “%(activity)s” needs. Enter it."
    ),
    "negative_quantity": gettext_noop("The records add up to less than nothing of the driver “%(driver)s”."),
}
DRIVER_WITHOUT_QUANTITY = gettext_noop(
    "The driver “%(driver)s” of the activity “%(activity)s” has no quantity in any month with costs. "
    "Choose another driver, or enter what happened."
)
OTHER_PROBLEM = gettext_noop("The costing cannot be computed: %(reason)s")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Activities, pools and amounts by month; keys are the primary keys as text."""

    costing: Costing | None
    activities: tuple[Activity, ...]
    terms: Mapping[int, tuple[PureActivity, tuple[str, ...]]]  # by activity: what it is, and its drivers
    pools: tuple[PoolRow, ...]
    amounts: Mapping[int, Mapping[str, int]]  # cents by pool, by month numbered from year 0
    capacities: Mapping[int, Mapping[str, Decimal]]  # minutes by pool, in months whose capacity is not the usual one
    drivers: tuple[str, ...]  # every driver that any activity uses, in alphabetical order: that of the quantities

    @classmethod
    def without_costing(cls, drivers: tuple[str, ...] = ()) -> "Plan":
        """Drivers are counted, and nothing is charged."""
        return cls(costing=None, activities=(), terms={}, pools=(), amounts={}, capacities={}, drivers=drivers)

    @property
    def cost_ratio(self) -> Decimal | None:
        return self.costing.default_cost_ratio if self.costing else None

    @property
    def costed_months(self) -> NDArray[np.int64]:
        """The months in which something was entered, in order."""
        return np.array(sorted(month for month, pools in self.amounts.items() if sum(pools.values())), np.int64)

    def check_drivers(self, quantities: Mapping[int, Mapping[str, Fraction]]) -> None:
        """Refuse a driver of which no month with costs has any quantity: nobody could ever be charged by it."""
        for activity in self.activities:
            pure, drivers = self.terms[activity.pk]
            costed = [month for month in quantities if self._takes(pure, month)]
            if costed and not any(quantities[month][drivers[0]] for month in costed):
                label = str(driver_named(drivers[0]).label)
                raise JobProblem(DRIVER_WITHOUT_QUANTITY, driver=label, activity=activity.name)

    def _takes(self, activity: PureActivity, month: int) -> bool:
        """Whether a traditional activity takes anything of the pools of a month."""
        amounts = self.amounts.get(month, {})
        return isinstance(activity, Traditional) and any(amounts.get(pool) for pool in activity.shares)

    def drivers_of(self, activity: Activity) -> tuple[str, ...]:
        return self.terms[activity.pk][1]

    def arises(self, activity: Activity) -> Arises:
        """Whether its cost comes with each order, with the relation, or once; a mixed one with the relation."""
        kinds = {driver_named(code).arises for code in self.drivers_of(activity)}
        return kinds.pop() if len(kinds) == 1 else Arises.FROM_RELATION

    def allocate(self, month: int, quantities: Mapping[str, Fraction]) -> Allocation:
        """The costs of a month; an activity whose driver stood still stays at company level. Problems come in words."""
        amounts, capacities = self.amounts.get(month, {}), self.capacities.get(month, {})
        pools = [
            CostPool(
                key=str(pool.pk),
                amount=amounts.get(str(pool.pk), 0),
                capacity=capacities.get(str(pool.pk), pool.practical_capacity_minutes),
                company_level=pool.company_level,
            )
            for pool in self.pools
        ]
        try:
            return allocate(pools, [pure for pure, _ in self.terms.values()], quantities, idle="company_level")
        except CostingError as error:
            raise self._problem(error) from error

    def _problem(self, error: CostingError) -> JobProblem:
        names = {str(pool.pk): pool.name for pool in self.pools}
        activities = {str(activity.pk): activity.name for activity in self.activities}
        values = {name: str(value) for name, value in error.parameters.items()}
        if "pool" in values:
            values["pool"] = names.get(values["pool"], values["pool"])
        if "activity" in values:
            values["activity"] = activities.get(values["activity"], values["activity"])
        if error.code not in PROBLEMS:
            return JobProblem(OTHER_PROBLEM, reason=str(error))
        return JobProblem(PROBLEMS[error.code], **values)


def read_plan() -> Plan:
    """The costing that is in force (4 queries); an empty plan before one was published."""
    costing = Costing.objects.current()
    if costing is None:
        return Plan.without_costing()
    activities = tuple(costing.activities.prefetch_related("shares"))
    terms = {activity.pk: _read_activity(activity) for activity in activities}
    amounts: dict[int, dict[str, int]] = defaultdict(dict)
    capacities: dict[int, dict[str, Decimal]] = defaultdict(dict)
    pools = tuple(costing.pools.prefetch_related("amounts"))
    for pool in pools:
        for entry in pool.amounts.all():
            amounts[month_number(entry.month)][str(pool.pk)] = int(entry.amount * 100)
            if entry.capacity_minutes is not None:
                capacities[month_number(entry.month)][str(pool.pk)] = entry.capacity_minutes
    used = {driver for _, drivers in terms.values() for driver in drivers}
    return Plan(
        costing=costing,
        activities=activities,
        terms=terms,
        pools=pools,
        amounts=amounts,
        capacities=capacities,
        drivers=tuple(sorted(code for code in used if is_known(code))),
    )


def _read_activity(activity: Activity) -> tuple[PureActivity, tuple[str, ...]]:
    key = str(activity.pk)
    if activity.method == Activity.Method.TIME_DRIVEN:
        # In the order of the run's drivers, so that everybody who adds up a charge does it in the same order.
        ordered = sorted(read_equation(activity.equation), key=lambda term: term.driver) if activity.equation else ()
        terms = tuple(TimeTerm(driver=term.driver, minutes=term.minutes) for term in ordered)
        return TimeDriven(key=key, pool=str(activity.resource_id), terms=terms), tuple(term.driver for term in terms)
    shares = {str(share.pool_id): share.percent / 100 for share in activity.shares.all()}
    return Traditional(key=key, driver=activity.driver, shares=shares), (activity.driver,)
