"""From what a full run left of everybody to their accounts now, by what changed since."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import Table
from profitability.costing import Allocation
from profitability.models.figures import ANONYMOUS
from profitability.recompute.accounts import Accounts, InAll, Outline
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
from profitability.recompute.laid_aside import Former, Places, places_of, united, without
from profitability.recompute.months import Whole
from profitability.recompute.places import Ranked, ranked_again
from profitability.recompute.plan import Plan
from profitability.recompute.reading import Basis
from profitability.recompute.work import Work

COSTS = ("cost_to_serve", "order_costs", "relation_costs")
# Of customers who are new; no category or class is this.
NEW = -1
COMPARED = ("category", "rfm")
# Beyond this part of all customers, writing everybody's scorecards anew takes less than exchanging some.
MOST_EXCHANGED = 0.1
# The rates of all months, by what customers caused in each, and anonymous sales.
Allocate = Callable[[MonthsInAll, MonthsInAll], Mapping[int, Allocation]]


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """What everybody comes to now, and what became otherwise."""

    results: Sequence[MonthResult]
    outline: Outline
    in_all: InAll
    come: Accounts  # of the customers whose account is another than the full run left
    before: Accounts  # of these as it left them, and of customers who are gone
    was: Table  # the lifetime value and the columns of COMPARED, by place in the outline
    former: Former

    @cached_property
    def in_order(self) -> Places:
        """Places in the outline of all who are ranked, best first: the others come between those who stayed."""
        former, outline = self.former, self.outline
        stays = np.ones(len(former.columns["customer"]), bool)
        stays[places_of(self.before.customer, former.columns["customer"])] = False
        came = np.zeros(len(outline.customer), bool)
        came[places_of(self.come.customer, outline.customer)] = True
        at = np.empty(len(stays), np.intp)
        at[stays] = np.flatnonzero(~came)
        stay, come = at[former.in_order[stays[former.in_order]]], np.flatnonzero(came & outline.ranked)
        of_both = (Ranked(outline.customer[some], outline.profit[some]) for some in (stay, come))
        return np.concatenate([stay, come])[ranked_again(*of_both)]

    @property
    def vanished(self) -> Whole:
        """Ids of customers of the full run who are gone."""
        return without(self.come.customer, self.before.customer)

    @cached_property
    def accounts(self) -> Accounts:
        """Those of all customers."""
        return self._of(self.outline.customer)

    def accounts_at(self, places: Places) -> Accounts:
        """Those of some customers, by ascending place."""
        return self.accounts.take(places) if self.are_many(places) else self._of(self.outline.customer[places])

    def are_many(self, some: NDArray[Any]) -> bool:
        return len(some) > MOST_EXCHANGED * len(self.outline.customer)

    def _of(self, customers: Whole) -> Accounts:
        come = self.come.take(places_of(customers, self.come.customer))
        stay = without(come.customer, customers)
        return _by_customer(come + self.former.accounts_of(stay))


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
    then = _months_before(base, plan, allocate)
    gone = former.months_of(base.changed, plan.drivers)
    now = _months_now(then, gone, gathered, plan, allocate)
    others = former.in_months(_moved_months(then, now), plan.drivers, but=base.changed)
    touched = united(others["place"])
    # With anonymous sales at place 0, as wherever months are charged.
    before = former.accounts_of(united(np.array([ANONYMOUS]), base.changed, touched))
    sums = before.sums | {name: before.sums[name].copy() for name in COSTS}
    if plan.activities:
        gone, others = _placed(gone, before), _placed(others, before)
        charge_rows(gone, plan, then.allocations, sums=sums, charged=now.charged, times=-1)
        charge_rows(others, plan, then.allocations, sums=sums, charged=now.charged, times=-1)
        charge_rows(others, plan, now.allocations, sums=sums, charged=now.charged)
    charge_everybody(gathered, plan, now.allocations, now.charged, check=work.check)
    results = reconciled(now.customers, now.anonymous, now.allocations, now.charged)
    moved = places_of(touched, before.customer)
    moved = moved[np.any([(sums[name] != before.sums[name])[moved] for name in COSTS], axis=0)]
    return _renewed(base, results, former, before, replace(before, sums=sums).take(moved), gathered)


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


def _placed(rows: Table, accounts: Accounts) -> Table:
    """Rows whose `place` is a customer's id, with the place among these accounts instead."""
    return rows | {"place": np.searchsorted(accounts.customer, rows["place"])}


def _renewed(
    base: Base,
    results: Sequence[MonthResult],
    former: Former,
    before: Accounts,
    charged: Accounts,
    gathered: Gathered,
) -> Renewed:
    """Put all together: `before` holds the former accounts of whoever moved, and `charged` are other rates' doing."""
    read = gathered.accounts if ANONYMOUS in base.changed else gathered.accounts.without_anonymous
    come = _by_customer(read + charged)
    before = before.take(places_of(united(base.changed, come.customer), before.customer))
    in_all = base.in_all.exchanged(InAll.of(before), InAll.of(come))
    come, before = come.without_anonymous, before.without_anonymous
    exchange = _Exchange.of(former.columns["customer"], before.customer, come.customer)
    return Renewed(
        results=results,
        outline=_outline(former.columns, come.outline, exchange),
        in_all=in_all,
        come=come,
        before=before,
        was={
            "value": exchange(former.columns["value"], 0),
            **{name: exchange(former.columns[name], NEW, former.columns[name].dtype) for name in COMPARED},
        },
        former=former,
    )


def _by_customer(accounts: Accounts) -> Accounts:
    return accounts.take(np.argsort(accounts.customer, kind="stable"))


@dataclass(frozen=True)
class _Exchange:
    """Rows of some customers taken out of a column by ascending id, and others put in."""

    gone: Places  # where they stand
    at: Places  # where in what stays
    same: bool  # as many customers as before, and the same ones

    @classmethod
    def of(cls, former: Whole, before: Whole, come: Whole) -> "_Exchange":
        gone = places_of(before, former)
        same = np.array_equal(before, come)
        return cls(gone, gone if same else np.searchsorted(np.delete(former, gone), come), same)

    def __call__(self, former: NDArray[Any], come: NDArray[Any] | int, kind: Any = np.int64) -> NDArray[Any]:
        now = former.astype(kind)
        if not self.same:
            return np.insert(np.delete(now, self.gone), self.at, come)
        now[self.gone] = come
        return now


def _outline(former: Table, come: Outline, exchange: _Exchange) -> Outline:
    """Of everybody; whoever stood at a place was ranked, and whoever had classes had ordered."""
    return Outline(
        customer=exchange(former["customer"], come.customer),
        ordered=exchange(former["rfm"] > 0, come.ordered, bool),
        ranked=exchange(former["place"] > 0, come.ranked, bool),
        net_revenue=exchange(former["net_revenue"], come.net_revenue),
        profit=exchange(former["profit"], come.profit),
        orders=exchange(former["orders"], come.orders),
        last_day=exchange(former["last_day"], come.last_day),
    )
