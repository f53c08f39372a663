"""Where every customer stands: stage, rank and category."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from customers.models.scorecard import Stage
from profitability.models import ValuePolicy
from profitability.ranking import CategoryThresholds, WhaleCurve, categorise, whale_curve
from profitability.recompute.accounts import Accounts
from profitability.recompute.months import Whole
from profitability.rfm import rfm as find_classes

STAGES = (Stage.PROSPECT, Stage.CUSTOMER, Stage.FORMER)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where every customer of the accounts stands; zeros for prospects."""

    curve: WhaleCurve  # over the ranked customers, in the order of the accounts
    stage: NDArray[np.int64]  # place in STAGES
    place: NDArray[np.float64]  # the rank, see `Scorecard.place`
    cumulative: NDArray[np.int64]  # cents
    category: NDArray[np.int64]
    rfm: NDArray[np.int64]

    def take(self, some: NDArray[np.int64]) -> "Standing":
        """Where some of these customers stand."""
        columns = {name: getattr(self, name)[some] for name in ("stage", "place", "cumulative", "category", "rfm")}
        return replace(self, **columns)


def find_standing(accounts: Accounts, value: Whole, *, policy: ValuePolicy, former_before: int) -> Standing:
    """Rank those who ever ordered by profit (equal profits by customer id) and sort them into stages and categories.

    `value` is the lifetime value of each in cents. `former_before`: a customer whose last order was before that day, in
    days since 1970, is a former one.
    """
    with ThreadPoolExecutor(1) as thread:  # classes and ranks each sort everybody
        classed = thread.submit(_rfm, accounts)
        ranked = np.flatnonzero(accounts.ranked)
        profit = accounts.profit[ranked]
        curve = whale_curve(profit, best_share=float(policy.best_share))
        categories = categorise(
            profit,
            value[ranked],
            CategoryThresholds(
                best_share=float(policy.best_share),
                fair_profit=int(policy.fair_profit * 100),
                desirable_value=int(policy.desirable_value * 100),
            ),
            order=curve.order,
        )
        count = len(accounts.customer)
        category, cumulative, place = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
        in_order = ranked[curve.order]
        place[in_order] = np.arange(1, len(ranked) + 1)
        cumulative[in_order] = curve.cumulative_profit
        category[ranked] = categories
        lately = accounts.last_day >= former_before
        stage = np.where(accounts.ranked, np.where(lately, 1, 2), 0)
        rfm = classed.result()
    return Standing(curve=curve, stage=stage, place=place, cumulative=cumulative, category=category, rfm=rfm)


def _rfm(accounts: Accounts) -> Whole:
    """Classes among those who have ordered; 0 for the others."""
    code, ordered = np.zeros(len(accounts.customer), np.int64), accounts.ordered
    found = find_classes(accounts.last_day[ordered], accounts.sums["orders"][ordered], accounts.net_revenue[ordered])
    code[ordered] = found.code
    return code
