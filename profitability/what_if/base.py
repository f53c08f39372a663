"""The figures of a run as columns, from which every scenario begins; nothing here is ever changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from profitability.ranking import DEFAULT_THRESHOLDS, CategoryThresholds
from profitability.what_if.levers import Lever

Cents = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Customers:
    """One entry for each customer of the run, by ascending number; money in whole cents."""

    net_revenue: Cents
    cost_of_goods: Cents
    cost_to_serve: Cents
    direct_costs: Cents
    lifetime_value: Floats  # not a number where there is none
    ranked: Mask  # the others are prospects

    def __len__(self) -> int:
        return len(self.net_revenue)

    @property
    def profit(self) -> Cents:
        return self.net_revenue - self.cost_of_goods - self.cost_to_serve - self.direct_costs


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What each customer bought of each product (or of all small products of a family): one entry for each."""

    customer: NDArray[np.int64]  # place among the customers
    family: NDArray[np.int64]  # number of the family; 0 for none
    product: NDArray[np.int64]  # number of the product; 0 for those without a column of their own
    net_revenue: Floats
    gross: Floats
    cost_of_goods: Floats
    cost_to_serve: Floats

    def __len__(self) -> int:
        return len(self.customer)

    def of(self, lever: Lever) -> Mask:
        """The cells of the products that a lever is about."""
        if not lever.column:
            return np.ones(len(self), bool)
        if not lever.column.isdecimal():
            return np.zeros(len(self), bool)
        return (self.product if lever.columns == "product" else self.family) == int(lever.column)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Orders with goods sold, one entry for each: needed only for minimum orders."""

    customer: NDArray[np.int64]
    net_revenue: Floats
    cost_of_goods: Floats
    cost_to_serve: Floats
    handling: Floats  # the part of its cost to serve that any order costs, however small


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A cost pool: what of it customers were charged, and what nobody (or nobody by name) was charged."""

    charged: Floats  # by customer
    uncharged: float  # anonymous sales, unused capacity less overload, company level, rounding


@dataclass(frozen=True, kw_only=True)
class Base:
    """Everything that a scenario may need; what no lever asks for stays empty."""

    customers: Customers
    cells: Cells
    anonymous: int = 0  # profit of anonymous sales
    uncharged: int = 0  # costs that no sale is charged: unused capacity, company level
    groups: Mapping[tuple[str, str], Mask] = field(default_factory=dict)
    channels: Mapping[str, Floats] = field(default_factory=dict)  # cost of contacts by customer, by channel
    pools: Mapping[str, Pool] = field(default_factory=dict)
    orders: Orders | None = None
    thresholds: CategoryThresholds = DEFAULT_THRESHOLDS

    def group(self, lever: Lever) -> Mask:
        """The customers that a lever is about."""
        if not lever.group[0]:
            return np.ones(len(self.customers), bool)
        return self.groups[lever.group]
