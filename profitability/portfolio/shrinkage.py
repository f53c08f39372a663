"""Covariances that a few dozen months can support: the sample's, drawn towards one correlation for all. Pure: numpy.

Source: O. Ledoit and M. Wolf, "Honey, I Shrunk the Sample Covariance Matrix", Journal of Portfolio Management 30
(2004), appendices A and B: shrinkage towards constant correlation with the estimated optimal intensity. Variances stay
those of the sample; correlations move towards their average, the further the less the months agree. That variant rather
than the scaled identity of "A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices" (Journal of
Multivariate Analysis 88, 2004), since that one would also draw the risks of all groups towards each other.
"""

from dataclasses import dataclass

import numpy as np

from profitability.portfolio.returns import Floats

# Below this share of the largest eigenvalue the smallest one counts as nothing.
SINGULAR_BELOW = 1e-10


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A covariance matrix in squared returns (divisor T − 1), its correlations, and how they were reached."""

    covariance: Floats
    correlation: Floats
    average: float  # mean of the sample's correlations
    intensity: float  # 0: the sample as it is, 1: the same correlation for all

    @property
    def is_singular(self) -> bool:
        """Whether some mix would have no risk at all, so that no mix could be told best."""
        values = np.linalg.eigvalsh(self.covariance)
        return bool(values[0] <= SINGULAR_BELOW * values[-1])


def shrunk(returns: Floats) -> Shrunk:
    """The covariance of at least two groups (columns), all of which vary, over their months (rows)."""
    months, groups = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / months  # S; the paper divides by T
    deviation = np.sqrt(np.diag(sample))
    correlation = sample / np.outer(deviation, deviation)
    average = float((correlation.sum() - groups) / (groups * (groups - 1)))
    target = average * np.outer(deviation, deviation)  # F
    np.fill_diagonal(target, np.diag(sample))
    intensity = _intensity(centred, sample, target, average)
    found = intensity * target + (1 - intensity) * sample
    correlation = found / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1.0)
    return Shrunk(found * months / (months - 1), correlation, average, intensity)


def _intensity(centred: Floats, sample: Floats, target: Floats, average: float) -> float:
    """δ = max(0, min(1, (π − ρ) / (γ T))): how uncertain the sample is, over how far the target lies from it."""
    months = len(centred)
    distance = float(((target - sample) ** 2).sum())  # γ
    if distance <= 1e-18 * float((sample**2).sum()):
        return 0.0  # two groups, or equal correlations: there is nothing to draw together
    squares = centred**2
    of_each = squares.T @ squares / months - sample**2  # π of each pair
    deviation = np.sqrt(np.diag(sample))
    # ϑ of i and of the pair (i, j): how its variance and the covariance were wrong together.
    theta = (squares * centred).T @ centred / months - np.diag(sample)[:, None] * sample
    np.fill_diagonal(theta, 0.0)
    rho = float(np.trace(of_each) + average * (np.outer(1 / deviation, deviation) * theta).sum())
    return float(np.clip((of_each.sum() - rho) / distance / months, 0.0, 1.0))
