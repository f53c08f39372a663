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
    found = np.ones(len(figures), np.int64)
    for begin in _begins(figures):
        if begin is not None:
            found += figures >= begin
    return found


def _begins(figures: NDArray[Any]) -> list[Any]:
    """The least figure of each class but the first, found without sorting all; None where nobody is in it.

    A class begins at the figure in whose middle its share of customers is reached, or at the next higher one.
    """
    count = len(figures)
    if not count:
        return []
    numbers = range(1, CLASSES)
    places = [min(number * count // CLASSES, count - 1) for number in numbers]
    reached = np.partition(figures, places)[places]
    return [_begin(figures, number, here) for number, here in zip(numbers, reached, strict=True)]


def _begin(figures: NDArray[Any], number: int, here: Any) -> Any:
    """Where a class begins whose share of customers is reached among those of the figure `here`."""
    below, equal = np.count_nonzero(figures < here), np.count_nonzero(figures == here)
    if CLASSES * (below + equal / 2) >= number * len(figures):
        return here
    higher = figures[figures > here]
    return higher.min() if len(higher) else None
