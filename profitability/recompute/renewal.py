"""From what a full run left of everybody to their accounts now, by what changed since."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import Table
from profitability.costing import Allocation
from profitability.models.figures import ANONYMOUS
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers, columns_of
from profitability.recompute.base import Base
from profitability.recompute.charges import (
    MonthResult,
    allocate_months,
    charge_everybody,
    charge_rows,
    nothing_charged,
    reconciled,
)
from profitability.recompute.gather import Gathered, MonthsInAll, MonthTotals, add_months
from profitability.recompute.laid_aside import ACCOUNTS, Former, places_of
from profitability.recompute.months import Whole
from profitability.recompute.plan import Plan
from profitability.recompute.reading import Accounting, Basis
from profitability.recompute.work import Work

COSTS = ("cost_to_serve", "order_costs", "relation_costs")
# Of customers who are new; no stage, category or class is this.
NEW = -1
COMPARED = ("stage", "category", "rfm")
# The rates of all months, by what customers caused in each, and anonymous sales.
Allocate = Callable[[MonthsInAll, MonthsInAll], Mapping[int, Allocation]]


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """The accounts of everybody now, and what became otherwise."""

    accounting: Accounting
    moved: Whole  # ids of customers whose account differs from that of the full run
    vanished: Whole  # ids of customers of the full run who are gone
    before: Accounts  # of both, as they were then
    was: Table  # the lifetime value and the columns of COMPARED, by place in the accounts of now
    former: Table  # what the full run left, see `laid_aside.ACCOUNTS`


@dataclass(frozen=True, kw_only=True)
class Months:
    """What all months come to, and charge, before and now."""

    customers: MonthsInAll
    anonymous: MonthsInAll
    allocations: Mapping[int, Allocation]
    charged: dict[int, Whole]


def renew(work: Work, basis: Basis, former: Former, gathered: Gathered) -> Renewed:
    """Charge whoever changed, and whom the rates of a month moved."""
    base, plan = basis.extent.base, basis.plan
    assert base is not None
    known: dict[tuple[int, ...], Allocation] = {}
    allocate = partial(allocate_months, plan=plan, as_of=work.run.as_of, known=known)
    before = _months_before(base, plan, allocate)
    gone = _placed(former.of_customers(base.changed, plan.drivers), former)
    now = _months_now(before, gone, gathered, plan, allocate)
    sums = former.accounts | {name: former.accounts[name].astype(np.int64) for name in COSTS}
    others = _placed(former.in_months(_moved_months(before, now), plan.drivers, but=base.changed), former)
    if plan.activities:
        charge_rows(gone, plan, before.allocations, sums=sums, charged=now.charged, times=-1)
        charge_rows(others, plan, before.allocations, sums=sums, charged=now.charged, times=-1)
        charge_rows(others, plan, now.allocations, sums=sums, charged=now.charged)
    charge_everybody(gathered, plan, now.allocations, now.charged, check=work.check)
    results = reconciled(now.customers, now.anonymous, now.allocations, now.charged)
    touched = np.unique(others["place"])
    differs = np.any([sums[name][touched] != former.accounts[name][touched] for name in COSTS], axis=0)
    return _renewed(basis, results, former.accounts, sums, gathered, touched[differs])


def _months_before(base: Base, plan: Plan, allocate: Allocate) -> Months:
    """As the full run left them."""
    customers: MonthsInAll = defaultdict(MonthTotals)
    anonymous: MonthsInAll = defaultdict(MonthTotals)
    charged = {}
    for kept in base.months:
        for totals, name in ((customers, "customers"), (anonymous, "anonymous")):
            if (found := MonthTotals.from_json(kept[name]))["rows"]:
                totals[kept["month"]] = found
        charged[kept["month"]] = np.array(kept["charged"], np.int64).reshape(nothing_charged(plan).shape)
    allocations = allocate(customers, anonymous)
    return Months(customers=customers, anonymous=anonymous, allocations=allocations, charged=charged)


def _months_now(before: Months, gone: Table, gathered: Gathered, plan: Plan, allocate: Allocate) -> Months:
    """With the customers who changed as they are, and still charged as before."""
    gone_customers: MonthsInAll = defaultdict(MonthTotals)
    gone_anonymous: MonthsInAll = defaultdict(MonthTotals)
    add_months(gone_customers, gone_anonymous, gone, plan.drivers)
    customers = _exchanged(before.customers, gone_customers, gathered.customers)
    anonymous = _exchanged(before.anonymous, gone_anonymous, gathered.anonymous)
    allocations = allocate(customers, anonymous)
    charged = {month: nothing_charged(plan) for month in (*before.charged, *allocations)}
    charged |= {month: amounts.copy() for month, amounts in before.charged.items()}
    return Months(customers=customers, anonymous=anonymous, allocations=allocations, charged=charged)


def _exchanged(before: MonthsInAll, gone: MonthsInAll, come: MonthsInAll) -> MonthsInAll:
    """The months with something in them."""
    now: MonthsInAll = defaultdict(MonthTotals)
    for month in (*before, *come):
        total = before.get(month, MonthTotals()) - gone.get(month, MonthTotals()) + come.get(month, MonthTotals())
        if total["rows"]:
            now[month] = total
    return now


def _moved_months(before: Months, now: Months) -> list[int]:
    """The months in which a unit of anything is charged otherwise."""
    return [
        month
        for month, allocation in now.allocations.items()
        if month in before.allocations
        and any(
            cost.cents_per_unit != former.cents_per_unit
            for cost, former in zip(allocation.activities, before.allocations[month].activities, strict=True)
        )
    ]


def _placed(rows: Table, former: Former) -> Table:
    """Rows whose `place` is a customer's id, with the place among the accounts of the full run instead."""
    return rows | {"place": np.searchsorted(former.accounts["customer"], rows["place"])}


@dataclass(frozen=True)
class _Exchange:
    """Rows of customers who changed taken out of a column by ascending id, and others put in."""

    gone: NDArray[np.intp]  # where they stand
    at: NDArray[np.intp]  # where in what stays
    same: bool  # as many customers as before, and the same ones

    @classmethod
    def of(cls, former: Whole, changed: Whole, come: Whole) -> "_Exchange":
        gone = places_of(changed, former)
        same = np.array_equal(former[gone], come)
        return cls(gone, gone if same else np.searchsorted(np.delete(former, gone), come), same)

    def __call__(self, former: NDArray[Any], come: Whole | int, kind: Any = np.int64) -> NDArray[Any]:
        now = former.astype(kind)
        if not self.same:
            return np.insert(np.delete(now, self.gone), self.at, come)
        now[self.gone] = come
        return now


def _renewed(
    basis: Basis,
    results: list[MonthResult],
    former: Table,
    sums: Table,
    gathered: Gathered,
    touched: NDArray[np.intp],
) -> Renewed:
    """Put both together; `touched` are places in what the full run left."""
    base = basis.extent.base
    assert base is not None
    come = columns_of(gathered)
    if ANONYMOUS not in base.changed:
        come = {name: values[1:] for name, values in come.items()}  # those sales are as they were
    ids = come["customer"]
    exchange = _Exchange.of(former["customer"], base.changed, ids)
    columns = {name: exchange(sums[name], values) for name, values in come.items()}
    moved = np.union1d(ids, former["customer"][touched])
    vanished = np.setdiff1d(former["customer"][exchange.gone], ids)
    there = places_of(np.union1d(moved, vanished), former["customer"])
    return Renewed(
        accounting=Accounting(
            basis=basis,
            results=results,
            accounts=accounts_of_customers(columns),
            anonymous=account_of_anonymous_sales(columns),
        ),
        moved=moved[moved != ANONYMOUS],
        vanished=vanished[vanished != ANONYMOUS],
        before=_before(former, there),
        was={
            "value": exchange(former["value"], 0)[1:],
            **{name: exchange(former[name], NEW, former[name].dtype)[1:] for name in COMPARED},
        },
        former=former,
    )


def _before(former: Table, there: NDArray[np.intp]) -> Accounts:
    """Accounts of customers as the full run left them; anonymous sales stand first, and are left out."""
    rows = np.union1d([0], there)
    return accounts_of_customers({name: former[name][rows].astype(np.int64) for name in ACCOUNTS})
