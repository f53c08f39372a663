"""What a purchase model says about the future of a customer who is active now, and the forecasts made from it.

A model (BG/NBD, MBG/NBD, Pareto/NBD; others can be added) says two things: how likely a customer with (x, t_x, T) is
still active, and, given that they are, how their purchases run from there, which depends on x and T alone. Everything
below is written on that, for any model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.draws import Futures
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.summary import Floats, Triples, checked, collapse, distinct, rows_by

DAYS_PER_YEAR = 365.25
TIME_NODES, TIME_WEIGHTS = np.polynomial.legendre.leggauss(24)
PERIOD_NODES, PERIOD_WEIGHTS = np.polynomial.legendre.leggauss(3)
INTERPOLATION_NODES = 24
ROWS_AT_ONCE = 1024  # keeps the working arrays of one step within some tens of megabytes


class PurchaseModel(Protocol):
    """What a model of purchases offers; time is in weeks."""

    def __hash__(self) -> int:
        """The same where the parameters are, so that what was found with them can be found again."""

    @property
    def covariance(self) -> Floats | None:
        """Of the logarithms of its parameters; None when it is not known."""

    @property
    def timescale(self) -> float:
        """Weeks of observation over which forecasts change: they are smooth in ln(timescale + T)."""

    def changes_within(self, x: int, T: Floats) -> Floats:
        """Weeks over which the forecast for x and each T changes shape."""

    @property
    def assumed(self) -> bool:
        """True when the base was too small to fit the model."""

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of being still active at T."""

    def order_if_active(self, x: ArrayLike, T: ArrayLike, weeks: ArrayLike) -> Floats:
        """Probability that one active at T orders within so many weeks."""

    def rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """Orders per week at `times` after T for one active at T: a row per T, a column per time."""

    def pair_rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """Chance per week squared of an order at that time and one at a given moment before."""

    def survival_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """Probability of being still active at that time."""

    def draw_if_active(self, x: int, T: Floats) -> Futures:
        """Futures of one active at T, drawn from what the model then knows of the customer: a row per T."""

    def shifted(self, parameter: int, step: float) -> "PurchaseModel":
        """The model with the logarithm of one parameter moved."""


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """How far ahead one looks, in whole periods, and what later money is worth."""

    years: float = 3.0
    discount_rate: float = 0.10  # yearly
    periods_per_year: int = 12

    def __post_init__(self) -> None:
        if self.years <= 0 or self.periods_per_year < 1 or self.discount_rate <= -1:
            raise LifetimeValueError(
                "bad_horizon", "Years and periods must be above zero, and the discount rate above -100 %."
            )

    @cached_property
    def edges(self) -> Floats:
        """Weeks at which the periods begin and end."""
        periods = max(1, round(self.years * self.periods_per_year))
        return np.arange(periods + 1, dtype=np.float64) * (DAYS_PER_YEAR / 7 / self.periods_per_year)

    @cached_property
    def discounts(self) -> Floats:
        """d ** t for t = 1, 2, ...: money of a period counts as of the period's end."""
        return np.power(1 + self.discount_rate, -np.arange(1, len(self.edges)) / self.periods_per_year)


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """Discounted expectations over a horizon."""

    orders: Floats  # E[D], D being the sum over future orders of their discount
    periods: Floats  # sum of d^t P(active at the start of t)


@dataclass(frozen=True, kw_only=True)
class SecondMoments:
    """How much the orders over a horizon may vary."""

    orders_squared: Floats  # E[D ** 2]
    squared_discounts: Floats  # expected sum of squared discounts: what the spread of single order values acts on


# Per x, at several T: two expectations of someone active.
IfActive = Callable[[PurchaseModel, int, Floats, Horizon], Floats]


def probability_alive(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Probability that each customer is still active at the end of observation."""
    return model.probability_alive(x, t_x, T)


def probability_of_no_order(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Floats:
    """The churn risk: probability that a customer, active or not, orders nothing in the t weeks after observation."""
    alive = model.probability_alive(x, t_x, T)
    frequency, _, age = checked(x, t_x, T)
    return 1 - alive * model.order_if_active(frequency, age, _checked_time(t))


def expected_purchases(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Floats:
    """Orders expected in the t weeks after the end of observation: P(alive) times those of someone active.

    `t` is one number or one per customer.
    """
    alive = model.probability_alive(x, t_x, T)
    frequency, age, ahead = np.broadcast_arrays(checked(x, t_x, T)[0], checked(x, t_x, T)[2], _checked_time(t))
    index, inverse, _ = distinct(frequency, age, ahead)
    orders = np.empty(len(index))
    for x_value, rows in rows_by(frequency[index]):
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            orders[some] = _orders_if_active(model, x_value, age[index][some], ahead[index][some])
    return alive * orders[inverse]


def expected_purchases_new(model: PurchaseModel, t: ArrayLike) -> Floats:
    """E[X(t)]: repeat orders of a new customer in the t weeks after the first order."""
    weeks = np.atleast_1d(np.asarray(t, dtype=np.float64))
    nothing = np.zeros(len(weeks))
    return expected_purchases(model, nothing, nothing, nothing, weeks)


def expected_orders_by_period(
    model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, horizon: Horizon
) -> Floats:
    """Orders expected of all these customers together in each period of a horizon, undiscounted."""
    triples = collapse(x, t_x, T)
    alive = model.probability_alive(triples.x, triples.t_x, triples.T) * triples.count
    ages, place = triples.ages
    nodes, matrix = _interpolation(ages, model.timescale)
    total = np.zeros(len(horizon.discounts))
    for x_value, rows in triples.by_frequency:
        times, weights = _in_periods(model, x_value, nodes, horizon)
        rates = (model.rate_if_active(x_value, nodes, times) * weights).reshape(len(nodes), len(total), -1)
        total += np.bincount(place[rows], weights=alive[rows], minlength=len(ages)) @ matrix @ rates.sum(axis=2)
    return total


def prospects(model: PurchaseModel, triples: Triples, horizon: Horizon) -> Prospects:
    """Discounted expectations for each triple."""
    orders, periods = _over_triples(model, triples, horizon, _means_if_active)
    return Prospects(orders=orders, periods=periods)


def second_moments(model: PurchaseModel, triples: Triples, horizon: Horizon) -> SecondMoments:
    """Second moments for each triple."""
    orders_squared, squared_discounts = _over_triples(model, triples, horizon, _moments_if_active)
    return SecondMoments(orders_squared=orders_squared, squared_discounts=squared_discounts)


def _checked_time(t: ArrayLike) -> Floats:
    ahead = np.asarray(t, dtype=np.float64)
    if not np.isfinite(ahead).all() or (ahead < 0).any():
        raise LifetimeValueError("bad_time", "The time ahead must be zero or more weeks.")
    return ahead


def _over_triples(model: PurchaseModel, triples: Triples, horizon: Horizon, if_active: IfActive) -> Floats:
    """P(alive) times what is expected of someone active.

    The latter depends on x and T alone, and smoothly on ln(timescale + T): it is computed at a few Chebyshev points of
    that per x, and interpolated to the last digits, so that the cost hardly grows with the base.
    """
    ages, place = triples.ages
    nodes, matrix = _interpolation(ages, model.timescale)
    values = np.empty((len(triples.x), 2))
    for x_value, rows in triples.by_frequency:
        values[rows] = (matrix @ if_active(model, x_value, nodes, horizon))[place[rows]]
    return values.T * model.probability_alive(triples.x, triples.t_x, triples.T)


def _orders_if_active(model: PurchaseModel, x: int, T: Floats, t: Floats) -> Floats:
    """The integral of the rate over (0, t), one t per T."""
    times, weights = _stretched(model.changes_within(x, T), np.zeros((len(T), 1)), t[:, None], TIME_NODES, TIME_WEIGHTS)
    return (model.rate_if_active(x, T, times) * weights).sum(axis=1)


def _means_if_active(model: PurchaseModel, x: int, T: Floats, horizon: Horizon) -> Floats:
    """One row per T, two columns as in `Prospects`."""
    times, weights = _in_periods(model, x, T, horizon)
    orders = (model.rate_if_active(x, T, times) * weights) @ np.repeat(horizon.discounts, len(PERIOD_NODES))
    at_start = model.survival_if_active(x, T, np.broadcast_to(horizon.edges[:-1], (len(T), len(horizon.discounts))))
    return np.column_stack([orders, at_start @ horizon.discounts])


def _moments_if_active(model: PurchaseModel, x: int, T: Floats, horizon: Horizon) -> Floats:
    """One row per T, two columns as in `SecondMoments`.

    E[D^2] = integral of d(u)^2 rate(u) + 2 d(u) S(u) pair_rate(u), with S(u) the integral of d up to u.
    """
    times, weights = _in_periods(model, x, T, horizon)
    begin, lengths, repeats = horizon.edges[:-1], np.diff(horizon.edges), len(PERIOD_NODES)
    d = np.repeat(horizon.discounts, repeats)
    before = np.concatenate([[0.0], np.cumsum(horizon.discounts * lengths)[:-1]])
    S = np.repeat(before, repeats) + d * (times - np.repeat(begin, repeats))
    squared = (model.rate_if_active(x, T, times) * weights) @ d**2
    return np.column_stack([squared + 2 * (model.pair_rate_if_active(x, T, times) * S * weights) @ d, squared])


def _in_periods(model: PurchaseModel, x: int, T: Floats, horizon: Horizon) -> tuple[Floats, Floats]:
    begin, end = horizon.edges[None, :-1], horizon.edges[None, 1:]
    return _stretched(model.changes_within(x, T), begin, end, PERIOD_NODES, PERIOD_WEIGHTS)


def _stretched(scale: Floats, begin: Floats, end: Floats, nodes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre on each (begin, end), in ln(1 + time / scale): there the rate is smooth however long the time."""
    scale = scale[:, None]
    low, high = np.log1p(begin / scale), np.log1p(end / scale)
    half, middle = (high - low) / 2, (high + low) / 2
    logs = (middle[..., None] + half[..., None] * nodes).reshape(len(scale), -1)
    widths = (half[..., None] * weights).reshape(len(scale), -1)
    return scale * np.expm1(logs), widths * scale * np.exp(logs)


def _interpolation(ages: Floats, timescale: float) -> tuple[Floats, Floats]:
    """Ages to compute at, and the matrix that carries values there to all `ages` (barycentric, Chebyshev points)."""
    if len(ages) <= INTERPOLATION_NODES:
        return ages, np.eye(len(ages))
    logs = np.log(timescale + ages)
    k = np.arange(INTERPOLATION_NODES)
    points = (logs[-1] + logs[0]) / 2 + (logs[-1] - logs[0]) / 2 * np.cos(np.pi * k / (INTERPOLATION_NODES - 1))
    weights = (-1.0) ** k
    weights[[0, -1]] /= 2
    gaps = logs[:, None] - points
    exact = gaps == 0
    terms = weights / np.where(exact, 1, gaps)
    matrix = terms / terms.sum(axis=1, keepdims=True)
    on_point = exact.any(axis=1)
    matrix[on_point] = exact[on_point]
    return np.maximum(np.exp(points) - timescale, 0), matrix
