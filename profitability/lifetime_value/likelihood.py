"""Maximum likelihood over positive parameters, on their logarithms: quasi-Newton, a Newton polish, standard errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from profitability.lifetime_value.summary import Floats

# Log-parameters beyond these are "as good as zero" and "as good as infinite"; the likelihood is flat out there.
LOWEST, HIGHEST = -16.0, 14.0
HESSIAN_STEP = 1e-4
POLISHING_STEPS = 12
# Of the mean log-likelihood, per unit of a log-parameter; the second is enough where each look is dear.
GOOD_SLOPE, FINE_SLOPE, BEST_SLOPE = 1e-7, 1e-9, 1e-12
# A standard error of a log-parameter beyond this (a factor of e ** 10 either way) means that it is not determined.
UNDETERMINED = 10.0

# Log-parameters in; mean log-likelihood and its gradient out.
Objective = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """Where the likelihood is highest, in log-parameters."""

    log_parameters: Floats
    log_likelihood: float  # mean per customer
    covariance: Floats | None  # of the log-parameters; None where the likelihood has no proper peak


def dot(left: Floats, right: Floats) -> float:
    """Sum of products, on this thread alone: BLAS would wake others, which costs more than it saves here."""
    return float(np.einsum("i,i", left, right))


def maximise(objective: Objective, start: Floats, observations: int, *, rough: Objective | None = None) -> Maximum:
    """The peak of the likelihood, with the covariance that its curvature there implies.

    `rough` is the same likelihood over a fair part of a large base: it does the climbing, and its curvature is good
    enough for Newton steps on the whole.
    """
    point = _climbed(rough or objective, start)
    hessian = _hessian(rough or objective, point)
    good_enough = FINE_SLOPE if rough else BEST_SLOPE
    point, value, slope = _polished(objective, point, hessian, observations, good_enough)
    if rough is not None:
        if np.abs(slope).max() > GOOD_SLOPE:
            point = _climbed(objective, point)
            value, slope = objective(point)
        hessian = _hessian_from_one_side(objective, point, slope)
    return Maximum(log_parameters=point, log_likelihood=value, covariance=_covariance(hessian, observations))


def _climbed(objective: Objective, start: Floats) -> Floats:
    """Quasi-Newton ascent. Plain BFGS: on four parameters scipy's L-BFGS-B spends its time waking threads."""

    def downhill(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective(np.clip(point, LOWEST, HIGHEST))
        return -value, -gradient

    found = minimize(downhill, start, jac=True, method="BFGS", options={"gtol": GOOD_SLOPE, "maxiter": 500})
    return np.clip(found.x, LOWEST, HIGHEST)


def _polished(
    objective: Objective, point: Floats, hessian: Floats, observations: int, good_enough: float
) -> tuple[Floats, float, Floats]:
    """Newton steps, kept while the slope falls: the last digits, which a line search leaves on a flat ridge."""
    value, slope = objective(point)
    if _covariance(hessian, observations) is None:
        return point, value, slope
    for _ in range(POLISHING_STEPS):
        better = np.clip(point + np.clip(np.linalg.solve(hessian, -slope), -1, 1), LOWEST, HIGHEST)
        better_value, better_slope = objective(better)
        if np.abs(better_slope).max() >= np.abs(slope).max():
            break
        point, value, slope = better, better_value, better_slope
        if np.abs(slope).max() < good_enough:
            break
    return point, value, slope


def _hessian(objective: Objective, point: Floats) -> Floats:
    """Central differences of the analytic gradient."""
    steps = np.eye(len(point)) * HESSIAN_STEP
    rows = [(objective(point + step)[1] - objective(point - step)[1]) / (2 * HESSIAN_STEP) for step in steps]
    return (np.array(rows) + np.array(rows).T) / 2


def _hessian_from_one_side(objective: Objective, point: Floats, slope: Floats) -> Floats:
    """The same at half the price, to four digits."""
    steps = np.eye(len(point)) * HESSIAN_STEP
    rows = np.array([(objective(point + step)[1] - slope) / HESSIAN_STEP for step in steps])
    return (rows + rows.T) / 2


def _covariance(hessian: Floats, observations: int) -> Floats | None:
    """Inverse of the information, unless there is no proper peak: a flat or rising direction has no finite error."""
    curvature = np.linalg.eigvalsh(-hessian)
    if not np.isfinite(curvature).all() or curvature[0] <= 1e-10 * max(curvature[-1], 1e-10):
        return None
    covariance = np.linalg.inv(-hessian) / observations
    return covariance if covariance.diagonal().max() < UNDETERMINED**2 else None
