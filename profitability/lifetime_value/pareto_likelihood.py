"""Likelihood of the Pareto/NBD with its gradient, without hypergeometric functions.

A customer silent since t_x has either stayed or left at some moment u in between. Relative to having stayed, the odds
of having left are the integral over u from t_x to T of

    s / (beta+u) * ((alpha+T) / (alpha+u)) ** (r+x) * ((beta+T) / (beta+u)) ** s

whose integrand is positive and, in the logarithm of the smaller of alpha+u and beta+u, analytic far on both sides of
the real line: Gauss-Legendre quadrature gives ten digits, and the gradient comes from the same nodes.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import expit

from profitability.lifetime_value.bgnbd_likelihood import Orders
from profitability.lifetime_value.likelihood import Objective, dot
from profitability.lifetime_value.summary import Floats, Integers, Tally

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2
NEGLIGIBLE = 36.0  # what has fallen by so many powers of e adds nothing any more
ROWS_AT_ONCE = 4096  # keeps the working arrays of one step in the cache
TINY = 1e-300

Parameters = tuple[float, float, float, float]


def pareto_objective(triples: Tally, *, every: int = 1) -> Objective:
    """Mean log-likelihood and gradient over log r, log alpha, log s, log beta.

    Per customer: lnG(r+x) - lnG(r) + r ln alpha - (r+x) ln(alpha+T) + s (ln beta - ln(beta+T)) + ln(1 + odds of having
    left). With `every` n, one triple in n stands in the last term for all that have a repeat order (few triples have
    none, but many customers); triples are sorted, so they are a fair part.
    """
    orders = Orders(triples)
    some, share = _part(triples, every)
    x, t_x, T = triples.x[some].astype(np.float64), triples.t_x[some], triples.T[some]

    def objective(point: Floats) -> tuple[float, Floats]:
        r, alpha, s, beta = parameters = tuple(np.exp(point).tolist())
        value, (by_r, by_alpha) = orders.stay(r, alpha)
        gone = np.log1p(orders.T / beta)
        value -= s * dot(orders.customers, gone)
        by_s = -dot(orders.customers, gone)
        by_beta = s * dot(orders.customers, orders.T / (beta + orders.T)) / beta
        gradient = np.array([by_r, by_alpha, by_s, by_beta])
        for rows in _blocks(len(x)):
            moment = _Moment(parameters, x[rows], t_x[rows], T[rows])
            value += dot(share[rows], np.logaddexp(0, moment.log_odds))
            gradient += moment.slopes @ (share[rows] * expit(moment.log_odds))
        return float(value), gradient * np.exp(point)

    return objective


def _part(triples: Tally, every: int) -> tuple[Integers, Floats]:
    """Which triples to look at, and the share of customers that each stands for."""
    share = triples.count / triples.count.sum()
    repeat = np.flatnonzero(triples.x)
    chosen = repeat[every // 2 :: every]
    once = np.flatnonzero(triples.x == 0)
    scale = share[repeat].sum() / max(share[chosen].sum(), TINY)
    return np.concatenate([once, chosen]), np.concatenate([share[once], share[chosen] * scale])


def log_odds_of_having_left(parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """For each customer, against having stayed; -inf for one who has just ordered."""
    result = np.empty(len(x))
    for rows in _blocks(len(x)):
        result[rows] = _Moment(parameters, x[rows], t_x[rows], T[rows]).log_odds
    return result


class _Moment:
    """The integral over the moment of leaving, for some customers, with what its derivatives need."""

    def __init__(self, parameters: Parameters, x: Floats, t_x: Floats, T: Floats) -> None:
        r, alpha, s, beta = parameters
        low, gap = min(alpha, beta), abs(alpha - beta)
        power = r + x
        reach = _reach(parameters, power, t_x, T, low)
        near = ((low + t_x)[:, None]) * np.exp(reach[:, None] * NODES)
        far = near + gap
        log_near = np.log(low + t_x)[:, None] + reach[:, None] * NODES
        log_far = np.log(far)
        self.buying, self.leaving = (near, far) if alpha <= beta else (far, near)
        pair: tuple[Floats, Floats] = (log_near, log_far) if alpha <= beta else (log_far, log_near)
        self.log_buying, self.log_leaving = pair
        logs = log_near - power[:, None] * self.log_buying - (s + 1) * self.log_leaving
        peak = logs.max(axis=1)
        self.density = np.exp(logs - peak[:, None]) * WEIGHTS
        self.total = np.maximum(self.density.sum(axis=1), TINY)
        with np.errstate(divide="ignore"):
            size = np.log(reach) + np.log(self.total)
        self.log_odds = np.log(s) + size + peak + power * np.log(alpha + T) + s * np.log(beta + T)
        self.parameters, self.power, self.T = parameters, power, T

    @property
    def slopes(self) -> Floats:
        """Derivatives of the log-odds by r, alpha, s and beta, a row each."""
        _, alpha, s, beta = self.parameters
        return np.stack(
            [
                np.log(alpha + self.T) - self._mean(self.log_buying),
                self.power * (1 / (alpha + self.T) - self._mean(1 / self.buying)),
                1 / s + np.log(beta + self.T) - self._mean(self.log_leaving),
                s / (beta + self.T) - (s + 1) * self._mean(1 / self.leaving),
            ]
        )

    def _mean(self, values: Floats) -> Floats:
        return np.einsum("ij,ij->i", self.density, values) / self.total


def _reach(parameters: Parameters, power: Floats, t_x: Floats, T: Floats, low: float) -> Floats:
    """How far to integrate, in the logarithm of low + u: to T, or to where nothing is left."""
    _, alpha, s, beta = parameters
    by_orders = (alpha + t_x) * np.exp(np.minimum(NEGLIGIBLE / power, NEGLIGIBLE)) - alpha
    by_leaving = (beta + t_x) * np.exp(min(NEGLIGIBLE / (s + 1), NEGLIGIBLE)) - beta
    end = np.minimum(T, np.minimum(by_orders, by_leaving))
    return np.log1p(np.maximum(end - t_x, 0) / (low + t_x))


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE))
