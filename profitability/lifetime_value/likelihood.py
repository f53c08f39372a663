"""Maximum likelihood over positive parameters, on their logarithms: L-BFGS-B, a Newton polish, standard errors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from profitability.lifetime_value.summary import Floats

# Log-parameters beyond these are "as good as zero" and "as good as infinite"; the likelihood is flat out there.
LOWEST, HIGHEST = -16.0, 14.0
HESSIAN_STEP = 1e-4
POLISHING_STEPS = 3

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


def maximise(objective: Objective, start: Floats, observations: int) -> Maximum:
    """The peak of the likelihood, with the covariance that its curvature there implies."""

    def downhill(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective(point)
        return -value, -gradient

    bounds = [(LOWEST, HIGHEST)] * len(start)
    options = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500, "maxfun": 2000}
    found = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    point, value, hessian = _polished(objective, found.x, -float(found.fun))
    return Maximum(log_parameters=point, log_likelihood=value, covariance=_covariance(hessian, observations))


def _polished(objective: Objective, point: Floats, value: float) -> tuple[Floats, float, Floats]:
    """Newton steps, kept while the slope falls: the last digits, which a line search leaves on a flat ridge."""
    hessian = _hessian(objective, point)
    if _covariance(hessian, 1) is None:
        return point, value, hessian
    slope = objective(point)[1]
    for _ in range(POLISHING_STEPS):
        better = np.clip(point + np.clip(np.linalg.solve(hessian, -slope), -1, 1), LOWEST, HIGHEST)
        better_value, better_slope = objective(better)
        if np.abs(better_slope).max() >= np.abs(slope).max():
            break
        point, value, slope = better, better_value, better_slope
    return point, value, hessian


def _hessian(objective: Objective, point: Floats) -> Floats:
    """Central differences of the analytic gradient."""
    steps = np.eye(len(point)) * HESSIAN_STEP
    rows = [(objective(point + step)[1] - objective(point - step)[1]) / (2 * HESSIAN_STEP) for step in steps]
    return (np.array(rows) + np.array(rows).T) / 2


def _covariance(hessian: Floats, observations: int) -> Floats | None:
    """Inverse of the information, unless it is no proper peak: a flat or rising direction has no finite error."""
    curvature = np.linalg.eigvalsh(-hessian)
    if not np.isfinite(curvature).all() or curvature[0] <= 1e-10 * max(curvature[-1], 1e-10):
        return None
    return np.linalg.inv(-hessian) / observations
