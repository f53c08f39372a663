"""BG/NBD: how often a customer buys, and whether they still do (Fader, Hardie & Lee 2005).

While active a customer buys at a rate lambda of their own, Gamma(r, alpha) over customers; after each repeat order they
leave for good with a probability p of their own, Beta(a, b) over customers.

The published forecast needs a hypergeometric function, divides by a - 1, and loses its digits for frequent buyers. Here
every forecast is the mean of a positive function of p over its posterior Beta(a, b + x), taken by Gauss-Jacobi
quadrature: no pole at a = 1, no cancellation, and a = 0 (nobody leaves) is an ordinary case.

The MBG/NBD (Batislam, Denizel & Filiztekin 2007; Hoppe & Wagner 2007) lets a customer leave after the first order too:
it is the same model with one chance to leave more, so that nobody is certain to be active.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit

from profitability.lifetime_value.bgnbd_likelihood import bgnbd_objective, nbd_objective
from profitability.lifetime_value.draws import LEAVING, RATE, Futures, beta_draws, gamma_draws, waits
from profitability.lifetime_value.likelihood import Maximum, maximise, shapes_and_means
from profitability.lifetime_value.nbd import CustomerLoss, fit_nbd, loss_shown, observed, without_loss
from profitability.lifetime_value.summary import Floats, Tally, checked

PARAMETERS = ("r", "alpha", "a", "b")
QUADRATURE_NODES = 32
SMALL_EXPONENTS = 20
# Below this many repeat buyers four parameters cannot be told apart; see `fit_or_assume_bgnbd`.
ENOUGH_REPEAT_BUYERS = 30
MANY_TRIPLES = 2_000  # from twice as many on, a fair part of them leads the way
ASSUMED_SPREAD = 0.5  # standard error of assumed log-parameters: a factor of 1.65 either way


@dataclass(frozen=True, kw_only=True)
class BgNbd:
    """Fitted (or given) parameters, and the forecasts they imply. Time is in weeks."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float | None = None
    # By parameter; NaN where undefined. Models are the same where their parameters are.
    standard_errors: Mapping[str, float] = field(default_factory=dict, compare=False)
    # Of the logarithms of r, alpha, a, b: by the curvature where fitted alone, by a bootstrap in `fit_or_assume`.
    covariance: Floats | None = field(default=None, compare=False)
    customers: int = 0
    loss: CustomerLoss = CustomerLoss.FOUND
    assumed: bool = False  # the base was too small to fit: see `fit_or_assume_bgnbd`

    early: ClassVar[int] = 0  # chances to leave before the first repeat order

    @property
    def no_loss(self) -> bool:
        """True when the data do not show that customers leave."""
        return self.loss in {CustomerLoss.NONE, CustomerLoss.NOT_PROVEN}

    @property
    def timescale(self) -> float:
        """Weeks of observation over which forecasts change."""
        return self.alpha

    def changes_within(self, x: int, T: Floats) -> Floats:
        """Weeks over which the forecast of each T changes shape: about 1 / E[lambda p], but never beyond alpha + T."""
        leaving = (self.r + x) * self.a / (self.a + self.b + x + self.early)
        return (self.alpha + T) / (1 + leaving)

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """1 / (1 + a / (b + c - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)) after c chances to leave; 1 after 0."""
        frequency, recency, age = checked(x, t_x, T)
        alive = np.ones(len(frequency))
        if self.a == 0:
            return alive
        some_chance = frequency + self.early > 0
        n = frequency[some_chance]
        silence = np.log((self.alpha + age[some_chance]) / (self.alpha + recency[some_chance]))
        alive[some_chance] = expit(np.log(self.b + n + self.early - 1) - np.log(self.a) - (self.r + n) * silence)
        return alive

    def order_if_active(self, x: ArrayLike, T: ArrayLike, weeks: ArrayLike) -> Floats:
        """Probability of an order within so many weeks: a customer cannot leave before it."""
        elapsed = np.log1p(np.asarray(weeks, float) / (self.alpha + np.asarray(T, float)))
        return -np.expm1(-(self.r + np.asarray(x, float)) * elapsed)

    def rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[lambda exp(-lambda p time)]: orders per week at `times` weeks ahead, a row per T."""
        power, elapsed = self.r + x, (self.alpha + T)[:, None]
        return power / elapsed * self._mean_decay(x, times / elapsed, power + 1)

    def pair_rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[lambda^2 (1 - p) exp(-lambda p time)]: of an order then, and one at any given moment before."""
        power, elapsed = self.r + x, (self.alpha + T)[:, None]
        return power * (power + 1) / elapsed**2 * self._mean_decay(x, times / elapsed, power + 2, kept=True)

    def survival_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[exp(-lambda p time)]: the probability of being still active then."""
        return self._mean_decay(x, times / (self.alpha + T)[:, None], self.r + x)

    def draw_if_active(self, x: int, T: Floats) -> Futures:
        """Lambda from Gamma(r + x, alpha + T), p from Beta(a, b + x); orders that one leaves with come besides."""
        p = beta_draws(self.a, self.b + x + self.early, LEAVING)
        rate = gamma_draws(self.r + x, RATE) / (self.alpha + T)[:, None]
        return Futures(rate=rate * (1 - p), stays=waits(rate * p), leaves_with_order=True)

    def slopes(self, triples: Tally) -> Floats:
        """Of the mean log-likelihood of some customers by the logarithms of r, alpha, a, b; of the NBD by the first two
        alone."""
        if self.a == 0:
            return np.append(nbd_objective(triples)(np.log([self.r, self.alpha]))[1], [0, 0])
        return bgnbd_objective(triples, early=self.early)(np.log([self.r, self.alpha, self.a, self.b]))[1]

    def shifted(self, parameter: int, step: float) -> "BgNbd":
        """The model with the logarithm of one parameter moved: how forecasts feel the error of estimation."""
        name = PARAMETERS[parameter]
        return replace(self, **{name: getattr(self, name) * float(np.exp(step))})

    def _mean_decay(self, x: int, u: Floats, power: float, *, kept: bool = False) -> Floats:
        """E[(1 + p u) ** -power] for p ~ Beta(a, b + c), or with `kept` E[(1 - p) (1 + p u) ** -power].

        The substitution p = y / (1 + k (1 - y)) keeps few nodes precise however far ahead one looks: the k below makes
        the integrand flat at y = 0, and where its exponents are small, keeps its two poles equally far from (0, 1).
        """
        a, b = self.a, self.b + x + self.early
        y, weights = beta_rule(a, b)
        k = u * power / (a + b)
        if power + abs(a + b - power) < SMALL_EXPONENTS:
            k = np.minimum(k, np.sqrt(1 + u) - 1)
        k = k[..., None]
        near, far = k / (1 + k), (u[..., None] - k) / (1 + k)
        logs = (power - a - b) * np.log1p(-near * y) - power * np.log1p(far * y) - a * np.log1p(k)
        values = np.exp(logs)
        if kept:
            values *= 1 - y / ((1 + k) * (1 - near * y))
        return np.einsum("...k,k", values, weights)


@lru_cache(maxsize=1024)
def beta_rule(a: float, b: float, count: int = QUADRATURE_NODES) -> tuple[Floats, Floats]:
    """Gauss quadrature for Beta(a, b) on (0, 1): nodes and weights that sum to 1 (Golub & Welsch 1969).

    The recurrence is written for (0, 1) itself, without the differences that cost digits when b is large; a = 0 gives
    the point mass at 0.
    """
    k = np.arange(1, count, dtype=np.float64)
    s = a + b
    diagonal = np.concatenate(
        [[a / s], (2 * k * (k + s - 1) + a * (s - 2)) / ((2 * k + s - 2) * (2 * k + s))],
    )
    k = k[1:]
    squares = k * (k + b - 1) * (k + a - 1) * (k + s - 2) / ((2 * k + s - 2) ** 2 * (2 * k + s - 1) * (2 * k + s - 3))
    side = np.sqrt(np.concatenate([[a * b / (s**2 * (s + 1))], squares]))
    nodes, vectors = eigh_tridiagonal(diagonal, side, check_finite=False)
    return np.clip(nodes, 0, 1), vectors[0] ** 2


@dataclass(frozen=True, kw_only=True)
class MbgNbd(BgNbd):
    """The same with a chance to leave after the very first order."""

    early: ClassVar[int] = 1


Fitted = TypeVar("Fitted", bound=BgNbd)


def fit_bgnbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> BgNbd:
    """Maximum likelihood estimates of r, alpha, a and b, compared with the NBD, in which nobody leaves."""
    return _fit(BgNbd, x, t_x, T)


def fit_mbgnbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> MbgNbd:
    """The same for the MBG/NBD."""
    return _fit(MbgNbd, x, t_x, T)


def _fit(kind: type[Fitted], x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Fitted:
    triples = observed(x, t_x, T)
    customers = int(triples.count.sum())
    nbd = fit_nbd(triples)
    start = np.concatenate([nbd.log_parameters, np.log([0.5, 2.0])])
    part = int(np.count_nonzero(triples.x)) // MANY_TRIPLES
    rough = bgnbd_objective(triples, early=kind.early, every=part) if part > 1 else None
    objective = bgnbd_objective(triples, early=kind.early)
    full = maximise(objective, start, customers, axes=shapes_and_means(2), rough=rough)
    p_leave = float(expit(full.log_parameters[2] - full.log_parameters[3]))
    gain = (full.log_likelihood - nbd.log_likelihood) * customers
    loss = loss_shown(gain, leaving=p_leave, alike=bool(full.boundless[2]))
    return _model(kind, full if loss is not CustomerLoss.NONE else without_loss(nbd), customers, loss)


def fit_or_assume_bgnbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> BgNbd:
    """Fit, or when there are fewer than 30 repeat buyers assume: orders at the base's own rate, one in four lost.

    Assumed are r = 1 (rates spread as widely as their mean), alpha so that the mean rate is that of the base (half an
    order is added so that it is never zero), a = 1 and b = 3, each uncertain by a factor of 1.65 either way.
    """
    frequency, _, age = checked(x, t_x, T)
    if np.count_nonzero(frequency) >= ENOUGH_REPEAT_BUYERS:
        return fit_bgnbd(x, t_x, T)
    observed = max(float(age.sum()), 1.0)
    return BgNbd(
        r=1.0,
        alpha=observed / (float(frequency.sum()) + 0.5),
        a=1.0,
        b=3.0,
        covariance=np.eye(len(PARAMETERS)) * ASSUMED_SPREAD**2,
        customers=len(frequency),
        assumed=True,
    )


def _model(kind: type[Fitted], found: Maximum, customers: int, loss: CustomerLoss) -> Fitted:
    r, alpha, a, b = np.exp(found.log_parameters).tolist()
    return kind(
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        log_likelihood=found.log_likelihood * customers,
        standard_errors=dict(zip(PARAMETERS, found.errors.tolist(), strict=True)),
        covariance=found.covariance,
        customers=customers,
        loss=loss,
    )
