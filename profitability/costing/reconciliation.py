"""Every cent entered, accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from profitability.costing.allocation import ActivityCost, Allocation


@dataclass(frozen=True, kw_only=True)
class Charged:
    """What `charge` made of one activity: totals in cents."""

    customers: int
    anonymous: int = 0  # caused by purchases without a customer: at company level
    charges: int = 0  # how many amounts were rounded; bounds the rounding difference


@dataclass(frozen=True, kw_only=True)
class DirectCosts:
    """Costs that go straight to the customer: goods, delivery, rebates, gifts, compensation, rewards. Cents."""

    entered: int = 0
    customers: int = 0
    anonymous: int = 0


NO_DIRECT_COSTS = DirectCosts()


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Customers + unused capacity - overload + company level = entered, to the cent. Direct costs are within."""

    entered: int
    charged: int  # to customers
    charged_anonymous: int
    unused_capacity: int
    overload: int
    company_level: int
    rounding_difference: int
    beyond_rounding: tuple[str, ...]  # activities whose cost and charges differ by more than rounding explains

    @property
    def accounted_for(self) -> int:
        """The sum of all the parts."""
        parts = self.charged + self.charged_anonymous + self.unused_capacity - self.overload
        return parts + self.company_level + self.rounding_difference

    @property
    def balances(self) -> bool:
        """True when the parts make what was entered, and the rounding difference hides nothing but rounding."""
        return self.accounted_for == self.entered and not self.beyond_rounding


def reconcile(
    allocation: Allocation, charged: Mapping[str, Charged], direct: DirectCosts = NO_DIRECT_COSTS
) -> Reconciliation:
    """Put what customers were charged beside what was entered. `charged` has an entry for every activity."""
    made = [(activity, charged[activity.key]) for activity in allocation.activities]
    pools = allocation.pools
    customers = sum(entry.customers for _, entry in made)
    anonymous = sum(entry.anonymous for _, entry in made)
    return Reconciliation(
        entered=sum(pool.amount for pool in pools) + direct.entered,
        charged=customers + direct.customers,
        charged_anonymous=anonymous + direct.anonymous,
        unused_capacity=sum(pool.unused_capacity for pool in pools),
        overload=sum(pool.overload for pool in pools),
        company_level=sum(pool.company_level for pool in pools),
        rounding_difference=sum(pool.charged + pool.rounding_difference for pool in pools) - customers - anonymous,
        beyond_rounding=tuple(activity.key for activity, entry in made if _beyond_rounding(activity, entry)),
    )


@dataclass(frozen=True, kw_only=True)
class PoolReconciliation:
    """Where the amount of one pool went; the pools of a period add up to its `Reconciliation`."""

    key: str
    entered: int
    charged: int
    charged_anonymous: int
    unused_capacity: int
    overload: int
    company_level: int
    rounding_difference: int


def reconcile_pools(allocation: Allocation, charged: Mapping[str, Charged]) -> tuple[PoolReconciliation, ...]:
    """As `reconcile`, pool by pool: what an activity charged comes from its pools in proportion to what it took.

    What is left over by rounding stands beside each pool, so that every pool accounts for its own amount to the cent.
    """
    customers = _by_pool(allocation, {key: entry.customers for key, entry in charged.items()})
    anonymous = _by_pool(allocation, {key: entry.anonymous for key, entry in charged.items()})
    return tuple(
        PoolReconciliation(
            key=pool.key,
            entered=pool.amount,
            charged=customers[pool.key],
            charged_anonymous=anonymous[pool.key],
            unused_capacity=pool.unused_capacity,
            overload=pool.overload,
            company_level=pool.company_level,
            rounding_difference=pool.charged + pool.rounding_difference - customers[pool.key] - anonymous[pool.key],
        )
        for pool in allocation.pools
    )


def _by_pool(allocation: Allocation, cents: Mapping[str, int]) -> dict[str, int]:
    """The cents that activities charged, by pool: cut at rounded sums, so that no cent is lost or made."""
    totals = {pool.key: 0 for pool in allocation.pools}
    for activity in allocation.activities:
        whole = sum(activity.parts.values(), Fraction())
        reached, given = Fraction(), 0
        for pool, part in activity.parts.items():
            reached += part
            upto = round(cents[activity.key] * reached / whole) if whole else 0
            totals[pool] += upto - given
            given = upto
    return totals


def _beyond_rounding(activity: ActivityCost, entry: Charged) -> bool:
    """Half a cent for every amount charged, and half a cent for the cost itself, is all that rounding can make."""
    return abs(activity.cost - entry.customers - entry.anonymous) * 2 > entry.charges + 1
