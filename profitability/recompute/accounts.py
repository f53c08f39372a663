"""One row of columns for each customer: what the months come to, as numpy arrays in cents, by ascending customer id."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import Table
from profitability.models.figures import ANONYMOUS
from profitability.recompute.months import CUSTOMER_SUMS

Columns = NDArray[Any]
OF_WHOM = ("ranked", "prospects", "anonymous")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of customers, and perhaps of anonymous sales; money in cents, days since 1970."""

    customer: Columns
    kind: Columns  # place in KINDS
    sums: Table  # the columns of CUSTOMER_SUMS, summed over all months
    first_day: Columns  # of an order; NO_DAY where there was none
    last_day: Columns

    def take(self, some: Columns | slice) -> "Accounts":
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

    @property
    def outline(self) -> "Outline":
        """By what these customers are ranked and classed."""
        return Outline(
            customer=self.customer,
            ordered=self.ordered,
            ranked=self.ranked,
            net_revenue=self.net_revenue,
            profit=self.profit,
            orders=self.sums["orders"],
            last_day=self.last_day,
        )

    @property
    def without_anonymous(self) -> "Accounts":
        """Those of customers."""
        return self.take(slice(int(np.searchsorted(self.customer, ANONYMOUS, side="right")), None))


@dataclass(frozen=True, kw_only=True)
class Outline:
    """By what customers are ranked and classed, by ascending id; cents, and days since 1970."""

    customer: Columns
    ordered: NDArray[np.bool_]
    ranked: NDArray[np.bool_]
    net_revenue: Columns
    profit: Columns
    orders: Columns
    last_day: Columns


@dataclass(frozen=True, kw_only=True)
class InAll:
    """What accounts come to together, so that those of some customers can be exchanged."""

    sums: NDArray[np.int64]  # a row for each of OF_WHOM, a column for each of CUSTOMER_SUMS
    ordered: int  # customers
    ordered_again: int  # on another day

    @classmethod
    def of(cls, accounts: Accounts) -> "InAll":
        """Of customers, and of anonymous sales where they are among the accounts."""
        nobody = accounts.customer == ANONYMOUS
        ranked = accounts.ranked & ~nobody
        whose = {"ranked": ranked, "prospects": ~(ranked | nobody), "anonymous": nobody}
        columns = [accounts.sums[name] for name in CUSTOMER_SUMS]
        return cls(
            sums=np.array([[values.sum(where=whose[of]) for values in columns] for of in OF_WHOM], np.int64),
            ordered=int(np.count_nonzero(accounts.ordered & ~nobody)),
            ordered_again=int(np.count_nonzero((accounts.sums["order_days"] > 1) & ~nobody)),
        )

    def __getitem__(self, whose: str) -> dict[str, int]:
        """The sums over those named in OF_WHOM."""
        return dict(zip(CUSTOMER_SUMS, self.sums[OF_WHOM.index(whose)].tolist(), strict=True))

    def exchanged(self, before: "InAll", now: "InAll") -> "InAll":
        """With what some accounts come to now in place of what they came to before."""
        return InAll(
            sums=self.sums - before.sums + now.sums,
            ordered=self.ordered - before.ordered + now.ordered,
            ordered_again=self.ordered_again - before.ordered_again + now.ordered_again,
        )

    def as_json(self) -> dict[str, Any]:
        return {"sums": self.sums.tolist(), "ordered": self.ordered, "ordered_again": self.ordered_again}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "InAll":
        return cls(**{**found, "sums": np.array(found["sums"], np.int64)})


def accounts_of(columns: Table) -> Accounts:
    """Accounts by ascending customer id; anonymous sales stand first, where they are among them."""
    return Accounts(
        customer=columns["customer"],
        kind=columns["kind"],
        sums={name: columns[name] for name in CUSTOMER_SUMS},
        first_day=columns["first_day"],
        last_day=columns["last_day"],
    )
