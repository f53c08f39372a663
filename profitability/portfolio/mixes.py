"""How money could be spread over groups: mixes of least risk, of most return, and between. Pure: numpy, scipy.

Source: H. Markowitz, "Portfolio Selection", Journal of Finance 7 (1952); the return for each unit of risk is the ratio
of W. F. Sharpe, "Mutual Fund Performance", Journal of Business 39 (1966), with nothing as the safe return: money that
is not spent earns nothing. A mix w spends the share w_i of all costs on group i; no share is below zero, all add up to
1:

    return μ'w, risk √(w'Σw)

Customers cannot be bought like shares, so no group may win or lose more than `reach` of its present share.
Solved by sequential quadratic programming (D. Kraft, 1988, as `scipy.optimize` has it).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from profitability.portfolio.results import Mix, Mixes, Point
from profitability.portfolio.returns import Floats

FRONTIER_POINTS = 15
EXACT = {"ftol": 1e-13, "maxiter": 500}
# How far a solution may miss a bound or a sum before it counts as none.
TOLERANCE = 1e-6


class NoMix(ValueError):
    """The solver found no mix."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from: returns, covariances, today's mix and how far each share may move."""

    means: Floats
    covariance: Floats
    today: Floats  # shares of cost, which add up to 1
    reach: float  # 0.5: no share may grow or shrink by more than half of itself
    months: int = 24  # that means and covariances are from

    @property
    def lower(self) -> Floats:
        return np.maximum(self.today * (1 - self.reach), 0.0)

    @property
    def upper(self) -> Floats:
        return np.minimum(self.today * (1 + self.reach), 1.0)

    @property
    def unit(self) -> float:
        """The mean variance: the solver works with covariances around 1."""
        return float(np.diag(self.covariance).mean())

    def risk(self, weights: Floats) -> float:
        return max(float(weights @ self.covariance @ weights), 0.0) ** 0.5

    def mix(self, weights: Floats) -> Mix:
        """A mix with what it returned; the error is that of its difference to today's, √((w − t)'Σ(w − t) ÷ T)."""
        return Mix(
            weights=tuple(weights.tolist()),
            mean=float(self.means @ weights),
            risk=self.risk(weights),
            error=self.risk(weights - self.today) / self.months**0.5,
        )


def mixes_of(choice: Choice) -> Mixes:
    """Today's mix and the better ones. Raises NoMix."""
    least, most = least_risk(choice), most_return(choice)
    return Mixes(
        today=choice.mix(choice.today),
        least_risk=choice.mix(least),
        same_risk=choice.mix(same_risk(choice, least, most)),
        best=choice.mix(best) if (best := best_per_risk(choice, most)) is not None else None,
        frontier=frontier(choice, least, most),
    )


def least_risk(choice: Choice, target: float | None = None) -> Floats:
    """The mix of least risk, among those that return at least `target` if there is one."""
    covariance = choice.covariance / choice.unit
    more = [] if target is None else [_at_least(choice.means, target)]
    return _solved(
        choice, lambda w: float(w @ covariance @ w) / 2, lambda w: covariance @ w, start=choice.today, more=more
    )


def most_return(choice: Choice) -> Floats:
    """The mix of most return: as much as may be on the groups that return most."""
    weights, left = choice.lower.copy(), 1.0 - choice.lower.sum()
    for group in np.argsort(-choice.means, kind="stable"):
        added = min(left, choice.upper[group] - weights[group])
        weights[group] += added
        left -= added
    return weights


def same_risk(choice: Choice, least: Floats, most: Floats) -> Floats:
    """The mix of most return at no more than today's risk: risk grows with return, so the return is halved in on."""
    allowed = choice.risk(choice.today)
    if choice.risk(most) <= allowed:
        return most
    low, high = float(choice.means @ least), float(choice.means @ most)
    found = least
    for _step in range(30):
        middle = (low + high) / 2
        weights = least_risk(choice, middle)
        if choice.risk(weights) <= allowed:
            low, found = middle, weights
        else:
            high = middle
    better = choice.means @ found > choice.means @ choice.today
    return found if better else choice.today


def best_per_risk(choice: Choice, most: Floats) -> Floats | None:
    """The mix of most return for each unit of risk; None where even the mix of most return has none."""
    if choice.means @ most <= 0:
        return None
    covariance = choice.covariance / choice.unit
    scale = float(np.abs(choice.means).max())
    means = choice.means / scale

    def loss(w: Floats) -> float:
        return -float(means @ w / np.sqrt(w @ covariance @ w))

    def slope(w: Floats) -> Floats:
        variance = w @ covariance @ w
        found: Floats = -(means / np.sqrt(variance) - (means @ w) * (covariance @ w) / variance**1.5)
        return found

    starts = [most, *([choice.today] if choice.means @ choice.today > 0 else [])]
    return min((_solved(choice, loss, slope, start=start) for start in starts), key=loss)


def frontier(choice: Choice, least: Floats, most: Floats) -> tuple[Point, ...]:
    """The least risk at each return that is within reach, from the mix of least risk to that of most return."""
    targets = np.linspace(choice.means @ least, choice.means @ most, FRONTIER_POINTS)
    between = [choice.mix(least_risk(choice, float(target))) for target in targets[1:-1]]
    return tuple(Point(mean=mix.mean, risk=mix.risk) for mix in (choice.mix(least), *between, choice.mix(most)))


def _at_least(means: Floats, target: float) -> dict[str, object]:
    scale = float(np.abs(means).max()) or 1.0
    return {"type": "ineq", "fun": lambda w: (means @ w - target) / scale, "jac": lambda w: means / scale}


def _solved(
    choice: Choice,
    loss: Callable[[Floats], float],
    slope: Callable[[Floats], Floats],
    *,
    start: Floats,
    more: Sequence[dict[str, object]] = (),
) -> Floats:
    whole = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)}
    bounds = list(zip(choice.lower, choice.upper, strict=True))
    found = minimize(loss, start, jac=slope, method="SLSQP", bounds=bounds, constraints=[whole, *more], options=EXACT)
    weights: Floats = np.clip(found.x, choice.lower, choice.upper)
    missed = [abs(weights.sum() - 1), *(-float(one["fun"](weights)) for one in more)]  # type: ignore[operator]
    # The solver also stops, without success, where rounding lets it go no further; only what misses a bound is no mix.
    if not np.isfinite(weights).all() or max(missed) > TOLERANCE:
        raise NoMix(str(found.message))
    return weights / weights.sum()
