"""The customers whose value is asked for, checked, and what one order of each is expected to leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.gamma_gamma import GammaGamma
from profitability.lifetime_value.summary import Floats, Integers

FEW_ORDERS = 2  # below this many orders, what the customer's segment earns stands in for the population
ENOUGH_IN_SEGMENT = 30
LOSS_COUNTS_AFTER = 2  # after so many orders a customer's own loss weighs as much as everybody's profit


@dataclass(frozen=True, kw_only=True)
class ServiceCost:
    """Cost to serve as activity-based costing measured it: one number, or one per customer."""

    per_order: ArrayLike = 0.0
    per_period: ArrayLike = 0.0  # of keeping up the relation, in a period of the horizon, while active


@dataclass(frozen=True, kw_only=True)
class Base:
    """The customers who have ordered; the others stand only in `ordered`."""

    ordered: NDArray[np.bool_]  # of everybody given
    x: Floats
    t_x: Floats
    T: Floats
    margin: Floats  # 0 where unknown
    n: Floats  # orders behind the margin, 0 where unknown
    segment: Integers
    per_order: Floats
    per_period: Floats

    def everybody(self, values: NDArray) -> Floats:
        """Back to one entry per customer given; nothing is expected from those who never ordered."""
        result = np.zeros(len(self.ordered))
        result[self.ordered] = values
        return result


@dataclass(frozen=True, kw_only=True)
class OrderMargin:
    """What one order of each customer is expected to leave before cost to serve."""

    mean: Floats
    variance: Floats  # of the customer's own long-run mean, given what was seen
    single_variance: Floats  # of one order around that mean


def read_base(
    history: tuple[ArrayLike, ArrayLike, ArrayLike],
    margin: ArrayLike,
    margin_orders: ArrayLike | None,
    segment: ArrayLike | None,
    cost: ServiceCost,
) -> Base:
    """One row per customer; single numbers hold for everybody."""
    try:
        behind = np.asarray(history[0], dtype=np.float64) + 1 if margin_orders is None else margin_orders
        given = (*history, margin, behind, -1 if segment is None else segment, cost.per_order, cost.per_period)
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in given))
    except ValueError as error:
        raise LifetimeValueError("lengths_differ", "Every column must have one entry per customer.") from error
    ordered = ~np.isnan(columns[2])
    x, t_x, T, mean, n, segments, per_order, per_period = (column[ordered] for column in columns)
    known = ~np.isnan(mean) & (n > 0)
    if not all(np.isfinite(column).all() for column in (mean[known], n[known], segments, per_order, per_period)):
        raise LifetimeValueError("not_finite", "Margins, numbers of orders, segments and costs must be finite.")
    return Base(
        ordered=ordered,
        x=x,
        t_x=t_x,
        T=T,
        margin=np.where(known, mean, 0),
        n=np.where(known, n, 0),
        segment=segments.astype(np.int64),
        per_order=per_order,
        per_period=per_period,
    )


def expected_margin(margins: GammaGamma, base: Base, of_segments: Floats | None = None) -> OrderMargin:
    """The Gamma-Gamma expectation. It is linear in the customer's own mean, so it serves negative means as well.

    But it knows nobody who loses money, and where customers are much alike it would take losses for chance: a
    customer's own loss weighs n / (n + 2) at least. `of_segments` is what `segment_means` says of a larger base.
    """
    if of_segments is None:
        of_segments = segment_means(base.margin, base.n, base.segment)
    own = margins.credibility(base.n)
    own = np.where(base.margin < 0, np.maximum(own, base.n / (base.n + LOSS_COUNTS_AFTER)), own)
    segment = np.minimum(base.segment + 1, len(of_segments) - 1).clip(0)
    means = np.where(np.isnan(of_segments), margins.population_mean, of_segments)[segment]
    anchor = np.where(base.n < FEW_ORDERS, means, margins.population_mean)
    mean = (1 - own) * anchor + own * base.margin
    # The long-run mean is inverse gamma with shape pn + q; where that has no variance (shape <= 2), or hardly one, its
    # standard deviation is taken to be the mean itself.
    variance = mean**2 / np.maximum(margins.p * base.n + margins.q - 2, 1)
    return OrderMargin(mean=mean, variance=variance, single_variance=(mean**2 + variance) / margins.p)


def segment_means(margin: Floats, orders: Floats, segment: Integers) -> Floats:
    """Mean margin of an order in each segment: first that of no segment, then by number, then one without customers.

    NaN where too few customers have one for it to say anything, and for whoever is in no segment. `orders` are those
    behind each margin, none where it is not known.
    """
    code = np.maximum(segment, -1) + 1
    count = int(code.max(initial=0)) + 2
    counts = np.bincount(code, weights=orders > 0, minlength=count)
    sums = np.bincount(code, weights=margin, minlength=count)
    enough = counts >= ENOUGH_IN_SEGMENT
    enough[0] = False
    return np.where(enough, sums / np.maximum(counts, 1), np.nan)
