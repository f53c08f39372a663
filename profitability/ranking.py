"""Ranking of customers by profit: the whale curve, the 20/80 and 150/20 figures, Gini, and the four categories.

Pure: numpy only. Profits may be integer cents (every sum is then exact) or floats. Ties keep their input order, so
give customers sorted by id and the ranking is the same on every run. When total profit is zero or negative a share of
it means nothing: every share is then None, and the money figures speak alone.

    >>> curve = whale_curve([500, -300, 900, 0, -100])
    >>> curve.order.tolist(), curve.cumulative_profit.tolist()
    ([2, 0, 3, 4, 1], [900, 1400, 1400, 1300, 1000])
    >>> curve.best.share, curve.peak.share, curve.peak.share_of_customers, curve.last.share
    (0.9, 1.4, 0.4, -0.3)
"""

from dataclasses import dataclass
from enum import IntEnum
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BEST_SHARE = 0.20
CHART_POINTS = 500

Numbers = NDArray[Any]  # int64 when cents came in, float64 otherwise


class RankingError(ValueError):
    """Input that cannot be ranked; `code` names the reason so that a translated sentence can be made."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Category(IntEnum):
    """The four categories of customers; the number is what is stored."""

    MOST_PROFITABLE = 1
    FAIRLY_PROFITABLE = 2
    DESIRABLE = 3
    UNPROFITABLE = 4


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some customers of the ranking and what they make together."""

    customers: int
    share_of_customers: float  # 0 to 1; 0 when there are no customers
    profit: float  # in the unit of the input
    share: float | None  # of total profit; None when total profit is not positive


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many customers stand where."""

    customers: int
    profitable: int
    zero: int
    losing: int
    tied: int  # customers whose profit equals that of at least one other customer
    tied_across_best: int  # left outside the best 20 % with the same profit as the last one inside


@dataclass(frozen=True, kw_only=True)
class WhaleCurve:
    """Cumulative profit, most profitable customer first, and the figures that are read off it."""

    order: NDArray[np.intp]  # input positions, most profitable first
    cumulative_profit: Numbers
    cumulative_share: NDArray[np.float64] | None  # None when total profit is not positive
    total: float
    best: Part  # the best 20 %: the ceiling of 0.2 n customers
    middle: Part  # those between the best and the last
    last: Part  # the last 20 %, as many customers as the best
    peak: Part  # the profitable customers alone: the highest point of the curve
    break_even: Part | None  # fewest best customers who make the whole final profit; the others add nothing
    losses: float  # what the losing customers lose together: zero or negative
    counts: Counts

    @property
    def best_share(self) -> float | None:
        """Share of total profit that the best 20 % make."""
        return self.best.share

    @property
    def last_share(self) -> float | None:
        """Share of total profit that the last 20 % make; negative when they lose."""
        return self.last.share

    @property
    def peak_share(self) -> float | None:
        """Height of the peak as a share of total profit: 1 when nobody loses."""
        return self.peak.share

    @property
    def peak_at(self) -> float:
        """Share of customers at which the peak is reached."""
        return self.peak.share_of_customers

    def of_best(self, share: float) -> Part:
        """What the best `share` of customers make, e.g. 0.1 for the best tenth (rounded up to whole customers)."""
        return _part(self.cumulative_profit, 0, customers_in(share, len(self.order)))


@dataclass(frozen=True, kw_only=True)
class ChartPoints:
    """The curve thinned out for drawing; starts at nobody and nothing, ends with everybody."""

    customers: NDArray[np.intp]  # how many of the best customers, 0 to n
    share_of_customers: NDArray[np.float64]
    profit: Numbers
    share: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True)
class CategoryThresholds:
    """Where the four categories begin. Money in the unit of the profits; every limit must be exceeded, not just met."""

    best_share: float = BEST_SHARE  # category 1: in this best share of customers, and with a positive profit
    fair_profit: float = 0  # category 2: a profit above this
    desirable_value: float = 0  # category 3: a lifetime value above this, or marked as having potential


DEFAULT_THRESHOLDS = CategoryThresholds()


def customers_in(share: float, customers: int) -> int:
    """Whole customers in a share of them, rounded up: 0.2 of 7 is 2, and 0.07 of 100 is 7, whatever floats say."""
    return min(customers, max(0, ceil(round(share * customers, 9))))


def whale_curve(
    profits: ArrayLike, *, best_share: float = BEST_SHARE, order: NDArray[np.intp] | None = None
) -> WhaleCurve:
    """Rank customers by profit and accumulate.

    cumulative_k = sum of the k highest profits; share_k = cumulative_k / total. The peak is the sum of all positive
    profits, reached after the profitable customers; nobody profitable puts the peak at zero customers. `order` are the
    positions, best first, where they are already known.
    """
    values = _numbers(profits)
    order = best_first(values) if order is None else order
    ranked = values[order]
    cumulative = np.cumsum(ranked)
    total = _last(cumulative)
    count, best_count = len(values), customers_in(best_share, len(values))
    last_start = max(best_count, count - best_count) if count > 1 else 0
    profitable = int(np.count_nonzero(values > 0))
    return WhaleCurve(
        order=order,
        cumulative_profit=cumulative,
        cumulative_share=cumulative / total if total > 0 else None,
        total=total,
        best=_part(cumulative, 0, best_count),
        middle=_part(cumulative, best_count, max(best_count, last_start)),
        last=_part(cumulative, last_start, count),
        peak=_part(cumulative, 0, profitable),
        break_even=_break_even(cumulative, profitable) if total > 0 else None,
        losses=values[values < 0].sum().item(),
        counts=_counts(ranked, best_count, profitable),
    )


def best_first(values: Numbers) -> NDArray[np.intp]:
    """Positions from the highest value to the lowest, equal ones as they come.

    Whole numbers that leave room for it are sorted as one number with their position, which takes half the time.
    """
    bits = len(values).bit_length()
    most = 1 << (62 - bits)
    if values.dtype.kind == "i" and len(values) and -most < values.min() and values.max() < most:
        keys = (-values << bits) | np.arange(len(values))
        keys.sort()
        return keys & ((1 << bits) - 1)
    return np.argsort(-values, kind="stable")


def chart_points(curve: WhaleCurve, limit: int = CHART_POINTS) -> ChartPoints:
    """At most `limit` points, always with both ends, the 20 % mark, the peak, break-even and where the last 20 % begin.

    Half of the points are even in customers and half in money moved, so that the steep ends of the curve stay sharp.
    """
    count = len(curve.order)
    marks = {0, count, curve.best.customers, curve.peak.customers, count - curve.last.customers}
    if curve.break_even:
        marks.add(curve.break_even.customers)
    cumulative = np.concatenate([[0], curve.cumulative_profit])
    if count + 1 <= limit:
        picks = np.arange(count + 1)
    else:
        room = max(0, limit - len(marks))
        moved = np.abs(np.diff(cumulative)).cumsum()
        even_customers = np.linspace(0, count, room - room // 2).astype(np.intp)
        even_money = np.searchsorted(moved, np.linspace(0, moved[-1], room // 2)) + 1
        picks = np.unique(np.concatenate([list(marks), even_customers, np.minimum(even_money, count)])).astype(np.intp)
    profit = cumulative[picks]
    return ChartPoints(
        customers=picks,
        share_of_customers=picks / max(count, 1),
        profit=profit,
        share=profit / curve.total if curve.total > 0 else None,
    )


def gini(values: ArrayLike) -> float | None:
    """Concentration of non-negative values: 0 all equal, towards 1 one holds all; None without anything to share.

    G = 2 * sum(i * x_i) / (n * sum(x)) - (n + 1) / n, with x ascending and i from 1.
    """
    ascending = np.sort(_numbers(values)).astype(np.float64)
    if len(ascending) and ascending[0] < 0:
        raise RankingError("negative_value", "The Gini coefficient is defined for values of zero or more.")
    total, count = ascending.sum(), len(ascending)
    if total == 0:
        return None
    return float(2 * (np.arange(1, count + 1) @ ascending) / (count * total) - (count + 1) / count)


def categorise(
    profit: ArrayLike,
    lifetime_value: ArrayLike,
    thresholds: CategoryThresholds = DEFAULT_THRESHOLDS,
    *,
    potential: ArrayLike | None = None,
    order: NDArray[np.intp] | None = None,
) -> NDArray[np.int8]:
    """The category (1 to 4, see `Category`) of each customer.

    `potential` marks customers wanted whatever their figures (referrers, growing accounts). An unknown lifetime value
    (NaN) is not desirable by itself. `order` is that of `whale_curve(profit)`, when it is already known.
    """
    profits, values = _numbers(profit), np.asarray(lifetime_value, dtype=np.float64)
    wanted = np.zeros(len(profits), dtype=bool) if potential is None else np.asarray(potential, dtype=bool)
    if not len(profits) == len(values) == len(wanted):
        raise RankingError("lengths_differ", "Profit, lifetime value and potential must have one entry per customer.")
    order = best_first(profits) if order is None else order
    best = np.zeros(len(profits), dtype=bool)
    best[order[: customers_in(thresholds.best_share, len(profits))]] = True
    return np.select(
        [best & (profits > 0), profits > thresholds.fair_profit, (values > thresholds.desirable_value) | wanted],
        [Category.MOST_PROFITABLE, Category.FAIRLY_PROFITABLE, Category.DESIRABLE],
        Category.UNPROFITABLE,
    ).astype(np.int8)


def _numbers(values: ArrayLike) -> Numbers:
    """One finite number per customer: integers stay exact, anything else becomes float."""
    array = np.asarray(values)
    array = array.astype(np.int64 if array.dtype.kind in "iub" and array.size else np.float64)
    if array.ndim != 1:
        raise RankingError("not_a_list", "One number per customer is expected.")
    if not np.isfinite(array).all():
        raise RankingError(
            "not_finite", "Every customer needs a finite number; a missing or infinite one cannot be ranked."
        )
    return array


def _last(cumulative: Numbers) -> float:
    return cumulative[-1].item() if len(cumulative) else 0


def _part(cumulative: Numbers, start: int, stop: int) -> Part:
    """The customers ranked from `start` to before `stop`, read off the cumulative profit."""
    before = cumulative[start - 1].item() if start else 0
    profit = cumulative[stop - 1].item() - before if stop > start else 0
    total = _last(cumulative)
    return Part(
        customers=stop - start,
        share_of_customers=(stop - start) / max(len(cumulative), 1),
        profit=profit,
        share=profit / total if total > 0 else None,
    )


def _break_even(cumulative: Numbers, profitable: int) -> Part:
    """The curve rises up to the peak, so the first place where it reaches its final height is found by bisection."""
    return _part(cumulative, 0, int(np.searchsorted(cumulative[:profitable], cumulative[-1])) + 1)


def _counts(ranked: Numbers, best_count: int, profitable: int) -> Counts:
    alike = np.append(False, ranked[1:] == ranked[:-1])[: len(ranked)]
    crossing = ranked[best_count:] == ranked[best_count - 1] if best_count else ranked[:0]
    return Counts(
        customers=len(ranked),
        profitable=profitable,
        zero=int(np.count_nonzero(ranked == 0)),
        losing=int(np.count_nonzero(ranked < 0)),
        tied=int(np.count_nonzero(alike | np.append(alike[1:], False)[: len(ranked)])),
        tied_across_best=int(np.count_nonzero(crossing)),
    )
