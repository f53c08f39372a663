"""One row of columns for each customer: what the months come to, as numpy arrays in cents, by ascending customer id."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import Table
from profitability.recompute.gather import Gathered
from profitability.recompute.months import CUSTOMER_SUMS

Columns = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of all customers (or the single one of anonymous sales); money in cents, days since 1970."""

    customer: Columns
    kind: Columns  # place in KINDS
    sums: Table  # the columns of CUSTOMER_SUMS, summed over all months
    first_day: Columns  # of an order; NO_DAY where there was none
    last_day: Columns

    def take(self, some: Columns) -> "Accounts":
        """The accounts of some of these customers, by place."""
        return Accounts(
            customer=self.customer[some],
            kind=self.kind[some],
            sums={name: values[some] for name, values in self.sums.items()},
            first_day=self.first_day[some],
            last_day=self.last_day[some],
        )

    def __add__(self, other: "Accounts") -> "Accounts":
        """These accounts, and others behind them."""
        return Accounts(
            customer=np.concatenate([self.customer, other.customer]),
            kind=np.concatenate([self.kind, other.kind]),
            sums={name: np.concatenate([values, other.sums[name]]) for name, values in self.sums.items()},
            first_day=np.concatenate([self.first_day, other.first_day]),
            last_day=np.concatenate([self.last_day, other.last_day]),
        )

    @cached_property
    def net_revenue(self) -> Columns:
        sums = self.sums
        return sums["gross"] - sums["discounts"] - sums["returns"] + sums["other"]

    @cached_property
    def gross_margin(self) -> Columns:
        return self.net_revenue - self.sums["cost_of_goods"]

    @cached_property
    def profit(self) -> Columns:
        return self.gross_margin - self.sums["cost_to_serve"] - self.sums["direct_costs"]

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """Customers with at least one day on which they bought."""
        return self.sums["order_days"] > 0

    @cached_property
    def ranked(self) -> NDArray[np.bool_]:
        """Customers who bought or returned something, or were billed or credited: the others are prospects."""
        sums = self.sums
        return self.ordered | np.any([sums[name] != 0 for name in ("gross", "discounts", "returns", "other")], axis=0)


def columns_of(gathered: Gathered) -> Table:
    """What is known of everybody who was read, as columns; anonymous sales stand first."""
    return {
        "customer": gathered.people.ids,
        "kind": gathered.people.kinds,
        **gathered.sums,
        "first_day": gathered.first_day,
        "last_day": gathered.last_day,
    }


def accounts_of_customers(columns: Table) -> Accounts:
    """Every customer there is."""
    return _accounts(columns, slice(1, None))


def account_of_anonymous_sales(columns: Table) -> Accounts:
    """The sales without customer, as one account."""
    return _accounts(columns, slice(0, 1))


def _accounts(columns: Table, of: slice) -> Accounts:
    return Accounts(
        customer=columns["customer"][of],
        kind=columns["kind"][of],
        sums={name: columns[name][of] for name in CUSTOMER_SUMS},
        first_day=columns["first_day"][of],
        last_day=columns["last_day"][of],
    )
