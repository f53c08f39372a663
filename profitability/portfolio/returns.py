"""Return and risk of groups of customers, month by month. Pure: numpy only.

The return of a month is its profit over the cost of an average month, cost being all that was spent on the group:
goods, service and direct costs. So the mean return is all profit over all cost, the ups and downs of volume count as
risk, and an idle month returns nothing. Over the cost of the same month instead, only margins count; a month in which
nearly all goods came back then has next to no cost, and a return that outweighs all others.
Risk is the standard deviation of the monthly returns (divisor T − 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profitability.portfolio.results import AVERAGE_MONTH, FEWEST_MONTHS, FLAT, NO_COST, SAME_MONTH, SHORT, GroupFigures

Floats = NDArray[np.float64]
# What varies less than this, against its own size, does not vary: the rest is how floats are rounded.
STILL = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A group's profit and cost by month, the oldest first; all groups have the same months."""

    key: str
    customers: int
    profit: Sequence[float]
    cost: Sequence[float]


def monthly_returns(history: History, over: str = AVERAGE_MONTH) -> Floats:
    """The return of each month; not a number where there is none.

    Over the cost of the same month there is none in months without cost above zero. Over that of an average month there
    is none before the first month with cost, and none at all where costs do not add up to more than zero.
    """
    profit, cost = np.asarray(history.profit, dtype=float), np.asarray(history.cost, dtype=float)
    returns = np.full(len(profit), np.nan)
    spent = cost > 0
    if over == SAME_MONTH:
        returns[spent] = profit[spent] / cost[spent]
        return returns
    if spent.any():
        begun = int(np.argmax(spent))
        average = cost[begun:].mean()
        if average > 0:
            returns[begun:] = profit[begun:] / average
    return returns


def figures_of(history: History, over: str = AVERAGE_MONTH) -> GroupFigures:
    """Return and risk of a group over the months that have a return, and why it cannot be compared, if so."""
    returns = monthly_returns(history, over)
    known = np.isfinite(returns)
    months = int(known.sum())
    told = known if months else np.ones_like(known)
    profit, cost = np.asarray(history.profit, dtype=float), np.asarray(history.cost, dtype=float)
    mean = float(returns[known].mean()) if months else None
    risk = _risk(returns[known])
    return GroupFigures(
        key=history.key,
        customers=history.customers,
        months=months,
        cost=float(cost[told].mean()) if len(cost) else 0.0,
        profit=float(profit[told].mean()) if len(profit) else 0.0,
        mean=mean,
        risk=risk,
        problem=_problem(months, risk),
    )


def _risk(returns: Floats) -> float | None:
    if len(returns) < 2:
        return None
    risk = float(returns.std(ddof=1))
    return risk if risk > STILL * (1 + float(np.abs(returns).max())) else 0.0


def _problem(months: int, risk: float | None) -> str:
    if not months:
        return NO_COST
    if months < FEWEST_MONTHS:
        return SHORT
    return "" if risk else FLAT


def comparable(returns: Floats, fewest: int = FEWEST_MONTHS) -> tuple[list[int], NDArray[np.bool_]]:
    """Which groups (rows) share at least `fewest` months with a return, and which months these are.

    As long as they share fewer, the group with the fewest months is left out, of equal ones the last.
    """
    known = np.isfinite(returns)
    kept = list(range(len(returns)))
    while kept:
        common = np.asarray(known[kept].all(axis=0))
        if common.sum() >= fewest:
            return kept, common
        kept.remove(min(reversed(kept), key=lambda row: known[row].sum()))
    return [], np.zeros(returns.shape[1], dtype=bool)
