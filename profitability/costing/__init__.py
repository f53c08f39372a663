"""Activity-based costing, traditional and time-driven: from amounts entered to what each customer is charged.

Pure: numpy only. Money is whole cents. Rates are exact fractions until a customer is charged: then
round-half-even(sum of cents per unit * units), once for each customer, activity and period; what that rounding leaves
is named and kept at company level, so that every cent entered is accounted for. Call it once per period:

    allocation = allocate(pools, activities, quantities)              totals in, rates out
    cents = charge(allocation.activity("orders"), {"orders": counts}) one number per customer, a million at a time
    reconcile(allocation, {"orders": Charged(...)}).balances          before anything is published

The example of Kaplan & Anderson (2004): 560,000 a quarter buys 700,000 minutes, so 0.80 a minute. Time-driven:

    >>> from decimal import Decimal
    >>> team = CostPool(key="team", amount=560_000_00, capacity=700_000)
    >>> done = {"orders": 49_000, "enquiries": 1_400, "checks": 2_500}
    >>> minutes = {"orders": 8, "enquiries": 44, "checks": 50}
    >>> equation = {key: (TimeTerm(driver=key, minutes=each),) for key, each in minutes.items()}
    >>> timed = [TimeDriven(key=key, pool="team", terms=terms) for key, terms in equation.items()]
    >>> allocation = allocate([team], timed, done)
    >>> for cost in allocation.activities:
    ...     print(cost.key, float(cost.cents_per_unit[cost.key]) / 100, cost.quantity, cost.cost // 100)
    orders 6.4 392000 313600
    enquiries 35.2 61600 49280
    checks 40.0 125000 100000
    >>> pool = allocation.pools[0]
    >>> float(pool.cents_per_minute), pool.used_minutes, pool.charged // 100
    (80.0, Fraction(578600, 1), 462880)
    >>> pool.unused_minutes, pool.unused_capacity // 100
    (Fraction(121400, 1), 97120)

Traditional, with 70, 10 and 20 % of the time by interview, everything is absorbed:

    >>> split = {"orders": Decimal("0.70"), "enquiries": Decimal("0.10"), "checks": Decimal("0.20")}
    >>> full = [Traditional(key=key, driver=key, shares={"team": share}) for key, share in split.items()]
    >>> for activity in allocate([team], full, done).activities:
    ...     print(activity.key, float(activity.rate) / 100, activity.cost // 100)
    orders 8.0 392000
    enquiries 40.0 56000
    checks 44.8 112000
"""

from profitability.costing.allocation import ActivityCost, Allocation, PoolCost, allocate, charge, charge_periods
from profitability.costing.inputs import Activity, CostingError, CostPool, TimeDriven, TimeTerm, Traditional
from profitability.costing.reconciliation import (
    Charged,
    DirectCosts,
    PoolReconciliation,
    Reconciliation,
    reconcile,
    reconcile_pools,
)

__all__ = [
    "Activity",
    "ActivityCost",
    "Allocation",
    "Charged",
    "CostPool",
    "CostingError",
    "DirectCosts",
    "PoolCost",
    "PoolReconciliation",
    "Reconciliation",
    "TimeDriven",
    "TimeTerm",
    "Traditional",
    "allocate",
    "charge",
    "charge_periods",
    "reconcile",
    "reconcile_pools",
]
