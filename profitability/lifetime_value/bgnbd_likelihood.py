"""Likelihood of the BG/NBD, the MBG/NBD and their limit the NBD, with gradients, cheap for a million customers.

Written without differences of large numbers, so that it stays exact where a parameter grows without bound: what
lnG(c+n) - lnG(c) adds up to is the sum of ln(c+k) over k < n.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from profitability.lifetime_value.likelihood import Objective, dot
from profitability.lifetime_value.summary import MOST_LEVELS, Floats, Tally, levels


def bgnbd_objective(triples: Tally, *, early: int = 0, every: int = 1) -> Objective:
    """Mean log-likelihood and gradient over log r, log alpha, log a, log b.

    Per customer, with c = x + early chances to leave: lnG(r+x) - lnG(r) + r ln alpha + lnG(a+b) + lnG(b+c) - lnG(b)
    - lnG(a+b+c) + ln[(alpha+T)^-(r+x) + (c>0) a/(b+c-1) (alpha+t_x)^-(r+x)]. `early` is 0 for the BG/NBD and 1 for the
    MBG/NBD. With `every` n, one triple in n stands for all in which someone may have left; triples are sorted, so they
    are a fair part.
    """
    orders, chances = Orders(triples), _Chances(triples, early, every)
    kept = Risen(orders.n + early, orders.weight)

    def objective(point: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(point)
        value, (by_r, by_alpha) = orders.stay(r, alpha)
        leaving = chances.leave(r, alpha, a, b)
        stayed, (by_a, by_b) = kept.odds(a, b)
        by_b -= b * dot(leaving.left, 1 / (b + chances.n - 1))
        by_a += leaving.left.sum()
        return value + stayed + leaving.gain, np.array([by_r + leaving.by_r, by_alpha + leaving.by_alpha, by_a, by_b])

    return objective


def nbd_objective(triples: Tally) -> Objective:
    """The same for the NBD: the limit a = 0, in which nobody leaves and t_x says nothing."""
    orders = Orders(triples)

    def objective(point: Floats) -> tuple[float, Floats]:
        value, gradient = orders.stay(*np.exp(point))
        return value, np.array(gradient)

    return objective


class Risen:
    """Mean over customers of what a rising factorial c (c+1) ... (c+n-1) adds, n being their own number."""

    def __init__(self, n: Floats, weight: Floats) -> None:
        self.n, self.weight = n, weight
        most = int(n.max(initial=0))
        self.few = most < MOST_LEVELS
        if self.few:
            self.k = np.arange(most, dtype=np.float64)
            reached = np.bincount(n.astype(np.int64), weights=weight, minlength=most + 1)
            # Share of customers whose n is larger than k.
            self.above = np.cumsum(reached[::-1])[::-1][1:].astype(np.float64)

    def log(self, c: float) -> tuple[float, float]:
        """lnG(c+n) - lnG(c), and its derivative by ln c."""
        if self.few:
            return dot(self.above, np.log(c + self.k)), dot(self.above, c / (c + self.k))
        value = dot(self.weight, gammaln(c + self.n) - gammaln(c))
        return value, c * dot(self.weight, digamma(c + self.n) - digamma(c))

    def odds(self, a: float, b: float) -> tuple[float, tuple[float, float]]:
        """ln B(a, b+n) - ln B(a, b), and its derivatives by ln a and ln b."""
        if self.few:
            rest = b + self.k
            share = a / (a + rest)
            return -dot(self.above, np.log1p(a / rest)), (-dot(self.above, share), b * dot(self.above, share / rest))
        (near, by_b), (far, by_both) = self.log(b), self.log(a + b)
        by_both /= a + b
        return near - far, (-a * by_both, by_b - b * by_both)


class Orders:
    """What the likelihood needs of x and T apart: sums over a few dozen x and a few hundred T. Weights sum to 1."""

    def __init__(self, triples: Tally) -> None:
        share = triples.count / triples.count.sum()
        self.n, which = levels(triples.x.astype(np.float64), per_unit=1)
        self.weight = np.bincount(which, weights=share, minlength=len(self.n)).astype(np.float64)
        self.risen = Risen(self.n, self.weight)
        self.T, which = levels(triples.T)
        self.customers = np.bincount(which, weights=share, minlength=len(self.T)).astype(np.float64)
        self.orders = np.bincount(which, weights=share * triples.x, minlength=len(self.T)).astype(np.float64)

    def stay(self, r: float, alpha: float) -> tuple[float, tuple[float, float]]:
        """Mean log-likelihood if nobody leaves, and its derivatives by ln r and ln alpha."""
        risen, by_r = self.risen.log(r)
        passed = r * dot(self.customers, np.log1p(self.T / alpha))
        value = risen - passed - dot(self.orders, np.log(alpha + self.T))
        by_alpha = dot(r * self.customers * self.T - alpha * self.orders, 1 / (alpha + self.T))
        return value, (by_r - passed, by_alpha)


@dataclass(frozen=True, kw_only=True)
class _Leaving:
    """What the chance of having left adds to `Orders.stay`; derivatives by logarithms."""

    gain: float  # to the mean log-likelihood
    left: Floats  # share of customers who have left, by chances to leave
    by_r: float
    by_alpha: float


class _Chances:
    """Triples with a chance to have left: after a repeat order, and with `early` 1 also before the first.

    Logarithms are taken once per day of t_x and T.
    """

    def __init__(self, triples: Tally, early: int, every: int) -> None:
        some_chance = np.flatnonzero(triples.x + early)
        some = some_chance[every // 2 :: every]
        count = triples.count[some]
        self.share = count * (triples.count[some_chance].sum() / count.sum() / triples.count.sum())
        self.x = triples.x[some].astype(np.float64)
        n, self.n_of = levels(self.x + early, per_unit=1)
        self.n = np.maximum(n, 1)  # nobody here has no chance, where the odds are not defined
        self.t_x, self.t_x_of = levels(triples.t_x[some])
        self.T, self.T_of = levels(triples.T[some])

    def leave(self, r: float, alpha: float, a: float, b: float) -> _Leaving:
        """The odds of having left against having stayed are a / (b+c-1) * ((alpha+T) / (alpha+t_x)) ** (r+x)."""
        silence = np.log1p(self.T / alpha)[self.T_of] - np.log1p(self.t_x / alpha)[self.t_x_of]
        power = r + self.x
        odds = np.log(a / (b + self.n - 1))[self.n_of] + power * silence
        small = np.exp(-np.abs(odds))
        left = self.share * np.where(odds > 0, 1, small) / (1 + small)
        flatter = (self.T / (alpha + self.T))[self.T_of] - (self.t_x / (alpha + self.t_x))[self.t_x_of]
        return _Leaving(
            gain=dot(self.share, np.maximum(odds, 0) + np.log1p(small)),
            left=np.bincount(self.n_of, weights=left, minlength=len(self.n)).astype(np.float64),
            by_r=r * dot(left, silence),
            by_alpha=-dot(left * power, flatter),
        )
