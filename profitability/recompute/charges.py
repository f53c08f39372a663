"""From months to money: the rates of each month, and what they charge to every customer, to the cent.

A charge is round-half-even(sum of cents per unit * units), once for each customer, activity and month: by numpy here,
by `reports.profit_and_loss` for a page; both add the drivers up in the same order and reach the same cents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop

from crm_site.lib.bulk import Table
from crm_site.lib.jobs.context import JobProblem
from customers.models import Run
from profitability.costing import (
    Allocation,
    Charged,
    PoolCost,
    PoolReconciliation,
    Reconciliation,
    charge_periods,
    reconcile,
    reconcile_pools,
)
from profitability.drivers import Arises
from profitability.models import ActivityRate, RunActivity, RunMonth, RunPool, RunPoolMonth
from profitability.recompute.gather import Gathered, MonthsInAll, MonthTotals
from profitability.recompute.months import THOUSAND, Whole, money, month_date, month_number, starts_of, sums_by
from profitability.recompute.plan import Plan
from profitability.recompute.records import QUANTITY

DOES_NOT_RECONCILE = gettext_noop(
    "The costing of %(month)s does not add up to what was entered, so nothing was published. "
    "The difference is %(difference)s cents."
)
CUSTOMERS, ANONYMOUS_SALES = 0, 1
COLUMN_OF = {Arises.FROM_ORDERS: "order_costs", Arises.FROM_RELATION: "relation_costs"}


@dataclass(frozen=True)
class MonthResult:
    """One month: what was sold in it, what its costs became, and whether they add up."""

    month: date
    customers: MonthTotals
    anonymous: MonthTotals
    charged: Mapping[str, Charged]  # by activity key
    allocation: Allocation
    reconciliation: Reconciliation

    def as_json(self) -> dict[str, Any]:
        """What a later run starts from."""
        return {
            "month": month_number(self.month),
            "customers": self.customers.as_json(),
            "anonymous": self.anonymous.as_json(),
            "charged": [
                [self.charged[cost.key].customers, self.charged[cost.key].anonymous]
                for cost in self.allocation.activities
            ],
        }


def charge_months(gathered: Gathered, *, as_of: date, plan: Plan, check: Callable[[], None]) -> list[MonthResult]:
    """Find the rates of every month, charge all customers, and reconcile.

    Adds the cost to serve to `gathered.sums`, in all and by what makes it arise.
    """
    allocations = allocate_months(gathered.customers, gathered.anonymous, plan, as_of=as_of)
    charged = {month: nothing_charged(plan) for month in allocations}
    charge_everybody(gathered, plan, allocations, charged, check=check)
    return reconciled(gathered.customers, gathered.anonymous, allocations, charged)


def allocate_months(
    customers: MonthsInAll,
    anonymous: MonthsInAll,
    plan: Plan,
    *,
    as_of: date,
    known: dict[tuple[int, ...], Allocation] | None = None,
) -> dict[int, Allocation]:
    """The rates of every month up to a day, by what everybody caused in it.

    `known` remembers those of months in which as much was caused, for who asks again with the same plan.
    """
    found = {} if known is None else known
    last = month_number(as_of)
    months = sorted({*customers, *anonymous, *(month for month in plan.amounts if month <= last)})
    quantities, allocations = {}, {}
    for month in months:
        thousandths = _thousandths(customers, anonymous, month, plan.drivers)
        units = (Fraction(each, THOUSAND) for each in thousandths)
        quantities[month] = dict(zip(plan.drivers, units, strict=True))
        key = (month, *thousandths)
        if key not in found:
            found[key] = plan.allocate(month, quantities[month])
        allocations[month] = found[key]
    if customers or anonymous:
        plan.check_drivers(quantities)
    return allocations


def _thousandths(customers: MonthsInAll, anonymous: MonthsInAll, month: int, drivers: Sequence[str]) -> list[int]:
    """Exactly what everybody caused in the month, by driver."""
    nothing = MonthTotals()
    both = customers.get(month, nothing).quantities + anonymous.get(month, nothing).quantities
    thousandths: list[int] = np.broadcast_to(both, len(drivers)).tolist()
    return thousandths


def nothing_charged(plan: Plan) -> Whole:
    """What a month charges, in cents: a row for each activity, and of customers and of anonymous sales a column."""
    return np.zeros((len(plan.activities), 2), np.int64)


def charge_everybody(
    gathered: Gathered,
    plan: Plan,
    allocations: Mapping[int, Allocation],
    charged: Mapping[int, Whole],
    *,
    check: Callable[[], None],
) -> None:
    """Charge all customers that were read, and add what they were charged to their sums and to those of the months."""
    if not plan.activities:
        return
    for number in range(gathered.people.slices):
        check()
        rows = gathered.months.read(number, ["place", "month", *(QUANTITY + code for code in plan.drivers)])
        charge_rows(rows, plan, allocations, sums=gathered.sums, charged=charged)


def charge_rows(
    rows: Table,
    plan: Plan,
    allocations: Mapping[int, Allocation],
    *,
    sums: Table,
    charged: Mapping[int, Whole],
    times: int = 1,
) -> None:
    """Charge months of customers, by place; `times` -1 takes back what was charged."""
    months = np.array(list(allocations))
    period = np.searchsorted(months, rows["month"])
    units = {code: rows[QUANTITY + code] / THOUSAND for code in plan.drivers}
    anonymous = int(np.searchsorted(rows["place"], 1))  # their rows come first
    starts = starts_of(rows["place"])
    customers = rows["place"][starts]
    for position, activity in enumerate(plan.activities):
        cents = charge_periods([month.activities[position] for month in allocations.values()], period, units) * times
        by_customer = np.add.reduceat(cents, starts) if len(starts) else cents
        for name in filter(None, ("cost_to_serve", COLUMN_OF.get(plan.arises(activity)))):
            sums[name][customers] += by_customer
        for payer, of in ((ANONYMOUS_SALES, slice(anonymous)), (CUSTOMERS, slice(anonymous, None))):
            for place, amount in enumerate(sums_by(period[of], cents[of], len(months))):
                if amount:
                    charged[int(months[place])][position, payer] += amount


def reconciled(
    customers: MonthsInAll,
    anonymous: MonthsInAll,
    allocations: Mapping[int, Allocation],
    charged: Mapping[int, Whole],
) -> list[MonthResult]:
    """What every month came to; refused where it is not what was entered."""
    nothing = MonthTotals()
    return [
        _result(month, customers.get(month, nothing), anonymous.get(month, nothing), allocation, charged[month])
        for month, allocation in allocations.items()
    ]


def _result(
    month: int, customers: MonthTotals, anonymous: MonthTotals, allocation: Allocation, charged: Whole
) -> MonthResult:
    made = {
        activity.key: Charged(
            customers=int(charged[position, CUSTOMERS]),
            anonymous=int(charged[position, ANONYMOUS_SALES]),
            charges=customers["rows"] + anonymous["rows"],
        )
        for position, activity in enumerate(allocation.activities)
    }
    reconciliation = reconcile(allocation, made)
    if not reconciliation.balances:
        difference = reconciliation.entered - reconciliation.accounted_for
        raise JobProblem(DOES_NOT_RECONCILE, month=f"{month_date(month):%Y-%m}", difference=difference)
    return MonthResult(month_date(month), customers, anonymous, made, allocation, reconciliation)


def keep_months(found: Iterable[Sequence[MonthResult]], *, run: Run, plan: Plan) -> None:
    """Keep rates and months of the run, once they are there, for pages that tell how figures were reached."""
    for results in found:
        with transaction.atomic():
            _keep(run, plan, results)


def _keep(run: Run, plan: Plan, results: Sequence[MonthResult]) -> None:
    kept = RunActivity.objects.bulk_create(
        RunActivity(
            run=run,
            activity=activity,
            name=activity.name,
            name_fr=activity.name_fr,
            position=position,
            method=activity.method,
            drivers=list(plan.drivers_of(activity)),
        )
        for position, activity in enumerate(plan.activities)
    )
    ActivityRate.objects.bulk_create(
        [
            _rate(kept[position], result, position, plan.drivers)
            for result in results
            for position in range(len(plan.activities))
        ]
    )
    RunMonth.objects.bulk_create([_run_month(run, result) for result in results])
    _keep_pools(run, plan, results)


def _keep_pools(run: Run, plan: Plan, results: Sequence[MonthResult]) -> None:
    """Where the amount of each cost pool went in each month."""
    kept = RunPool.objects.bulk_create(
        RunPool(run=run, pool=pool, name=pool.name, name_fr=pool.name_fr, position=position)
        for position, pool in enumerate(plan.pools)
    )
    RunPoolMonth.objects.bulk_create(
        _pool_month(pool, result.month, found, cost)
        for result in results
        for pool, found, cost in zip(
            kept, reconcile_pools(result.allocation, result.charged), result.allocation.pools, strict=True
        )
    )


def _pool_month(pool: RunPool, month: date, found: PoolReconciliation, cost: PoolCost) -> RunPoolMonth:
    timed = cost.cents_per_minute is not None
    return RunPoolMonth(
        pool=pool,
        month=month,
        entered=money(found.entered),
        charged=money(found.charged),
        charged_anonymous=money(found.charged_anonymous),
        unused_capacity=money(found.unused_capacity),
        overload=money(found.overload),
        company_level=money(found.company_level),
        rounding_difference=money(found.rounding_difference),
        capacity=float(cost.used_minutes + cost.unused_minutes - cost.overload_minutes) if timed else None,
        used=float(cost.used_minutes) if timed else None,
    )


def _rate(activity: RunActivity, result: MonthResult, position: int, drivers: Sequence[str]) -> ActivityRate:
    cost = result.allocation.activities[position]
    charged = result.charged[cost.key]
    return ActivityRate(
        activity=activity,
        month=result.month,
        cost=money(cost.cost),
        quantity=float(cost.quantity),
        rate=float(cost.rate) / 100,
        coefficients=[float(cost.cents_per_unit.get(code, 0)) for code in drivers],
        charged=money(charged.customers),
        charged_anonymous=money(charged.anonymous),
        rounding_difference=money(cost.cost - charged.customers - charged.anonymous),
    )


def _run_month(run: Run, result: MonthResult) -> RunMonth:
    customers, anonymous, costs = result.customers, result.anonymous, result.reconciliation
    margin = customers.net_revenue - customers["cost_of_goods"]
    return RunMonth(
        run=run,
        month=result.month,
        orders=customers["orders"],
        net_revenue=money(customers.net_revenue),
        gross_margin=money(margin),
        cost_to_serve=money(costs.charged),
        direct_costs=money(customers["direct_costs"]),
        profit=money(margin - costs.charged - customers["direct_costs"]),
        anonymous_net_revenue=money(anonymous.net_revenue),
        anonymous_gross_margin=money(anonymous.net_revenue - anonymous["cost_of_goods"]),
        anonymous_cost_to_serve=money(costs.charged_anonymous),
        entered=money(costs.entered),
        unused_capacity=money(costs.unused_capacity),
        overload=money(costs.overload),
        company_level=money(costs.company_level),
        rounding_difference=money(costs.rounding_difference),
    )
