"""Purchases as a backtest reads them, cut at a day into what was known and what then came."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.summary import Floats, Integers, distinct, summarise


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What was sold or given back: customer, day and value of each row. Days are whole numbers."""

    customer: Integers
    day: Integers
    ordered: NDArray[np.bool_]  # whether the row is an order; else it is a return, a fee, a credit
    value: Floats  # revenue or margin

    @property
    def first_day(self) -> int:
        """Of the first order."""
        return int(self.day[self.ordered].min())

    @property
    def last_day(self) -> int:
        """Of the last order."""
        return int(self.day[self.ordered].max())


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was known of every customer at the end of a day, one entry per customer."""

    customers: Integers  # their numbers, ascending
    x: Integers
    t_x: Floats
    T: Floats
    orders: Integers  # days with an order
    value: Floats  # of everything so far

    @property
    def mean_value(self) -> Floats:
        """Of an order."""
        return self.value / self.orders


@dataclass(frozen=True, kw_only=True)
class Came:
    """What then came from the same customers."""

    orders: Floats  # days with an order
    value: Floats


def known_at(ledger: Ledger, day: int) -> Known:
    """Everybody who had ordered by then."""
    if not len(ledger.day) or not ledger.ordered.any():
        raise LifetimeValueError("no_orders", "There is no order.")
    bought = ledger.ordered
    summary = summarise((ledger.customer[bought], ledger.day[bought], ledger.value[bought]), day, value_of="all")
    return Known(
        customers=summary.customers,
        x=summary.x,
        t_x=summary.t_x,
        T=summary.T,
        orders=summary.orders,
        value=_sums(ledger, summary.customers, ledger.day <= day, ledger.value),
    )


def came_between(ledger: Ledger, customers: Integers, after: int, until: int) -> Came:
    """Orders and value of these customers after one day, up to and including another."""
    window = (ledger.day > after) & (ledger.day <= until)
    bought = np.flatnonzero(window & ledger.ordered)
    once = bought[distinct(ledger.customer[bought], ledger.day[bought])[0]]
    return Came(
        orders=_sums(ledger, customers, once, np.ones(len(ledger.day))),
        value=_sums(ledger, customers, window, ledger.value),
    )


def _sums(ledger: Ledger, customers: Integers, rows: NDArray[np.bool_] | Integers, values: Floats) -> Floats:
    """Values of some rows by customer; customers of no interest are left out."""
    place = np.searchsorted(customers, ledger.customer[rows])
    inside = place < len(customers)
    inside[inside] = customers[place[inside]] == ledger.customer[rows][inside]
    return np.bincount(place[inside], weights=values[rows][inside], minlength=len(customers)).astype(np.float64)
