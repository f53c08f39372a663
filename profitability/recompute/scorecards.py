"""Where every customer stands: stage, rank and category."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from customers.models.scorecard import Stage
from profitability.models import ValuePolicy
from profitability.ranking import CategoryThresholds, WhaleCurve, categorise, whale_curve
from profitability.recompute.accounts import Outline
from profitability.recompute.months import Whole
from profitability.rfm import rfm as find_classes

STAGES = (Stage.PROSPECT, Stage.CUSTOMER, Stage.FORMER)


@dataclass(frozen=True)
class Ranks:
    """Where customers stand in the ranking; zeros for prospects."""

    place: NDArray[np.float64]  # see `Scorecard.place`
    cumulative: NDArray[np.int64]  # cents

    @classmethod
    def of(cls, customers: int, in_order: NDArray[np.intp], place: Any, cumulative: Any) -> Self:
        """Of so many customers, of whom these are ranked."""
        found = cls(np.zeros(customers), np.zeros(customers, np.int64))
        found.place[in_order], found.cumulative[in_order] = place, cumulative
        return found


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where every customer stands; zeros for prospects."""

    curve: WhaleCurve  # over the ranked customers, by ascending id
    in_order: NDArray[np.intp]  # places of the ranked customers, best first
    stage: NDArray[np.int64]  # place in STAGES
    category: NDArray[np.int64]
    rfm: NDArray[np.int64]

    @property
    def ranks(self) -> Ranks:
        """1, 2, 3..."""
        numbers = np.arange(1, len(self.in_order) + 1)
        return Ranks.of(len(self.stage), self.in_order, numbers, self.curve.cumulative_profit)

    def take(self, some: NDArray[np.intp]) -> "Standing":
        """Stages, categories and classes of some of these customers."""
        return replace(self, stage=self.stage[some], category=self.category[some], rfm=self.rfm[some])


def find_standing(
    outline: Outline,
    value: Whole,
    *,
    policy: ValuePolicy,
    former_before: int,
    in_order: NDArray[np.intp] | None = None,
) -> Standing:
    """Rank those who ever ordered by profit (equal profits by customer id) and sort them into stages and categories.

    `value` is the lifetime value of each in cents. `former_before`: a customer whose last order was before that day, in
    days since 1970, is a former one. `in_order` are the places of the ranked, best first, where they are known.
    """
    with ThreadPoolExecutor(1) as thread:  # classes and ranks each sort everybody
        classed = thread.submit(_rfm, outline)
        ranked = np.flatnonzero(outline.ranked)
        profit = outline.profit[ranked]
        order = None if in_order is None else (np.cumsum(outline.ranked) - 1)[in_order]
        curve = whale_curve(profit, best_share=float(policy.best_share), order=order)
        category = np.zeros(len(outline.customer), np.int64)
        category[ranked] = categorise(
            profit,
            value[ranked],
            CategoryThresholds(
                best_share=float(policy.best_share),
                fair_profit=int(policy.fair_profit * 100),
                desirable_value=int(policy.desirable_value * 100),
            ),
            order=curve.order,
        )
        lately = outline.last_day >= former_before
        return Standing(
            curve=curve,
            in_order=ranked[curve.order] if in_order is None else in_order,
            stage=np.where(outline.ranked, np.where(lately, 1, 2), 0),
            category=category,
            rfm=classed.result(),
        )


def _rfm(outline: Outline) -> Whole:
    """Classes among those who have ordered; 0 for the others."""
    code, ordered = np.zeros(len(outline.customer), np.int64), outline.ordered
    found = find_classes(outline.last_day[ordered], outline.orders[ordered], outline.net_revenue[ordered])
    code[ordered] = found.code
    return code
