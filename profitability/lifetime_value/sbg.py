"""Shifted-beta-geometric: how long customers under contract go on renewing (Fader & Hardie 2007).

At each renewal a customer leaves with a probability of their own, Beta(alpha, beta) over customers. Nobody changes
their mind; yet retention rises with the years, because those who were likely to leave are gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln

from profitability.lifetime_value.bootstrap import SAMPLES, SEED, spread_of_steps
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.likelihood import Objective, maximise, shapes_and_means
from profitability.lifetime_value.nbd import CustomerLoss
from profitability.lifetime_value.rising import log_rise, slope_rise
from profitability.lifetime_value.summary import Floats, distinct

PARAMETERS = ("alpha", "beta")
# Below this many customers who were asked to renew, nothing is fitted.
ENOUGH_ASKED = 30
# What is assumed then: customers who differ as much as those of the published examples, each parameter uncertain by a
# factor of 1.65.
ASSUMED_SIZE = 3.0  # alpha + beta
ASSUMED_VARIANCE = 0.25


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeometric:
    """Fitted (or given) parameters, and the retention they imply; time is counted in renewals."""

    alpha: float
    beta: float
    log_likelihood: float | None = None
    standard_errors: Mapping[str, float] = field(default_factory=dict)  # by parameter; NaN where undefined
    customers: int = 0
    loss: CustomerLoss = CustomerLoss.FOUND
    # Of the logarithms of alpha and beta, by drawing customers anew.
    covariance: Floats | None = field(default=None, compare=False)
    assumed: bool = False  # too few were asked to renew

    def shifted(self, parameter: int, step: float) -> "ShiftedBetaGeometric":
        """The model with the logarithm of one parameter moved."""
        name = PARAMETERS[parameter]
        return replace(self, **{name: getattr(self, name) * float(np.exp(step))})

    def retention(self, renewal: ArrayLike) -> Floats:
        """Share of those still there who renew, at the t-th renewal: (beta + t - 1) / (alpha + beta + t - 1)."""
        t = np.asarray(renewal, dtype=np.float64)
        return (self.beta + t - 1) / (self.alpha + self.beta + t - 1)

    def survival(self, renewals: ArrayLike) -> Floats:
        """Share of all customers still there after so many renewals: B(alpha, beta + t) / B(alpha, beta)."""
        t = np.asarray(renewals, dtype=np.float64)
        if self.alpha == 0:
            return np.ones_like(t)
        return np.exp(betaln(self.alpha, self.beta + t) - betaln(self.alpha, self.beta))

    def expected_renewals(self, renewed: ArrayLike, ahead: int, *, discount_rate: float = 0.0) -> Floats:
        """Renewals to come, of the next `ahead`, by customers who have renewed so many times; discounted each time."""
        already = np.atleast_1d(np.asarray(renewed, dtype=np.float64))[:, None]
        k = np.arange(1, ahead + 1, dtype=np.float64)
        return (self.survival(already + k) / self.survival(already)) @ np.power(1 + discount_rate, -k)


def fit_sbg(renewals: ArrayLike, left: ArrayLike) -> ShiftedBetaGeometric:
    """Maximum likelihood estimates of alpha and beta.

    `renewals`: how many times each customer was asked to renew; `left`: whether they left at the last of them. Those
    never asked say nothing. When nobody left, alpha is 0: there is no sign of loss.
    """
    asked, gone = np.atleast_1d(np.asarray(renewals, np.float64)), np.atleast_1d(np.asarray(left, bool))
    if asked.shape != gone.shape:
        raise LifetimeValueError("lengths_differ", "Renewals and departures must have one entry per customer.")
    if not np.isfinite(asked).all() or (asked < 0).any() or (asked != np.rint(asked)).any():
        raise LifetimeValueError("bad_renewals", "Renewals must be whole numbers, zero or more.")
    known = asked > 0
    if not known.any():
        raise LifetimeValueError("no_renewals", "Nobody was asked to renew yet: there is nothing to fit.")
    if not gone[known].any():
        return ShiftedBetaGeometric(alpha=0, beta=1, customers=int(known.sum()), loss=CustomerLoss.NONE)
    return _fitted(asked[known], gone[known])


def fit_or_assume_sbg(renewals: ArrayLike, left: ArrayLike) -> ShiftedBetaGeometric:
    """The fit where at least 30 customers were asked to renew and some left; else parameters of the base's own churn.

    The churn is taken as (departures + 1/2) / (renewals asked for + 1), so that nobody is held to stay for ever.
    """
    asked, gone = np.atleast_1d(np.asarray(renewals, np.float64)), np.atleast_1d(np.asarray(left, bool))
    known = asked > 0
    departures = int(np.count_nonzero(gone & known))
    if departures and np.count_nonzero(known) >= ENOUGH_ASKED:
        return fit_sbg(asked, gone)
    churn = (departures + 0.5) / (float(asked.sum()) + 1)
    return ShiftedBetaGeometric(
        alpha=ASSUMED_SIZE * churn,
        beta=ASSUMED_SIZE * (1 - churn),
        customers=int(np.count_nonzero(known)),
        loss=CustomerLoss.FOUND if departures else CustomerLoss.NONE,
        covariance=np.eye(2) * ASSUMED_VARIANCE,
        assumed=True,
    )


def _fitted(asked: Floats, gone: np.ndarray) -> ShiftedBetaGeometric:
    index, _, count = distinct(asked, gone.astype(np.float64))
    asked, gone, share = asked[index], gone[index], count / count.sum()
    customers = int(count.sum())
    found = maximise(sbg_objective(asked, gone, share), np.log([0.5, 1.0]), customers, axes=shapes_and_means(1))
    alpha, beta = np.exp(found.log_parameters).tolist()
    covariance = found.covariance
    if covariance is not None:
        samples = np.random.default_rng(SEED).multinomial(customers, share, SAMPLES) / customers
        covariance = spread_of_steps(samples @ _slopes(asked, gone, alpha, beta).T, covariance, customers, customers)
    return ShiftedBetaGeometric(
        alpha=alpha,
        beta=beta,
        log_likelihood=found.log_likelihood * customers,
        standard_errors=dict(zip(PARAMETERS, found.errors.tolist(), strict=True)),
        customers=customers,
        covariance=covariance,
    )


def sbg_objective(asked: Floats, gone: np.ndarray, share: Floats) -> Objective:
    """Mean log-likelihood and gradient over log alpha, log beta.

    Per customer asked t times: ln B(alpha + 1, beta + t - 1) if they left at the last, else ln B(alpha, beta + t); less
    ln B(alpha, beta).
    """

    def objective(point: Floats) -> tuple[float, Floats]:
        alpha, beta = np.exp(point).tolist()
        value = share @ (log_rise(alpha, gone) + log_rise(beta, asked - gone) - log_rise(alpha + beta, asked))
        return float(value), _slopes(asked, gone, alpha, beta) @ share

    return objective


def _slopes(asked: Floats, gone: np.ndarray, alpha: float, beta: float) -> Floats:
    """Of the log-likelihood of each customer, by log alpha and log beta, a row each."""
    together = slope_rise(alpha + beta, asked)
    by_alpha, by_beta = slope_rise(alpha, gone) - together, slope_rise(beta, asked - gone) - together
    return np.array([alpha * by_alpha, beta * by_beta])
