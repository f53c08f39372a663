"""Likelihood of the Pareto/NBD with its gradient, without hypergeometric functions.

Somebody active at time t, with x repeat orders so far, leaves before ordering again, and before the end of the longest
observation, with probability

    H_x(t) = integral over u from t to that end of
             s / (beta+u) * ((alpha+t) / (alpha+u)) ** (r+x) * ((beta+t) / (beta+u)) ** s

The integrand is positive and, in the logarithm of the smaller of alpha+u and beta+u, analytic far on both sides of the
real line: Gauss-Legendre quadrature gives ten digits, and the gradient comes from the same nodes. Against having
stayed, the odds of having left are

    odds = R * H_x(t_x) - H_x(T)    with R = ((alpha+T) / (alpha+t_x)) ** (r+x) * ((beta+T) / (beta+t_x)) ** s

so that integrals are needed for the pairs (x, t_x) and (x, T) alone: tens of thousands, where triples are hundreds of
thousands. 1 + odds is a sum of two positive numbers, and loses no digits. Nor does anything where s and beta grow
together without bound: everybody then leaves at the rate s / beta.
"""

from collections.abc import Iterator

import numpy as np

from profitability.lifetime_value.bgnbd_likelihood import Orders
from profitability.lifetime_value.likelihood import Objective, dot
from profitability.lifetime_value.summary import Floats, Integers, Tally, levels, numbered

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
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
    silences = _Silences(triples.x[some], triples.t_x[some], triples.T[some])

    def objective(point: Floats) -> tuple[float, Floats]:
        r, alpha, s, beta = parameters = tuple(np.exp(point).tolist())
        value, (by_r, by_alpha) = orders.stay(r, alpha)
        passed = s * dot(orders.customers, np.log1p(orders.T / beta))
        by_beta = s * dot(orders.customers, orders.T / (beta + orders.T))
        gain, by_silences = silences.gain(parameters, share)
        return value - passed + gain, by_silences + np.array([by_r, by_alpha, -passed, by_beta])

    return objective


def _part(triples: Tally, every: int) -> tuple[Integers, Floats]:
    """Which triples to look at, and the share of customers that each stands for."""
    share = triples.count / triples.count.sum()
    repeat = np.flatnonzero(triples.x)
    chosen = repeat[every // 2 :: every]
    once = np.flatnonzero(triples.x == 0)
    scale = share[repeat].sum() / max(share[chosen].sum(), TINY)
    return np.concatenate([once, chosen]), np.concatenate([share[once], share[chosen] * scale])


def log_one_plus_odds(parameters: Parameters, x: Integers, t_x: Floats, T: Floats) -> Floats:
    """For each customer, of the odds of having left against having stayed; 0 for one who has just ordered."""
    silences = _Silences(x, t_x, T)
    return silences.log_one_plus_odds(silences.moments(parameters))


def chance_of_leaving_first(parameters: Parameters, x: Floats, t: Floats, end: Floats) -> Floats:
    """H_x(t) of each customer, up to an end of their own: of leaving before it, and before ordering again."""
    result = np.empty(len(x))
    for rows in _blocks(len(x)):
        result[rows] = _integrals(parameters, parameters[0] + x[rows], t[rows], end[rows])[0]
    return result


class _Silences:
    """Customers of whom nothing was heard from t_x to T, as pairs of (x, t): one where a silence began, one for now."""

    def __init__(self, x: Integers, t_x: Floats, T: Floats) -> None:
        times, time_of = levels(np.concatenate([t_x, T]))
        orders, x_of = levels(x.astype(np.float64), per_unit=1)
        keys = np.concatenate([x_of, x_of]) * len(times) + time_of
        pairs, place = numbered(keys, len(orders) * len(times))
        self.began, self.now = place[: len(x)], place[len(x) :]
        self.x, self.t = orders[pairs // len(times)], times[pairs % len(times)]
        self.end = float(T.max(initial=0))

    def moments(self, parameters: Parameters) -> "_Moments":
        """All integrals with these parameters."""
        return _Moments(parameters, self.x, self.t, self.end)

    def log_one_plus_odds(self, moments: "_Moments") -> Floats:
        """ln(R H(t_x) + 1 - H(T)) of each customer."""
        with np.errstate(divide="ignore"):
            left = np.log(moments.leaves) - moments.passed
            stayed = np.log1p(-np.minimum(moments.leaves, 1))
        return np.logaddexp(left[self.began] + moments.passed[self.now], stayed[self.now])

    def gain(self, parameters: Parameters, share: Floats) -> tuple[float, Floats]:
        """Sum of ln(1 + odds) over shares of customers, and its derivatives by the logarithms of the parameters."""
        moments = self.moments(parameters)
        total = self.log_one_plus_odds(moments)
        size = len(self.t)
        alive = share * np.exp(-total)  # times H(T): what would have been counted as leaving after T
        alive_now = np.bincount(self.now, weights=alive, minlength=size)
        share_now = np.bincount(self.now, weights=share, minlength=size)
        # R H(t_x) / (1 + odds) is what is left of 1 when (1 - H(T)) / (1 + odds) is taken off.
        kept = np.maximum(1 - moments.leaves, 0)
        silent_now = share_now - alive_now * kept
        silent = share - alive * kept[self.now]
        silent_began = np.bincount(self.began, weights=silent, minlength=size)
        by_leaving = silent_began - alive_now * moments.leaves
        gradient = moments.slopes @ by_leaving + moments.slopes_of_passed @ (silent_now - silent_began)
        return dot(share, total), gradient


class _Moments:
    """The integral over the moment of leaving for some (x, t), and what its derivatives need."""

    def __init__(self, parameters: Parameters, x: Floats, t: Floats, end: float) -> None:
        r, alpha, s, beta = self.parameters = parameters
        self.t, self.power = t, r + x
        self.passed = self.power * np.log1p(t / alpha) + s * np.log1p(t / beta)
        self.leaves, self.means = np.empty(len(t)), np.empty((4, len(t)))
        until = np.full(len(t), end)
        for rows in _blocks(len(t)):
            self.leaves[rows], self.means[:, rows] = _integrals(parameters, self.power[rows], t[rows], until[rows])

    @property
    def slopes(self) -> Floats:
        """Derivatives of ln H by ln r, ln alpha, ln s and ln beta, a row each."""
        r, alpha, s, beta = self.parameters
        log_buying, buying, log_leaving, leaving = self.means
        return np.stack(
            [
                -r * log_buying,
                self.power * alpha / (alpha + self.t) * buying,
                1 - s * log_leaving,
                beta / (beta + self.t) * ((s + 1) * leaving - 1),
            ]
        )

    @property
    def slopes_of_passed(self) -> Floats:
        """The same of (r+x) ln(1 + t/alpha) + s ln(1 + t/beta)."""
        r, alpha, s, beta = self.parameters
        return np.stack(
            [
                r * np.log1p(self.t / alpha),
                -self.power * self.t / (alpha + self.t),
                s * np.log1p(self.t / beta),
                -s * self.t / (beta + self.t),
            ]
        )


def _integrals(parameters: Parameters, power: Floats, t: Floats, end: Floats) -> tuple[Floats, Floats]:
    """H, and under its integrand the means of ln((alpha+u) / (alpha+t)), (u-t) / (alpha+u), and both for beta."""
    _, alpha, s, beta = parameters
    slow = alpha <= beta
    near, far = ((alpha + t)[:, None], (beta + t)[:, None]) if slow else ((beta + t)[:, None], (alpha + t)[:, None])
    reach = _reach(parameters, power, t, end)
    log_near = reach[:, None] * NODES
    ahead = near * np.expm1(log_near)
    of_near, of_far = (log_near, ahead / (near + ahead)), (np.log1p(ahead / far), ahead / (far + ahead))
    (log_buying, buying), (log_leaving, leaving) = (of_near, of_far) if slow else (of_far, of_near)
    width = (near + ahead) / (far + ahead) if slow else 1.0  # du / (beta+u), for a step of log_near
    density = np.exp(-power[:, None] * log_buying - s * log_leaving) * width * WEIGHTS
    total = density.sum(axis=1)
    means = [np.einsum("ij,ij->i", density, values) for values in (log_buying, buying, log_leaving, leaving)]
    return s * reach * total, np.array(means) / np.maximum(total, TINY)


def _reach(parameters: Parameters, power: Floats, t: Floats, end: Floats) -> Floats:
    """How far to integrate, in the logarithm of the smaller of alpha+u and beta+u: to the end, or to where nothing is
    left."""
    _, alpha, s, beta = parameters
    by_orders = (alpha + t) * np.expm1(np.minimum(NEGLIGIBLE / power, NEGLIGIBLE))
    by_leaving = (beta + t) * np.expm1(min(NEGLIGIBLE / (s + 1), NEGLIGIBLE))
    by_both = (max(alpha, beta) + t) * np.expm1(np.minimum(NEGLIGIBLE / (power + s + 1), NEGLIGIBLE))
    ahead = np.minimum(np.minimum(end - t, by_both), np.minimum(by_orders, by_leaving))
    return np.log1p(np.maximum(ahead, 0) / (min(alpha, beta) + t))


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE))
