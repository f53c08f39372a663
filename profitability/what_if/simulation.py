"""Before, after, and the way there: what a company would earn if levers were pulled.

Every amount is in whole cents; where a lever touches nothing not a cent moves, so no lever at all is today exactly.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profitability.ranking import Part, WhaleCurve, categorise, whale_curve
from profitability.what_if.base import Base, Cents, Floats, Mask
from profitability.what_if.levers import Lever
from profitability.what_if.outcome import CATEGORIES, CategoryChange, Curve, Figures, Move, Outcome, Step
from profitability.what_if.reactions import State

CURVE_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class _Account:
    """Everybody after some levers, in whole cents."""

    net_revenue: Cents
    cost_of_goods: Cents
    cost_to_serve: Cents
    direct_costs: Cents
    lifetime_value: Floats
    kept: Floats
    idle: int
    sunk: int
    uncharged: int

    @property
    def profit(self) -> Cents:
        return self.net_revenue - self.cost_of_goods - self.cost_to_serve - self.direct_costs

    @property
    def there(self) -> Mask:
        """Customers of whom anything is left."""
        return self.kept > 0


def simulate(base: Base, levers: Sequence[Lever]) -> Outcome:
    """Pull the levers one after the other, on a copy of the figures."""
    state = State.of(base)
    today = _account(state)
    figures = [_figures(base, today)]
    account = today
    for lever in levers:
        lever.check()
        state.pull(lever)
        account = _account(state)
        figures.append(_figures(base, account))
    before, after = _standing(base, today), _standing(base, account)
    return Outcome(
        before=figures[0],
        after=figures[-1],
        value_at_risk=_value_at_risk(base, account),
        categories=_categories(base, today, account, before, after),
        moves=_moves(before, after),
        curve_before=_curve(today.profit[base.customers.ranked & today.there]),
        curve_after=_curve(account.profit[base.customers.ranked & account.there]),
        steps=tuple(_step(one, other) for one, other in itertools.pairwise(figures)),
    )


def _account(state: State) -> _Account:
    """The accounts of everybody as the state has them; what is untouched stays to the cent."""
    base, customers, kept = state.base, state.base.customers, state.kept
    net = customers.net_revenue + _moved(state, state.net_revenue - base.cells.net_revenue) + state.more_revenue
    goods = customers.cost_of_goods + _moved(state, state.cost_of_goods - base.cells.cost_of_goods) + state.more_goods
    volume = (
        customers.cost_to_serve + _moved(state, state.cost_to_serve - base.cells.cost_to_serve) + state.more_serving
    )
    freed = float(customers.cost_to_serve.sum()) - float((kept * volume).sum())
    # More work than today is paid for; less is only saved where capacity is given up.
    idle = max(freed, 0.0) * (1 - state.cut)
    value = np.where(np.isnan(customers.lifetime_value), 0.0, customers.lifetime_value)
    direct = _whole(kept * customers.direct_costs)
    return _Account(
        net_revenue=_whole(kept * net),
        cost_of_goods=_whole(kept * goods),
        cost_to_serve=_whole(kept * (volume + state.dearer)),
        direct_costs=direct,
        lifetime_value=kept * value,
        kept=kept.copy(),
        idle=round(idle),
        sunk=int(customers.direct_costs.sum() - direct.sum()),
        uncharged=base.uncharged + round(state.uncharged),
    )


def _value_at_risk(base: Base, account: _Account) -> int:
    """The lifetime value that leaves with customers; losses that leave too do not make up for it."""
    values = np.nan_to_num(base.customers.lifetime_value).clip(0)
    return round(float((values * (1 - account.kept)).sum()))


def _moved(state: State, change: Floats) -> Floats:
    """What cells changed, by customer."""
    return np.bincount(state.base.cells.customer, change, len(state.base.customers)).astype(np.float64)


def _whole(cents: Floats) -> Cents:
    """Whole cents for each customer that come to the rounded sum: what is missing goes to the largest remainders.

    Rounding each alone would turn a tenth of a cent of everybody into money: thousands buy the same thing at one price.
    """
    down = np.floor(cents)
    missing = int(np.rint(float((cents - down).sum())))
    down[np.argsort(down - cents, kind="stable")[:missing]] += 1
    return down.astype(np.int64)


def _figures(base: Base, account: _Account) -> Figures:
    ranked = base.customers.ranked
    profit = account.profit
    return Figures(
        customers=float(account.kept[ranked].sum()),
        net_revenue=int(account.net_revenue[ranked].sum()),
        cost_of_goods=int(account.cost_of_goods[ranked].sum()),
        cost_to_serve=int(account.cost_to_serve[ranked].sum()),
        direct_costs=int(account.direct_costs[ranked].sum()),
        profit=int(profit[ranked].sum()),
        others=int(profit[~ranked].sum()) + base.anonymous,
        uncharged=account.uncharged,
        idle=account.idle,
        sunk=account.sunk,
        lifetime_value=round(float(account.lifetime_value.sum())),
        losing=int(np.count_nonzero(profit[ranked & account.there] < 0)),
    )


def _standing(base: Base, account: _Account) -> NDArray[np.int8]:
    """The category of every customer who is ranked and still there; 0 for the others."""
    found = np.zeros(len(base.customers), np.int8)
    there = base.customers.ranked & account.there
    found[there] = categorise(account.profit[there], np.rint(account.lifetime_value[there]), base.thresholds)
    return found


def _categories(
    base: Base, today: _Account, then: _Account, before: NDArray[np.int8], after: NDArray[np.int8]
) -> tuple[CategoryChange, ...]:
    return tuple(
        CategoryChange(
            category=category,
            customers_before=int(np.count_nonzero(before == category)),
            customers_after=int(np.count_nonzero(after == category)),
            profit_before=int(today.profit[before == category].sum()),
            profit_after=int(then.profit[after == category].sum()),
        )
        for category in CATEGORIES
    )


def _moves(before: NDArray[np.int8], after: NDArray[np.int8]) -> tuple[Move, ...]:
    """Everybody who was ranked before, by where they were and are."""
    ways = before.astype(np.int64) * 8 + after
    counts = np.bincount(ways[before > 0], minlength=64)
    return tuple(
        Move(before=way // 8, after=way % 8, customers=int(counts[way])) for way in np.flatnonzero(counts).tolist()
    )


def _curve(profits: Cents) -> Curve:
    curve = whale_curve(profits)
    heights = np.concatenate([[0], curve.cumulative_profit])
    places = np.rint(np.linspace(0, len(profits), CURVE_STEPS + 1)).astype(np.int64)
    return Curve(
        cents=tuple(int(cents) for cents in heights[places]),
        best_share=_share(curve, curve.best),
        peak_share=_share(curve, curve.peak),
        peak_at=curve.peak_at,
    )


def _share(curve: WhaleCurve, part: Part) -> float | None:
    return part.share if curve.total > 0 else None


def _step(one: Figures, other: Figures) -> Step:
    return Step(
        result=other.result - one.result,
        profit=other.profit - one.profit,
        idle=other.idle - one.idle,
        lifetime_value=other.lifetime_value - one.lifetime_value,
    )
