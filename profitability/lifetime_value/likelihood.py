"""Maximum likelihood over positive parameters, on their logarithms: quasi-Newton, a Newton polish, standard errors.

A gamma or beta over customers whose shape grows without bound, at the same mean, comes to a point: customers do not
differ. Where the orders ask for that, a climb over shape and scale runs for ever along a ridge. Over shape and mean it
runs along an axis; the shape is then set to its largest value and left there, and the rest is determined as usual.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.optimize import minimize

from profitability.lifetime_value.summary import Floats

# Logarithms beyond these are "as good as zero" and "as good as infinite"; the likelihood is flat out there.
LOWEST, HIGHEST = -16.0, 14.0
HARDLY_DIFFERENT = float(np.log(100))  # a shape beyond this may be one that grows without bound
# Half the gain in log-likelihood over a limit that chance gives one time in twenty (a boundary test: 50:50 mixture of
# nothing and chi-square with one degree, 95th percentile 2.7055).
PROVEN_GAIN = 2.7055 / 2
HESSIAN_STEP, NARROW_STEP = 1e-4, 1e-5  # of central and of one-sided differences
CLIMBING_STEPS, POLISHING_STEPS = 200, 12
# Of the mean log-likelihood, per unit of a log-parameter: enough for a part, whose peak is elsewhere anyhow; for the
# whole; where each look is dear; where it is not.
ROUGH_SLOPE, GOOD_SLOPE, FINE_SLOPE, BEST_SLOPE = 1e-5, 1e-7, 1e-9, 1e-12
NO_RISE = 1e-13  # of a log-likelihood: what rounding alone does to it
# A standard error of a log-parameter beyond this (a factor of e ** 10 either way) means that it is not determined.
UNDETERMINED = 10.0

# Log-parameters in; mean log-likelihood and its gradient out.
Objective = Callable[[Floats], tuple[float, Floats]]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What is climbed over, instead of the log-parameters themselves."""

    matrix: Floats  # a row for each coordinate: the sum of log-parameters that it is
    shapes: tuple[int, ...] = ()  # the coordinates that may grow without bound

    @cached_property
    def inverse(self) -> Floats:
        """From coordinates to log-parameters."""
        return np.linalg.inv(self.matrix).astype(np.float64)

    def turned(self, objective: Objective) -> Objective:
        """The same over these coordinates."""

        def over_coordinates(point: Floats) -> tuple[float, Floats]:
            value, gradient = objective(self.inverse @ point)
            return value, gradient @ self.inverse

        return over_coordinates


def shapes_and_means(count: int) -> Axes:
    """Of so many distributions, each with a shape and a scale: shape, and the ratio of both."""
    return Axes(matrix=block_diag(*[[[1.0, 0.0], [1.0, -1.0]]] * count), shapes=tuple(range(0, 2 * count, 2)))


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """Where the likelihood is highest, in log-parameters."""

    log_parameters: Floats
    log_likelihood: float  # mean per customer
    covariance: Floats | None  # of the log-parameters; None where the likelihood has no proper peak
    # Which of them grow without bound with a shape that does: held at its largest value, they say nothing.
    boundless: Mask

    @property
    def errors(self) -> Floats:
        """Standard errors of the parameters; NaN where undefined."""
        if self.covariance is None:
            return np.full(len(self.log_parameters), np.nan)
        errors: Floats = np.exp(self.log_parameters) * np.sqrt(np.diag(self.covariance))
        return np.where(self.boundless, np.nan, errors)


def dot(left: Floats, right: Floats) -> float:
    """Sum of products, on this thread alone: BLAS would wake others, which costs more than it saves here."""
    return float(np.einsum("i,i", left, right))


def maximise(
    objective: Objective,
    start: Floats,
    observations: int,
    *,
    axes: Axes | None = None,
    rough: Objective | None = None,
) -> Maximum:
    """The peak of the likelihood, with the covariance that its curvature there implies.

    `rough` is the same likelihood over a fair part of a large base: it does the climbing, and its curvature is good
    enough for Newton steps on the whole.
    """
    over = axes or Axes(matrix=np.eye(len(start)))
    whole = over.turned(objective)
    leading = over.turned(rough) if rough else whole
    free = np.ones(len(start), dtype=bool)
    enough = ROUGH_SLOPE if rough else GOOD_SLOPE
    top = _climbed(leading, over.matrix @ start, free, enough)
    top = _plains_crossed(leading, top, over.shapes, observations, enough)
    top = _polished(whole, top, _hessian(leading, top), FINE_SLOPE if rough else BEST_SLOPE)
    if rough is not None:
        top = _checked(whole, top, over.shapes, observations)
    hessian = _hessian_from_one_side(whole, top) if rough else _hessian(whole, top)
    return Maximum(
        log_parameters=over.inverse @ top.point,
        log_likelihood=top.value,
        covariance=_covariance(hessian, top.free, over, observations),
        boundless=(over.inverse[:, ~top.free] != 0).any(axis=1),
    )


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A point, what the likelihood and its slope are there, and which coordinates may move."""

    point: Floats
    value: float
    slope: Floats
    free: Mask

    @classmethod
    def at(cls, objective: Objective, point: Floats, free: Mask) -> "_Place":
        value, slope = objective(point)
        return cls(point=point, value=value, slope=slope, free=free)

    @property
    def steepest(self) -> float:
        return float(np.abs(self.slope[self.free]).max())

    def held(self, shape: int, where: float) -> tuple[Floats, Mask]:
        """The point with a shape elsewhere, and what is free if it stays there."""
        point, free = self.point.copy(), self.free.copy()
        point[shape], free[shape] = where, False
        return point, free


def _climbed(objective: Objective, start: Floats, free: Mask, enough: float) -> _Place:
    """Quasi-Newton ascent over the free coordinates, kept within bounds by a wall that is nothing inside.

    Plain BFGS: on four parameters scipy's L-BFGS-B spends its time waking threads.
    """
    point = start.copy()

    def downhill(moved: Floats) -> tuple[float, Floats]:
        inside = np.clip(moved, LOWEST, HIGHEST)
        point[free] = inside
        value, gradient = objective(point)
        outside = moved - inside
        return dot(outside, outside) / 2 - value, np.where(outside == 0, -gradient[free], outside)

    options = {"gtol": enough, "maxiter": CLIMBING_STEPS}
    found = minimize(downhill, start[free], jac=True, method="BFGS", options=options)
    point[free] = np.clip(found.x, LOWEST, HIGHEST)
    return _Place.at(objective, point, free)


def _plains_crossed(
    objective: Objective, top: _Place, shapes: tuple[int, ...], observations: int, enough: float
) -> _Place:
    """Shapes set to their largest value where that costs no more than chance explains."""
    for shape in shapes:
        if top.free[shape] and top.point[shape] > HARDLY_DIFFERENT:
            beyond = _climbed(objective, *top.held(shape, HIGHEST), enough)
            if (top.value - beyond.value) * observations < PROVEN_GAIN:
                top = beyond
    return top


def _checked(objective: Objective, top: _Place, shapes: tuple[int, ...], observations: int) -> _Place:
    """What a part found, held against the whole: climbed once more where it is no peak of the whole."""
    point, free = top.point.copy(), top.free.copy()
    for shape in np.flatnonzero(~free).tolist():
        nearer = objective(top.held(shape, HARDLY_DIFFERENT)[0])[0] - top.value
        gain, where = _on_this_side(nearer, float(top.slope[shape]))
        if gain * observations > PROVEN_GAIN:
            point[shape], free[shape] = where, True
    if (free != top.free).any():
        top = _Place.at(objective, point, free)
        top = _polished(objective, top, _hessian_from_one_side(objective, top), FINE_SLOPE)
    if top.steepest > GOOD_SLOPE:
        top = _climbed(objective, top.point, top.free, GOOD_SLOPE)
    return _plains_crossed(objective, top, shapes, observations, GOOD_SLOPE)


def _on_this_side(nearer: float, slope: float) -> tuple[float, float]:
    """What a shape below its largest value would gain, and where: by a parabola over 1 / shape.

    `nearer` is the gain where customers hardly differ, `slope` that by the logarithm of the shape at its largest value.
    """
    at, rise = float(np.exp(-HARDLY_DIFFERENT)), -slope * float(np.exp(HIGHEST))
    bend = 2 * (rise * at - nearer) / at**2
    if rise <= 0 or bend * at <= rise:  # no peak in between
        return nearer, HARDLY_DIFFERENT
    return rise**2 / bend / 2, float(np.log(bend / rise))


def _polished(objective: Objective, start: _Place, hessian: Floats, good_enough: float) -> _Place:
    """Newton steps, kept while they rise or the slope falls: the last digits, which a line search leaves on a ridge.

    Each step tells more of the curvature (symmetric rank one), so that a rough one suffices to begin with.
    """
    top, free = _Place.at(objective, start.point, start.free), start.free
    if not _has_a_peak(hessian):
        return top
    for _ in range(POLISHING_STEPS):
        point = top.point.copy()
        point[free] += np.clip(np.linalg.solve(hessian, -top.slope[free]), -1, 1)
        better = _Place.at(objective, np.clip(point, LOWEST, HIGHEST), free)
        if better.steepest >= top.steepest and better.value - top.value <= NO_RISE * abs(top.value):
            break
        hessian = _corrected(hessian, (better.point - top.point)[free], (better.slope - top.slope)[free])
        top = better
        if top.steepest < good_enough:
            break
    return top


def _corrected(hessian: Floats, step: Floats, turn: Floats) -> Floats:
    """The curvature that explains how a step turned the slope; as it was where that is no peak, or says too little."""
    rest = turn - hessian @ step
    along = dot(rest, step)
    if abs(along) <= 1e-8 * np.linalg.norm(rest) * np.linalg.norm(step):
        return hessian
    corrected: Floats = hessian + np.outer(rest, rest) / along
    return corrected if _has_a_peak(corrected) else hessian


def _hessian(objective: Objective, top: _Place) -> Floats:
    """Central differences of the analytic gradient, over the free coordinates."""
    steps = np.eye(len(top.point))[top.free] * HESSIAN_STEP
    pairs = [(objective(top.point + step)[1], objective(top.point - step)[1]) for step in steps]
    rows = np.array([(after - before)[top.free] for after, before in pairs]) / (2 * HESSIAN_STEP)
    return (rows + rows.T) / 2


def _hessian_from_one_side(objective: Objective, top: _Place) -> Floats:
    """The same at half the price, to five digits."""
    steps = np.eye(len(top.point))[top.free] * NARROW_STEP
    rows = np.array([(objective(top.point + step)[1] - top.slope)[top.free] for step in steps]) / NARROW_STEP
    return (rows + rows.T) / 2


def _has_a_peak(hessian: Floats) -> bool:
    """Whether every direction falls, and none of them next to not at all."""
    curvature = np.linalg.eigvalsh(-hessian)
    return bool(np.isfinite(curvature).all() and curvature[0] > 1e-10 * max(curvature[-1], 1e-10))


def _covariance(hessian: Floats, free: Mask, axes: Axes, observations: int) -> Floats | None:
    """Inverse of the information, unless there is no proper peak: a flat or rising direction has no finite error."""
    if not _has_a_peak(hessian):
        return None
    covariance = np.zeros((len(free), len(free)))
    covariance[np.ix_(free, free)] = np.linalg.inv(-hessian) / observations
    covariance = axes.inverse @ covariance @ axes.inverse.T
    return covariance if covariance.diagonal().max() < UNDETERMINED**2 else None
