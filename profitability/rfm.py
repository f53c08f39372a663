"""Recency, frequency and value in five classes each, by thresholds that keep customers of equal figures together.

Pure: numpy only. Counting customers off into fifths would part those who are alike (most have ordered once); here a
class is the fifth in which the middle of everybody with the same figure lies.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLASSES = 5

Scores = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rfm:
    """One entry per customer; 5 is best."""

    recency: Scores
    frequency: Scores
    value: Scores

    @property
    def code(self) -> Scores:
        """All three as one number: 543 is recency 5, frequency 4, value 3."""
        return self.recency * 100 + self.frequency * 10 + self.value


def rfm(last_day: ArrayLike, orders: ArrayLike, value: ArrayLike) -> Rfm:
    """Class every customer: a later last day, more orders and a higher value are better."""
    return Rfm(recency=classes(last_day), frequency=classes(orders), value=classes(value))


def classes(figure: ArrayLike) -> Scores:
    """1 to 5 for each figure, equal ones alike: 1 + floor(5 * (share below + half the share equal))."""
    figures = np.atleast_1d(np.asarray(figure))
    place, count = _counted(figures)
    middle = (np.cumsum(count) - count / 2) / max(len(figures), 1)
    return np.minimum(1 + np.floor(CLASSES * middle), CLASSES).astype(np.int64)[place]


def _counted(figures: NDArray[Any]) -> tuple[Scores, Scores]:
    """The place of each figure among all that there are, ascending, and how many have each; some places may be empty.

    Whole numbers that lie close together need no sorting for that.
    """
    if figures.dtype.kind in "iu" and len(figures):
        lowest, span = int(figures.min()), int(figures.max()) - int(figures.min()) + 1
        if span <= 4 * len(figures) + 1000:
            place = figures.astype(np.int64) - lowest
            return place, np.bincount(place, minlength=span)
    _, place, count = np.unique(figures, return_inverse=True, return_counts=True)
    return place, count
