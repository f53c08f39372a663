"""Whether orders come in seasons, and how much busier each month of the year is.

Asked of the ratio of orders that came to orders that a model without seasons expects, so that growth of the base does
not pass for a season. The logarithm of that ratio is explained by a straight line in time, and by a line and the month
of the year: an F test tells whether the months explain more than chance would.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from profitability.lifetime_value.summary import Floats

MONTHS = 12
ENOUGH_MONTHS = 24  # each month of the year seen twice
SIGNIFICANT = 0.05


@dataclass(frozen=True, kw_only=True)
class Season:
    """What was found; without a season every month counts 1."""

    months: int  # on which it rests
    p_value: float | None  # None: fewer than 24 months, nothing can be said
    index: tuple[float, ...]  # by month of the year, January first; 1 on average

    @property
    def found(self) -> bool:
        """Whether the months differ by more than chance would have it."""
        return self.p_value is not None and self.p_value < SIGNIFICANT

    def over(self, months_of_year: ArrayLike) -> float:
        """Mean index over some months of the year (1 to 12)."""
        which = np.asarray(months_of_year, dtype=np.int64) - 1
        return float(np.array(self.index)[which].mean()) if len(which) else 1.0


NO_SEASON = (1.0,) * MONTHS


def find_season(actual: ArrayLike, expected: ArrayLike, months_of_year: ArrayLike) -> Season:
    """Of whole months in a row: orders that came, orders expected without seasons, and the month of the year (1-12)."""
    came, forecast = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    month = np.asarray(months_of_year, dtype=np.int64) - 1
    count = len(came)
    if count < ENOUGH_MONTHS or len(np.unique(month)) < MONTHS:
        return Season(months=count, p_value=None, index=NO_SEASON)
    logs = np.log((came + 0.5) / (forecast + 0.5))  # half an order keeps a month without any from being minus infinity
    line = np.column_stack([np.ones(count), np.linspace(-1, 1, count)])
    dummies = np.eye(MONTHS)[month]
    both = np.column_stack([line[:, 1], dummies])
    plain, seasonal = _residual(line, logs)[1], _residual(both, logs)
    free = count - both.shape[1]
    ratio = ((plain - seasonal[1]) / (MONTHS - 1)) / max(seasonal[1] / free, 1e-300)
    p_value = float(fdtrc(MONTHS - 1, free, max(ratio, 0.0)))
    if p_value >= SIGNIFICANT:
        return Season(months=count, p_value=p_value, index=NO_SEASON)
    effects = np.exp(seasonal[0][1:] - seasonal[0][1:].mean())
    return Season(months=count, p_value=p_value, index=tuple((effects / effects.mean()).tolist()))


def _residual(columns: Floats, values: Floats) -> tuple[Floats, float]:
    """Least squares: the coefficients, and the sum of squares that they leave."""
    found = np.linalg.lstsq(columns, values, rcond=None)[0].astype(np.float64)
    return found, float(((values - columns @ found) ** 2).sum())
