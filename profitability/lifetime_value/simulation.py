"""Posterior simulation: how far the discounted orders of somebody active may come to differ from their expectation.

What a customer active at T is like follows from x and T: the model's posterior. For each draw of it come a moment of
leaving, a number of orders before that, and their times; D is the sum of the discounts of the orders within the
horizon. Draws are the same for everybody and every time (`draws`): a figure follows from customer and model alone.

Of D only its shape, D / E[D], is taken from the simulation. It changes slowly with x and with ln(timescale + T), so it
is simulated at fixed places of both, and taken linearly between them; E[D] is the model's own.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from profitability.lifetime_value.draws import COUNT, DRAWS, NORMAL, TIMES, UNIFORM, Futures
from profitability.lifetime_value.outlook import Horizon, PurchaseModel
from profitability.lifetime_value.summary import Floats, Integers, Triples, numbered

# Numbers of repeat orders at which is simulated: each up to 8, then in steps of a quarter.
FREQUENCIES = np.unique(np.rint(np.append(np.arange(8), 8 * 1.25 ** np.arange(64))))
AGE_STEP = 0.25  # of ln(timescale + T), from T = 0 on
MANY_ORDERS = 10.0  # from so many expected on, their number need not be whole
NUMBER, SPREAD = NORMAL[COUNT], NORMAL[TIMES]


@dataclass(frozen=True)
class Shapes:
    """D / E[D] of somebody active, all draws ascending, for each number of orders and age that was asked about."""

    model: PurchaseModel
    horizon: Horizon
    rows: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def at(self, frequency: int, ages: list[int]) -> list[Floats]:
        """Of somebody with FREQUENCIES[frequency] repeat orders, one row for each place of age."""
        missing = [age for age in ages if (frequency, age) not in self.rows]
        if missing:
            T = self.model.timescale * np.expm1(AGE_STEP * np.array(missing))
            futures = self.model.draw_if_active(int(FREQUENCIES[frequency]), T)
            found = np.sort(discounted_orders(futures, self.horizon), axis=1)
            means = found.mean(axis=1, keepdims=True)
            shapes = np.divide(found, means, out=np.zeros_like(found), where=means > 0)
            self.rows.update(((frequency, age), shape) for age, shape in zip(missing, shapes, strict=True))
        return [self.rows[frequency, age] for age in ages]


@lru_cache(maxsize=4)
def shapes_of(model: PurchaseModel, horizon: Horizon) -> Shapes:
    """What was simulated with this model so far in this process: a run of what changed finds most of it there."""
    return Shapes(model, horizon)


def orders_quantiles(
    model: PurchaseModel, triples: Triples, expected: Floats, alive: Floats, horizon: Horizon, levels: tuple[float, ...]
) -> tuple[Floats, ...]:
    """For each level the discounted orders of each triple that are not exceeded with this probability.

    `expected` is E[D], `alive` the probability of being active: those who have left order nothing.
    """
    corners = _corners(model, triples, horizon)
    of_active = np.divide(expected, alive, out=np.zeros(len(alive)), where=alive > 0)
    found = []
    for level in levels:
        # Where so many have left that nothing at all is not exceeded this often, there is nothing to look up.
        of = np.flatnonzero((alive > 0) & (level > 1 - alive))
        place = (level - (1 - alive[of])) / alive[of] * DRAWS - 0.5
        quantile = np.zeros(len(alive))
        quantile[of] = of_active[of] * corners.shape_at(of, place)
        found.append(quantile)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class _Corners:
    """For each triple the four simulated shapes around it, as rows of a table, and the weight of each."""

    table: Floats
    rows: tuple[Integers, ...]
    weights: tuple[Floats, ...]

    def shape_at(self, of: Integers, place: Floats) -> Floats:
        """D / E[D] of some triples at places among the draws, linear between any two."""
        place = place.clip(0, DRAWS - 1)
        before = np.minimum(place.astype(np.int64), DRAWS - 2)
        part = place - before
        values, total = self.table.ravel(), np.zeros(len(of))
        for rows, weights in zip(self.rows, self.weights, strict=True):
            at = rows[of] * DRAWS + before
            total += weights[of] * (values[at] * (1 - part) + values[at + 1] * part)
        return total


def _corners(model: PurchaseModel, triples: Triples, horizon: Horizon) -> _Corners:
    ages, place = triples.ages
    older, by_age = _between(np.log1p(ages / model.timescale) / AGE_STEP)
    above, by_x = _of_frequencies(triples.x)
    age_of, age_part = older[place], by_age[place]
    span = int(older.max(initial=0)) + 2
    keys = [(above + more) * span + age_of + later for more in (0, 1) for later in (0, 1)]
    pairs, rows = numbered(np.concatenate(keys), (int(above.max(initial=0)) + 2) * span)
    wanted: dict[int, list[int]] = {}
    for frequency, age in zip((pairs // span).tolist(), (pairs % span).tolist(), strict=True):
        wanted.setdefault(frequency, []).append(age)
    shapes = shapes_of(model, horizon)
    found = [row for frequency, some in wanted.items() for row in shapes.at(frequency, some)]
    return _Corners(
        table=np.array(found).reshape(-1, DRAWS),
        rows=tuple(np.split(rows, 4)),
        weights=((1 - by_x) * (1 - age_part), (1 - by_x) * age_part, by_x * (1 - age_part), by_x * age_part),
    )


def _between(place: Floats) -> tuple[Integers, Floats]:
    """The whole number below, and how far on the way to the next."""
    below = np.floor(place)
    return below.astype(np.int64), place - below


def _of_frequencies(x: NDArray[np.int64]) -> tuple[Integers, Floats]:
    """The place in FREQUENCIES below, and how far on the way to the next; the last one stands for all beyond."""
    below = np.clip(np.searchsorted(FREQUENCIES, x, side="right") - 1, 0, len(FREQUENCIES) - 2)
    start, end = FREQUENCIES[below], FREQUENCIES[below + 1]
    return below, np.minimum((x - start) / (end - start), 1)


def discounted_orders(futures: Futures, horizon: Horizon) -> Floats:
    """D for each draw: a row per T.

    Orders come like rain while somebody is active: their number is Poisson, their times have nothing to do with each
    other. Where many are expected, D is found at once, by mean, variance and skewness (Cornish & Fisher 1938).
    """
    until = np.minimum(futures.stays, horizon.edges[-1])
    first, second, third = (np.interp(until, horizon.edges, _integral(horizon, power)) for power in (1, 2, 3))
    number = futures.rate * until
    spread = np.sqrt(futures.rate * second)
    skewness = np.divide(third, second, out=np.zeros_like(third), where=second > 0) * (NUMBER**2 - 1) / 6
    orders = np.maximum(futures.rate * first + spread * NUMBER + skewness, 0)
    few = np.nonzero(number < MANY_ORDERS)
    orders[few] = _of_few(number[few], few[1], [first[few], second[few]] / np.maximum(until[few], 1e-300), horizon)
    if futures.leaves_with_order:
        leaving = np.nonzero(futures.stays < horizon.edges[-1])
        orders[leaving] += horizon.discounts[np.searchsorted(horizon.edges, futures.stays[leaving], "right") - 1]
    return orders


def _integral(horizon: Horizon, power: int) -> Floats:
    """Of the discount to this power, up to each edge of a period."""
    return np.concatenate([[0.0], np.cumsum(horizon.discounts**power * np.diff(horizon.edges))])


def _of_few(expected: Floats, draw: Integers, means: Floats, horizon: Horizon) -> Floats:
    """A whole number of orders, at times that give their discounts the `means` of the discount and of its square."""
    count = _poisson(expected, UNIFORM[COUNT][draw])
    variance = np.maximum(means[1] - means[0] ** 2, 0)
    lowest, highest = horizon.discounts.min(), horizon.discounts.max()
    return np.clip(count * means[0] + np.sqrt(count * variance) * SPREAD[draw], count * lowest, count * highest)


def _poisson(expected: Floats, level: Floats) -> Floats:
    """Quantiles of Poisson distributions, by adding up probabilities: for small expectations."""
    count, chance = np.zeros(len(expected)), np.exp(-expected)
    rest = level - chance
    more, k = np.flatnonzero(rest > 0), 0
    while len(more):
        k += 1
        count[more] = k
        chance[more] *= expected[more] / k
        rest[more] -= chance[more]
        more = more[(rest[more] > 0) & (chance[more] > 1e-12)]
    return count
