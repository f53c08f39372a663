"""How well forecasts came true: error, order, total and calibration, from what was forecast and what then happened."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.summary import Floats

TENTHS = 10


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """One of ten equal groups of customers, the highest forecasts first: means of what was forecast and what came."""

    customers: int
    forecast: float
    actual: float


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How well one forecast of one quantity came true."""

    rmse: float  # root of the mean squared error of a customer
    gini: float | None  # how well it sorts customers: 1 as well as hindsight, 0 not at all; None: nothing to sort
    forecast: float  # in total
    actual: float
    calibration: float | None  # sum over tenths of |forecast - actual|, as a share of the actual total
    tenths: tuple[Tenth, ...]

    @property
    def total_error(self) -> float | None:
        """Forecast less actual, as a share of the actual total; None where that is not positive."""
        return self.forecast / self.actual - 1 if self.actual > 0 else None


def accuracy(forecast: ArrayLike, actual: ArrayLike) -> Accuracy:
    """Measure a forecast, one entry per customer each."""
    expected, came = np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    tenths = _tenths(expected, came)
    total = float(came.sum())
    off = sum(abs(tenth.forecast - tenth.actual) * tenth.customers for tenth in tenths)
    return Accuracy(
        rmse=float(np.sqrt(np.mean((expected - came) ** 2))),
        gini=normalised_gini(expected, came),
        forecast=float(expected.sum()),
        actual=total,
        calibration=off / total if total > 0 else None,
        tenths=tenths,
    )


def normalised_gini(forecast: ArrayLike, actual: ArrayLike) -> float | None:
    """Area between the curve of what the first customers brought and the diagonal, against that of perfect order.

    Customers of equal forecast stand in no order, so each counts as the mean of their like.
    """
    expected, came = np.asarray(forecast, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    best = _area(came, came)
    return _area(expected, came) / best if best > 0 else None


def _area(sort_by: Floats, values: Floats) -> float:
    """Sum of cumulative values, the highest first, less that of an even spread."""
    _, place, count = np.unique(-sort_by, return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=values) / count
    cumulative = np.cumsum(np.repeat(means, count))
    return float(cumulative.sum() - values.sum() * (len(values) + 1) / 2)


def _tenths(forecast: Floats, actual: Floats) -> tuple[Tenth, ...]:
    groups = np.array_split(np.argsort(-forecast, kind="stable"), TENTHS)
    return tuple(
        Tenth(customers=len(group), forecast=float(forecast[group].mean()), actual=float(actual[group].mean()))
        for group in groups
        if len(group)
    )
