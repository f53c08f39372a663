"""From pools, activities and driver quantities to the cost of each activity and the rate of each driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.costing.inputs import Activity, CostPool, Number, TimeDriven, Traditional, about, check, fraction


@dataclass(frozen=True, kw_only=True)
class ActivityCost:
    """What an activity cost in the period, and what a unit of its drivers is charged."""

    key: str
    method: Literal["traditional", "time_driven"]
    cost: int  # cents, rounded half to even
    quantity: Fraction  # driver units; minutes where time-driven
    rate: Fraction  # cents for one of those; 0 when there were none
    cents_per_unit: Mapping[str, Fraction]  # by driver: what `charge` multiplies
    parts: Mapping[str, Fraction]  # by pool: the cents of the cost that come from it


@dataclass(frozen=True, kw_only=True)
class PoolCost:
    """Where the amount of a pool went: amount = charged + unused - overload + company level + rounding difference."""

    key: str
    amount: int
    charged: int  # to activities
    cents_per_minute: Fraction | None  # None where no time-driven activity draws on the pool
    used_minutes: Fraction
    unused_minutes: Fraction
    overload_minutes: Fraction  # used beyond practical capacity: charged like any other, so more than was spent
    unused_capacity: int
    overload: int
    company_level: int
    rounding_difference: int  # cents that rounding the parts left over


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """All costs of a period, by activity and by pool, in the order given."""

    activities: tuple[ActivityCost, ...]
    pools: tuple[PoolCost, ...]

    def activity(self, key: str) -> ActivityCost:
        """The activity of that key."""
        return next(activity for activity in self.activities if activity.key == key)


def allocate(
    pools: Sequence[CostPool],
    activities: Sequence[Activity],
    quantities: Mapping[str, Number],
    *,
    idle: Literal["refuse", "company_level"] = "refuse",
) -> Allocation:
    """Cost of each activity and rate of each driver, from the period's total driver quantities.

    Traditional: rate = sum of shares * amounts / driver quantity used. Time-driven: rate a minute = (amount of the pool
    less the shares that traditional activities take) / practical capacity; minutes = sum of terms * quantities;
    capacity not used is charged to nobody. `idle` says what becomes of a traditional activity whose driver had no
    quantity.
    """
    check(pools, activities, quantities)
    totals = {driver: Fraction(quantity) for driver, quantity in quantities.items()}
    shared = {a.key: _parts(a, pools) for a in activities if isinstance(a, Traditional)}
    standing = frozenset(a.key for a in activities if isinstance(a, Traditional) and _idle(a, pools, totals, idle))
    minutes = {a.key: _minutes(a, totals) for a in activities if isinstance(a, TimeDriven)}
    per_minute = {a.pool: _minute_rate(a.pool, pools, shared) for a in activities if isinstance(a, TimeDriven)}
    return Allocation(
        activities=tuple(
            _time_driven_cost(activity, minutes[activity.key], per_minute[activity.pool])
            if isinstance(activity, TimeDriven)
            else _traditional_cost(activity, shared[activity.key], totals, running=activity.key not in standing)
            for activity in activities
        ),
        pools=tuple(
            _pool_cost(
                pool,
                absorbed=sum((parts[pool.key] for key, parts in shared.items() if key not in standing), Fraction()),
                kept=sum((parts[pool.key] for key, parts in shared.items() if key in standing), Fraction()),
                minutes=sum((minutes[a.key] for a in _drawing_on(pool.key, activities)), Fraction()),
                per_minute=per_minute.get(pool.key),
            )
            for pool in pools
        ),
    )


def charge(activity: ActivityCost, quantities: Mapping[str, ArrayLike]) -> NDArray[np.int64]:
    """Cents for each customer: round-half-even(sum over drivers of cents per unit * units)."""
    exact = sum(
        float(cents) * np.asarray(quantities[driver], dtype=np.float64)
        for driver, cents in activity.cents_per_unit.items()
    )
    return np.rint(np.asarray(exact)).astype(np.int64)


def charge_periods(
    costs: Sequence[ActivityCost], period: ArrayLike, quantities: Mapping[str, ArrayLike]
) -> NDArray[np.int64]:
    """As `charge`, for several periods at once: `costs` is the activity in each, `period` says which one charges."""
    place = np.asarray(period, dtype=np.intp)
    exact = sum(
        np.array([float(cost.cents_per_unit[driver]) for cost in costs])[place]
        * np.asarray(quantities[driver], dtype=np.float64)
        for driver in (costs[0].cents_per_unit if costs else ())
    )
    return np.rint(np.broadcast_to(exact, place.shape)).astype(np.int64)


def _parts(activity: Traditional, pools: Sequence[CostPool]) -> dict[str, Fraction]:
    """What the activity takes of every pool."""
    return {pool.key: fraction(activity.shares.get(pool.key, 0)) * int(pool.amount) for pool in pools}


def _idle(
    activity: Traditional,
    pools: Sequence[CostPool],
    totals: Mapping[str, Fraction],
    idle: Literal["refuse", "company_level"],
) -> bool:
    """Whether there is a cost but nobody to charge it to."""
    stands = totals[activity.driver] == 0 and sum(_parts(activity, pools).values()) > 0
    if stands and idle == "refuse":
        reason = f"Driver {activity.driver} has no quantity"
        raise about("driver_without_quantity", reason, activity, driver=activity.driver)
    return stands


def _minutes(activity: TimeDriven, totals: Mapping[str, Fraction]) -> Fraction:
    return sum((fraction(term.minutes) * totals[term.driver] for term in activity.terms), Fraction())


def _minute_rate(key: str, pools: Sequence[CostPool], shared: Mapping[str, Mapping[str, Fraction]]) -> Fraction:
    """Cents a minute: what traditional activities leave of the pool, over its practical capacity."""
    pool = next(pool for pool in pools if pool.key == key)
    left = int(pool.amount) - sum((parts[key] for parts in shared.values()), Fraction())
    return left / fraction(pool.capacity or 0)


def _drawing_on(pool: str, activities: Sequence[Activity]) -> list[TimeDriven]:
    return [activity for activity in activities if isinstance(activity, TimeDriven) and activity.pool == pool]


def _traditional_cost(
    activity: Traditional, parts: Mapping[str, Fraction], totals: Mapping[str, Fraction], *, running: bool
) -> ActivityCost:
    taken = {pool: part for pool, part in parts.items() if part and running}
    cost = sum(taken.values(), Fraction())
    quantity = totals[activity.driver]
    rate = cost / quantity if quantity else Fraction()
    return ActivityCost(
        key=activity.key,
        method="traditional",
        cost=round(cost),
        quantity=quantity,
        rate=rate,
        cents_per_unit={activity.driver: rate},
        parts=taken,
    )


def _time_driven_cost(activity: TimeDriven, minutes: Fraction, per_minute: Fraction) -> ActivityCost:
    cents: dict[str, Fraction] = {}
    for term in activity.terms:
        cents[term.driver] = cents.get(term.driver, Fraction()) + fraction(term.minutes) * per_minute
    return ActivityCost(
        key=activity.key,
        method="time_driven",
        cost=round(minutes * per_minute),
        quantity=minutes,
        rate=per_minute,
        cents_per_unit=cents,
        parts={activity.pool: minutes * per_minute},
    )


def _pool_cost(
    pool: CostPool, *, absorbed: Fraction, kept: Fraction, minutes: Fraction, per_minute: Fraction | None
) -> PoolCost:
    """Each part rounded by itself, and the cents that this leaves over named."""
    rate = per_minute or Fraction()
    spare = Fraction() if per_minute is None else fraction(pool.capacity or 0) - minutes
    charged, amount = round(absorbed + minutes * rate), int(pool.amount)
    unused_minutes, overload_minutes = max(spare, Fraction()), max(-spare, Fraction())
    unused, overload = round(unused_minutes * rate), round(overload_minutes * rate)
    company_level = round(amount - absorbed) if per_minute is None else round(kept)
    return PoolCost(
        key=pool.key,
        amount=amount,
        charged=charged,
        cents_per_minute=per_minute,
        used_minutes=minutes,
        unused_minutes=unused_minutes,
        overload_minutes=overload_minutes,
        unused_capacity=unused,
        overload=overload,
        company_level=company_level,
        rounding_difference=amount - charged - unused + overload - company_level,
    )
