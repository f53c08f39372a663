"""What a costing is made of, and the refusal of one that cannot be computed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

Number = int | float | Decimal | Fraction


class CostingError(ValueError):
    """A costing that cannot be computed; `code` and `parameters` are what a translated sentence is made from."""

    def __init__(self, code: str, message: str, **parameters: object) -> None:
        super().__init__(message)
        self.code = code
        self.parameters = parameters


@dataclass(frozen=True, kw_only=True)
class CostPool:
    """A resource and what it cost in the period."""

    key: str
    amount: int  # cents
    capacity: Number | None = None  # practical capacity in minutes; needed when time-driven activities draw on it
    company_level: bool = False  # deliberately charged to nobody; a pool without activity is otherwise refused


@dataclass(frozen=True, kw_only=True)
class Traditional:
    """An activity that takes shares of pools, shared out in full by the quantity of one driver."""

    key: str
    driver: str
    shares: Mapping[str, Number]  # by pool, 0 to 1


@dataclass(frozen=True, kw_only=True)
class TimeTerm:
    """Minutes for each unit of a driver."""

    driver: str
    minutes: Number


@dataclass(frozen=True, kw_only=True)
class TimeDriven:
    """An activity that takes minutes of one pool, by its time equation.

    minutes = sum of terms: 8 an order + 2 an order line + 15 a rush order, say.
    """

    key: str
    pool: str
    terms: tuple[TimeTerm, ...]


Activity = Traditional | TimeDriven


def check(pools: Sequence[CostPool], activities: Sequence[Activity], quantities: Mapping[str, Number]) -> None:
    """Refuse what cannot be computed, the plainest reason first."""
    _refuse_repeated("pool_twice", [pool.key for pool in pools])
    _refuse_repeated("activity_twice", [activity.key for activity in activities])
    for pool in pools:
        _check_pool(pool)
    for driver, quantity in quantities.items():
        if not fraction(quantity) >= 0:
            raise CostingError("negative_quantity", f"The quantity of driver {driver} is negative.", driver=driver)
    by_key = {pool.key: pool for pool in pools}
    used: Counter[str] = Counter()
    for activity in activities:
        used.update(_check_activity(activity, by_key, quantities))
    for pool in pools:
        if not pool.company_level and pool.key not in used:
            raise CostingError("pool_without_activity", f"No activity takes a part of pool {pool.key}.", pool=pool.key)
        _check_shares(pool, activities)


def _check_pool(pool: CostPool) -> None:
    if not isinstance(pool.amount, int | np.integer):
        raise CostingError("not_cents", f"The amount of pool {pool.key} must be whole cents.", pool=pool.key)
    if pool.amount < 0:
        raise CostingError("negative_amount", f"The amount of pool {pool.key} is negative.", pool=pool.key)
    if pool.capacity is not None and not fraction(pool.capacity) > 0:
        raise CostingError("capacity_not_positive", f"Pool {pool.key} must have a capacity above zero.", pool=pool.key)


def _check_activity(activity: Activity, pools: Mapping[str, CostPool], quantities: Mapping[str, Number]) -> list[str]:
    """The keys of the pools that the activity takes a part of."""
    traditional = isinstance(activity, Traditional)
    drivers = [activity.driver] if isinstance(activity, Traditional) else [term.driver for term in activity.terms]
    taken = list(activity.shares) if isinstance(activity, Traditional) else [activity.pool]
    if not drivers or not all(drivers):
        raise CostingError("activity_without_driver", f"Activity {activity.key} has no driver.", activity=activity.key)
    for driver in drivers:
        if driver not in quantities:
            raise about("unknown_driver", f"Nothing is known of driver {driver}", activity, driver=driver)
    for key in taken:
        if key not in pools:
            raise about("unknown_pool", f"There is no pool {key}", activity, pool=key)
        if not traditional and pools[key].capacity is None:
            raise about("pool_without_capacity", f"Pool {key} has no practical capacity", activity, pool=key)
    if isinstance(activity, TimeDriven) and any(fraction(term.minutes) < 0 for term in activity.terms):
        raise about("negative_minutes", "The minutes of a time equation cannot be negative", activity)
    return taken


def _check_shares(pool: CostPool, activities: Sequence[Activity]) -> None:
    shares = [fraction(a.shares[pool.key]) for a in activities if isinstance(a, Traditional) and pool.key in a.shares]
    if any(share < 0 for share in shares):
        raise CostingError("negative_share", f"A share of pool {pool.key} is negative.", pool=pool.key)
    if sum(shares) > 1:
        percent = round(float(sum(shares) * 100), 4)
        raise CostingError(
            "shares_over_100", f"The shares of pool {pool.key} make {percent} %.", pool=pool.key, percent=percent
        )


def _refuse_repeated(code: str, keys: Sequence[str]) -> None:
    for key, times in Counter(keys).items():
        if times > 1:
            raise CostingError(code, f"{key} is given twice.", key=key)


def about(code: str, reason: str, activity: Activity, **parameters: object) -> CostingError:
    return CostingError(code, f"{reason}, needed by activity {activity.key}.", activity=activity.key, **parameters)


def fraction(number: Number) -> Fraction:
    """Exactly the number; a float is taken for the decimal that it prints as."""
    try:
        return Fraction(str(number)) if isinstance(number, float) else Fraction(number)
    except (ValueError, OverflowError, TypeError) as error:
        raise CostingError("not_a_number", f"{number} is not a finite number.", number=str(number)) from error
