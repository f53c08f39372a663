"""Month by month: the repeat orders that a model expects of everybody won so far, against those that came."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from profitability.lifetime_value.ledger import Ledger
from profitability.lifetime_value.outlook import PurchaseModel, expected_purchases_new
from profitability.lifetime_value.summary import DAYS_PER_WEEK, Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """One entry per period."""

    expected: Floats
    actual: Floats


def track(model: PurchaseModel, ledger: Ledger, edges: ArrayLike, *, won_until: int) -> Tracking:
    """Repeat orders of the customers won up to a day, in the periods that begin on the days `edges`.

    The last edge is the day after the last period.
    """
    begin = np.asarray(edges, dtype=np.int64)
    first, repeats = _first_and_repeats(ledger, won_until)
    start, last = int(first.min()), int(begin[-1])
    won = np.bincount(first - start)
    ages = np.arange(last - start + 1)
    each = expected_purchases_new(model, ages / DAYS_PER_WEEK)
    cumulative = np.convolve(won, each)[: len(ages)]  # expected up to the end of the day start + i
    days = np.maximum(begin - 1 - start, 0)
    counted = np.histogram(repeats, bins=begin - 0.5)[0]
    return Tracking(expected=np.diff(cumulative[days]), actual=counted.astype(np.float64))


def _first_and_repeats(ledger: Ledger, won_until: int) -> tuple[Integers, Integers]:
    """The first day of each customer won, and the days of their later orders."""
    customer, day = ledger.customer[ledger.ordered], ledger.day[ledger.ordered]
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order]
    is_first = np.diff(customer, prepend=customer[0] - 1) != 0
    first_day = day[is_first][np.cumsum(is_first) - 1]
    again = ~is_first & (np.diff(day, prepend=day[0] - 1) != 0) & (first_day <= won_until)
    return day[is_first & (day <= won_until)], day[again]
