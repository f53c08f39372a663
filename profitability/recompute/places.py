"""Where customers stand whom a run of what changed found otherwise, between those whom the full run ranked.

The full run's places are its ranks 1, 2, 3... Who is found otherwise leaves a place empty, and stands at a new one
between two of these, so that rows that did not change stay as they are. Ranks and cumulative profits of all then follow
from steps (see `customers.RankStep`): one for each place that was left or taken.

Pure: numpy only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranked:
    """Customers of a ranking, in any order, with their profits in cents."""

    customer: Whole
    profit: Whole


@dataclass(frozen=True, kw_only=True)
class Steps:
    """By ascending place: how many customers stand up to there, and how much more they make than in the full run."""

    place: Floats
    rank: Whole
    cents: Whole


@dataclass(frozen=True, kw_only=True)
class Between:
    """The places of customers who were found otherwise, in the order given, and what everybody's ranks then are."""

    place: Floats
    cumulative: Whole  # cents, of all whom the full run ranked before the place
    steps: Steps


def stand_between(former: Ranked, left: Whole, taken: Ranked) -> Between:
    """`former`: the full run's ranking, best first; `left`: places that customers left; `taken`: who stands anew.

    Equal profits stand by customer, as in every ranking.
    """
    before = _better(former, taken)
    order = np.lexsort((taken.customer, -taken.profit))
    place = np.empty(len(order))
    place[order] = before[order] + _fractions(before[order])
    cumulative = np.concatenate([[0], np.cumsum(former.profit)])
    return Between(place=place, cumulative=cumulative[before], steps=_steps(former, left, place, taken))


def ranked_again(stay: Ranked, come: Ranked) -> NDArray[np.intp]:
    """The order, best first, of those who stay as they are, who are in order, and of others, in any.

    Positions in `stay`, and behind them in `come`.
    """
    before = _better(stay, come)
    order = np.lexsort((come.customer, -come.profit))
    return np.insert(np.arange(len(stay.customer)), before[order], len(stay.customer) + order)


def _better(former: Ranked, taken: Ranked) -> Whole:
    """How many of the former ranking stand before each: of more profit, or of as much and a smaller number."""
    falling = -former.profit
    low = np.searchsorted(falling, -taken.profit, side="left")
    high = np.searchsorted(falling, -taken.profit, side="right")
    while (low < high).any():
        middle = (low + high) // 2
        smaller = former.customer[np.minimum(middle, len(falling) - 1)] < taken.customer
        still = low < high
        low, high = np.where(still & smaller, middle + 1, low), np.where(still & ~smaller, middle, high)
    return low.astype(np.int64)


def _fractions(before: Whole) -> Floats:
    """Even distances for customers, in order, who stand between the same two."""
    starts = np.flatnonzero(np.diff(before, prepend=-1))
    counts = np.diff(starts, append=len(before))
    within = np.arange(len(before)) - np.repeat(starts, counts)
    return (within + 1) / (np.repeat(counts, counts) + 1)


def _steps(former: Ranked, left: Whole, place: Floats, taken: Ranked) -> Steps:
    places = np.concatenate([left.astype(np.float64), place])
    cents = np.concatenate([-former.profit[left - 1], taken.profit])
    moved = np.concatenate([np.full(len(left), -1), np.ones(len(place), np.int64)])
    order = np.argsort(places)
    there = places[order]
    rank = np.floor(there).astype(np.int64) + np.cumsum(moved[order])
    return Steps(place=there, rank=rank, cents=np.cumsum(cents[order]))
