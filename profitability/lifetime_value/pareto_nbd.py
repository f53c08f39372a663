"""Pareto/NBD: customers buy at a rate of their own until they leave, at a time of their own (Schmittlein et al. 1987).

While active a customer buys at a rate lambda, Gamma(r, alpha) over customers, and leaves at a rate mu, Gamma(s, beta).
Buying and leaving have nothing to do with each other, so the future of an active customer is elementary; what is hard
is the chance of having left, a difference of hypergeometric functions that loses its digits. Here it is taken as what
it is, an integral over the moment of leaving: see `pareto_likelihood`.

Where customers do not differ in how soon they leave, s and beta grow without bound and only their ratio means anything:
the fit then stops at an s above a million, which forecasts as the limit itself would.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.bgnbd_likelihood import nbd_objective
from profitability.lifetime_value.draws import LEAVING, RATE, Futures, gamma_draws, waits
from profitability.lifetime_value.likelihood import Maximum, maximise, shapes_and_means
from profitability.lifetime_value.nbd import CustomerLoss, fit_nbd, loss_shown, observed, without_loss
from profitability.lifetime_value.pareto_likelihood import chance_of_leaving_first, log_one_plus_odds, pareto_objective
from profitability.lifetime_value.summary import Floats, Tally, checked, distinct

PARAMETERS = ("r", "alpha", "s", "beta")
MANY_TRIPLES = 4_000  # from twice as many on, a fair part of them leads the way


@dataclass(frozen=True, kw_only=True)
class ParetoNbd:
    """Fitted (or given) parameters, and the forecasts they imply. Time is in weeks."""

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float | None = None
    # By parameter; NaN where undefined. Models are the same where their parameters are.
    standard_errors: Mapping[str, float] = field(default_factory=dict, compare=False)
    # Of the logarithms of r, alpha, s, beta: by the curvature where fitted alone, by a bootstrap in `fit_or_assume`.
    covariance: Floats | None = field(default=None, compare=False)
    customers: int = 0
    loss: CustomerLoss = CustomerLoss.FOUND
    assumed: bool = False

    @property
    def no_loss(self) -> bool:
        """True when the data do not show that customers leave."""
        return self.loss in {CustomerLoss.NONE, CustomerLoss.NOT_PROVEN}

    @property
    def timescale(self) -> float:
        """Weeks of observation over which forecasts change."""
        return min(self.alpha, self.beta)

    def changes_within(self, x: int, T: Floats) -> Floats:
        """Weeks over which the forecast of each T changes shape: how soon customers leave; orders do not matter."""
        return (self.beta + T) / (1 + self.s)

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """1 / (1 + odds of having left), in `pareto_likelihood`."""
        frequency, recency, age = checked(x, t_x, T)
        if self.s == 0:
            return np.ones(len(frequency))
        index, inverse, _ = distinct(frequency, recency, age)
        parameters = self.r, self.alpha, self.s, self.beta
        return np.exp(-log_one_plus_odds(parameters, frequency[index], recency[index], age[index]))[inverse]

    def order_if_active(self, x: ArrayLike, T: ArrayLike, weeks: ArrayLike) -> Floats:
        """Probability of an order within so many weeks, before leaving: neither waiting so long nor leaving first."""
        each = (np.atleast_1d(np.asarray(column, float)) for column in (x, T, weeks))
        columns = np.broadcast_arrays(*each)
        index, inverse, _ = distinct(*columns)
        frequency, age, ahead = (column[index] for column in columns)
        power = self.r + frequency
        waits = np.exp(-power * np.log1p(ahead / (self.alpha + age)) - self.s * np.log1p(ahead / (self.beta + age)))
        leaves = chance_of_leaving_first((self.r, self.alpha, self.s, self.beta), frequency, age, age + ahead)
        return np.clip(1 - waits - leaves, 0, 1)[inverse]

    def rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[lambda] E[exp(-mu time)]: orders per week at `times` weeks ahead, a row per T."""
        return (self.r + x) / (self.alpha + T)[:, None] * self.survival_if_active(x, T, times)

    def pair_rate_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[lambda^2] E[exp(-mu time)]: of an order then, and one at any given moment before."""
        power = self.r + x
        return power * (power + 1) / ((self.alpha + T) ** 2)[:, None] * self.survival_if_active(x, T, times)

    def survival_if_active(self, x: int, T: Floats, times: Floats) -> Floats:
        """E[exp(-mu time)]: the probability of being still active then."""
        return np.exp(-self.s * np.log1p(times / (self.beta + T)[:, None]))

    def draw_if_active(self, x: int, T: Floats) -> Futures:
        """Lambda from Gamma(r + x, alpha + T), mu from Gamma(s, beta + T)."""
        rate = gamma_draws(self.r + x, RATE) / (self.alpha + T)[:, None]
        leaving = gamma_draws(self.s, LEAVING) / (self.beta + T)[:, None]
        return Futures(rate=rate, stays=waits(leaving), leaves_with_order=False)

    def slopes(self, triples: Tally) -> Floats:
        """Of the mean log-likelihood of some customers by the logarithms of r, alpha, s, beta; of the NBD by the first
        two alone."""
        if self.s == 0:
            return np.append(nbd_objective(triples)(np.log([self.r, self.alpha]))[1], [0, 0])
        return pareto_objective(triples)(np.log([self.r, self.alpha, self.s, self.beta]))[1]

    def shifted(self, parameter: int, step: float) -> "ParetoNbd":
        """The model with the logarithm of one parameter moved: how forecasts feel the error of estimation."""
        name = PARAMETERS[parameter]
        return replace(self, **{name: getattr(self, name) * float(np.exp(step))})


def fit_pareto_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> ParetoNbd:
    """Maximum likelihood estimates of r, alpha, s and beta, compared with the NBD, in which nobody leaves."""
    triples = observed(x, t_x, T)
    customers = int(triples.count.sum())
    nbd = fit_nbd(triples)
    part = int(np.count_nonzero(triples.x)) // MANY_TRIPLES
    rough = pareto_objective(triples, every=part) if part > 1 else None
    axes = shapes_and_means(2)
    full = maximise(pareto_objective(triples), _start(nbd, triples), customers, axes=axes, rough=rough)
    rate_of_leaving = float(np.exp(full.log_parameters[2] - full.log_parameters[3]))
    gain = (full.log_likelihood - nbd.log_likelihood) * customers
    loss = loss_shown(gain, leaving=rate_of_leaving * float(triples.T.max()), alike=bool(full.boundless[2]))
    return _model(full if loss is not CustomerLoss.NONE else without_loss(nbd), customers, loss)


def _start(nbd: Maximum, triples: Tally) -> Floats:
    """Rates of the NBD; half of the customers who are like the others gone after twice the time observed."""
    return np.concatenate([nbd.log_parameters, np.log([0.5, float(triples.T.max()) / 2])])


def _model(found: Maximum, customers: int, loss: CustomerLoss) -> ParetoNbd:
    r, alpha, s, beta = np.exp(found.log_parameters).tolist()
    return ParetoNbd(
        r=r,
        alpha=alpha,
        s=s,
        beta=beta,
        log_likelihood=found.log_likelihood * customers,
        standard_errors=dict(zip(PARAMETERS, found.errors.tolist(), strict=True)),
        covariance=found.covariance,
        customers=customers,
        loss=loss,
    )
