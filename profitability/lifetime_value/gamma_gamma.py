"""Gamma-Gamma: what an order of each customer is worth, learning from all the others (Fader & Hardie 2013).

Order values of a customer are Gamma(p, nu), and nu is Gamma(q, v) over customers. The expectation for a customer is an
average of their own mean and everybody's, with more weight on their own the more orders it rests on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.likelihood import Axes, Objective, dot, maximise
from profitability.lifetime_value.rising import log_beta, slope_rise
from profitability.lifetime_value.summary import Floats

PARAMETERS = ("p", "q", "v")
CORRELATION_LIMIT = 0.3
ENOUGH_CUSTOMERS = 30
MANY_CUSTOMERS = 20_000  # from twice as many on, a fair part of them leads the way
# p, q and what an order is worth, about p v / q. Without bound grow p where a customer's orders are all worth the same,
# and q where customers do not differ.
AXES = Axes(matrix=np.array([[1.0, 0, 0], [0, 1, 0], [1, -1, 1]]), shapes=(0, 1))
START = np.log([2.0, 3.0, 1.0])
# Assumed for a small base: a customer's own mean weighs n / (n + 2) after n orders.
ASSUMED_P, ASSUMED_Q = 1.0, 3.0


@dataclass(frozen=True, kw_only=True)
class GammaGamma:
    """Fitted (or given) parameters; values in the unit of m."""

    p: float
    q: float
    v: float
    log_likelihood: float | None = None
    standard_errors: Mapping[str, float] = field(default_factory=dict)  # by parameter; NaN where undefined
    customers: int = 0  # used in the fit
    ignored: int = 0  # left out: no order counted, or a mean value of zero or less, which the model cannot hold
    sample_mean: float | None = None  # mean over the customers used
    correlation: float | None = None  # between number of orders and mean value: the model supposes none
    assumed: bool = False  # the base was too small to fit

    @property
    def correlated(self) -> bool:
        """True when number and value of orders go together enough to distrust the model: say so beside its figures."""
        return self.correlation is not None and abs(self.correlation) > CORRELATION_LIMIT

    @property
    def population_mean(self) -> float:
        """pv / (q - 1); it does not exist for q <= 1, and the mean of the sample stands in."""
        if self.q > 1:
            return self.p * self.v / (self.q - 1)
        if self.sample_mean is None:
            raise LifetimeValueError("no_population_mean", "With q <= 1 the mean of the sample must be given.")
        return self.sample_mean

    def credibility(self, n: ArrayLike) -> Floats:
        """Weight of a customer's own mean of n orders: pn / (pn + q - 1)."""
        own = self.p * np.asarray(n, dtype=np.float64)
        return np.divide(own, own + max(self.q - 1, 0), out=np.zeros_like(own), where=own > 0)


def fit_gamma_gamma(x: ArrayLike, m: ArrayLike) -> GammaGamma:
    """Maximum likelihood estimates of p, q and v; x is the number of orders that m is the mean value of.

    Customers without such an order, or with a mean of zero or less, are ignored and counted in `ignored`.
    """
    orders, means = _columns(x, m)
    usable = (orders > 0) & (means > 0)
    n, mean = orders[usable], means[usable]
    if len(n) < 2 or np.ptp(mean) == 0:
        raise LifetimeValueError("values_all_alike", "At least two customers with different order values are needed.")
    scale = float(mean.mean())
    value = mean / scale
    every = len(n) // MANY_CUSTOMERS
    rough = gamma_gamma_objective(n[::every], value[::every]) if every > 1 else None
    found = maximise(gamma_gamma_objective(n, value), START, len(n), axes=AXES, rough=rough)
    p, q, v = np.exp(found.log_parameters) * [1, 1, scale]
    errors = found.errors * [1, 1, scale]
    return GammaGamma(
        p=float(p),
        q=float(q),
        v=float(v),
        log_likelihood=float(found.log_likelihood - np.log(scale)) * len(n),
        standard_errors=dict(zip(PARAMETERS, errors.tolist(), strict=True)),
        customers=len(n),
        ignored=len(orders) - len(n),
        sample_mean=scale,
        correlation=float(np.corrcoef(n, mean)[0, 1]) if np.ptp(n) else 0.0,
    )


def fit_or_assume_gamma_gamma(x: ArrayLike, m: ArrayLike) -> GammaGamma:
    """Fit, or with fewer than 30 usable customers (or no two values that differ) assume.

    Assumed: a customer's own mean weighs n / (n + 2) after n orders, and the rest is the median of the base, which may
    be negative; 0 when nobody has ordered. Not the mean: where one of a few large customers brings most of it, the mean
    is what nobody's order is worth.
    """
    orders, means = _columns(x, m)
    usable = (orders > 0) & (means > 0)
    if np.count_nonzero(usable) >= ENOUGH_CUSTOMERS and np.ptp(means[usable]):
        return fit_gamma_gamma(x, m)
    known = orders > 0
    typical = float(np.median(means[known])) if known.any() else 0.0
    return GammaGamma(
        p=ASSUMED_P,
        q=ASSUMED_Q,
        v=typical * (ASSUMED_Q - 1) / ASSUMED_P,
        customers=int(np.count_nonzero(known)),
        ignored=int(np.count_nonzero(~known)),
        sample_mean=typical,
        assumed=True,
    )


def expected_average_value(model: GammaGamma, x: ArrayLike, m: ArrayLike) -> Floats:
    """E[M | x, m] = (q-1)/(px+q-1) * pv/(q-1) + px/(px+q-1) * m; the mean of all customers where x is 0."""
    orders, means = _columns(x, m)
    own = model.credibility(orders)
    return (1 - own) * model.population_mean + own * np.where(orders > 0, means, 0)


def gamma_gamma_objective(n: Floats, mean: Floats) -> Objective:
    """Mean log-likelihood and gradient over log p, log q, log v.

    Per customer: -ln B(pn, q) - pn ln(1 + v/nm) - q ln(1 + nm/v) - ln m, which is the published sum of seven terms
    without its differences of large numbers.
    """
    orders, where = np.unique(n, return_inverse=True)
    weight = np.bincount(where) / len(n)
    total = n * mean
    log_mean = float(np.log(mean).mean())

    def objective(point: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(point).tolist()
        ratio = total / v
        own, others = dot(n, np.log1p(1 / ratio)) / len(n), float(np.log1p(ratio).mean())
        shape = p * orders
        value = -dot(weight, log_beta(shape, q)) - p * own - q * others - log_mean
        gradient = [
            p * (dot(weight * orders, slope_rise(shape, q)) - own),
            q * (dot(weight, slope_rise(q, shape)) - others),
            float(((q * ratio - p * n) / (1 + ratio)).mean()),
        ]
        return value, np.array(gradient)

    return objective


def _columns(x: ArrayLike, m: ArrayLike) -> tuple[Floats, Floats]:
    orders, means = np.atleast_1d(np.asarray(x, dtype=np.float64)), np.atleast_1d(np.asarray(m, dtype=np.float64))
    if orders.shape != means.shape:
        raise LifetimeValueError("lengths_differ", "Number of orders and mean value must have one entry per customer.")
    if not (np.isfinite(orders).all() and np.isfinite(means).all()) or (orders < 0).any():
        raise LifetimeValueError("not_finite", "Orders and mean values must be finite, and orders not negative.")
    return orders, means
