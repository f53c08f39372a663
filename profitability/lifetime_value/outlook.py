"""What a purchase model says about the future of a customer who is active now, and the forecasts made from it.

A model (BG/NBD here; others can be added) says two things: how likely a customer with (x, t_x, T) is still active, and,
given that they are, how their purchases run from there, which depends on x and T alone. Everything below is written on
that, for any model.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.summary import Floats, Integers, Triples, checked, distinct

DAYS_PER_YEAR = 365.25
TIME_NODES, TIME_WEIGHTS = np.polynomial.legendre.leggauss(24)
PERIOD_NODES, PERIOD_WEIGHTS = np.polynomial.legendre.leggauss(3)
INTERPOLATION_NODES = 24
ROWS_AT_ONCE = 1024  # keeps the working arrays of one step within some tens of megabytes


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Means over the posterior of someone active at T; one row per T, one column per time ahead."""

    rate: Floats  # orders per week at that time
    pair_rate: Floats  # chance per week squared of an order at that time and one at a given earlier time
    survival: Floats  # probability of being still active


class PurchaseModel(Protocol):
    """What a model of purchases offers; time is in weeks."""

    @property
    def covariance(self) -> Floats | None:
        """Of the logarithms of its parameters; None when it is not known."""

    @property
    def timescale(self) -> float:
        """Weeks over which the forecast changes shape for a new customer."""

    @property
    def assumed(self) -> bool:
        """True when the base was too small to fit the model."""

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Probability of being still active at T."""

    def outlook(self, x: int, T: Floats, times: Floats) -> Outlook:
        """What follows at `times` after T for a customer with x repeat orders who is active at T."""

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
        return np.arange(periods + 1) * (DAYS_PER_YEAR / 7 / self.periods_per_year)

    @cached_property
    def discounts(self) -> Floats:
        """d ** t for t = 1, 2, ...: money of a period counts as of the period's end."""
        return (1 + self.discount_rate) ** (-np.arange(1, len(self.edges)) / self.periods_per_year)


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """Discounted expectations over a horizon; D is the sum over future orders of their discount."""

    orders: Floats  # E[D] = sum of d^t E(orders in t)
    orders_squared: Floats  # E[D ** 2]
    squared_discounts: Floats  # expected sum of squared discounts: what the spread of single order values acts on
    periods: Floats  # sum of d^t P(active at the start of t)


def probability_alive(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Probability that each customer is still active at the end of observation."""
    return model.probability_alive(x, t_x, T)


def expected_purchases(model: PurchaseModel, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, t: ArrayLike) -> Floats:
    """Orders expected in the t weeks after the end of observation: P(alive) times those of someone active.

    `t` is one number or one per customer.
    """
    alive = model.probability_alive(x, t_x, T)
    frequency, age, ahead = np.broadcast_arrays(checked(x, t_x, T)[0], checked(x, t_x, T)[2], np.asarray(t, float))
    if not np.isfinite(ahead).all() or (ahead < 0).any():
        raise LifetimeValueError("bad_time", "The time ahead must be zero or more weeks.")
    index, inverse, _ = distinct(frequency, age, ahead)
    orders = np.empty(len(index))
    for x_value, rows in _by_frequency(frequency[index]):
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            orders[some] = _orders_if_active(model, x_value, age[index][some], ahead[index][some])
    return alive * orders[inverse]


def expected_purchases_new(model: PurchaseModel, t: ArrayLike) -> Floats:
    """E[X(t)]: repeat orders of a new customer in the t weeks after the first order."""
    weeks = np.atleast_1d(np.asarray(t, dtype=np.float64))
    nothing = np.zeros(len(weeks))
    return expected_purchases(model, nothing, nothing, nothing, weeks)


def prospects(model: PurchaseModel, triples: Triples, horizon: Horizon) -> Prospects:
    """Discounted expectations for each triple.

    Given activity they depend on x and T alone, and smoothly on ln(timescale + T): they are computed at a few
    Chebyshev points of it per x, and interpolated to the last digits, so that the cost hardly grows with the base.
    """
    ages, place = np.unique(triples.T, return_inverse=True)
    nodes, matrix = _interpolation(ages, model.timescale)
    if_active = np.empty((len(triples.x), 4))
    for x_value, rows in _by_frequency(triples.x):
        if_active[rows] = matrix[place[rows]] @ _prospects_if_active(model, x_value, nodes, horizon)
    values = if_active * model.probability_alive(triples.x, triples.t_x, triples.T)[:, None]
    return Prospects(
        orders=values[:, 0], orders_squared=values[:, 1], squared_discounts=values[:, 2], periods=values[:, 3]
    )


def _by_frequency(x: NDArray[Any]) -> list[tuple[int, Integers]]:
    """Each distinct x with the rows that have it."""
    order = np.argsort(x, kind="stable")
    values, starts = np.unique(x[order], return_index=True)
    return list(zip(values.tolist(), np.split(order, starts[1:]), strict=True))


def _orders_if_active(model: PurchaseModel, x: int, T: Floats, t: Floats) -> Floats:
    """The integral of the rate over (0, t), one t per T."""
    times, weights = _stretched(model.timescale + T, np.zeros((len(T), 1)), t[:, None], TIME_NODES, TIME_WEIGHTS)
    return (model.outlook(x, T, times).rate * weights).sum(axis=1)


def _prospects_if_active(model: PurchaseModel, x: int, T: Floats, horizon: Horizon) -> Floats:
    """One row per T, four columns as in `Prospects`.

    E[D^2] = integral of d(u)^2 rate(u) + 2 d(u) S(u) pair_rate(u), with S(u) the integral of d up to u.
    """
    begin, end = horizon.edges[:-1], horizon.edges[1:]
    times, weights = _stretched(model.timescale + T, begin[None, :], end[None, :], PERIOD_NODES, PERIOD_WEIGHTS)
    d = np.repeat(horizon.discounts, len(PERIOD_NODES))
    earlier = np.concatenate([[0.0], np.cumsum(horizon.discounts * (end - begin))[:-1]])
    S = np.repeat(earlier, len(PERIOD_NODES)) + d * (times - np.repeat(begin, len(PERIOD_NODES)))
    ahead = model.outlook(x, T, times)
    at_start = model.outlook(x, T, np.broadcast_to(begin, (len(T), len(begin))))
    squared = (ahead.rate * weights) @ d**2
    return np.column_stack(
        [
            (ahead.rate * weights) @ d,
            squared + 2 * (ahead.pair_rate * S * weights) @ d,
            squared,
            at_start.survival @ horizon.discounts,
        ]
    )


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
