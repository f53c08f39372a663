"""Where every customer stands: stage, rank and category."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from customers.models.scorecard import Stage
from profitability.models import ValuePolicy
from profitability.ranking import CategoryThresholds, WhaleCurve, categorise, whale_curve
from profitability.recompute.accounts import Accounts
from profitability.recompute.forecast import Forecast

STAGES = (Stage.PROSPECT, Stage.CUSTOMER, Stage.FORMER)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where every customer of the accounts stands; rank and category of prospects mean nothing."""

    curve: WhaleCurve  # over the ranked customers, in the order of the accounts
    stage: NDArray[np.int64]  # place in STAGES
    rank: NDArray[np.int64]
    cumulative_share: NDArray[np.float64]
    category: NDArray[np.int64]


def find_standing(accounts: Accounts, forecast: Forecast, *, policy: ValuePolicy, former_before: int) -> Standing:
    """Rank those who ever ordered by profit (equal profits by customer id) and sort them into stages and categories.

    `former_before`: a customer whose last order was before that day, in days since 1970, is a former one.
    """
    ranked = np.flatnonzero(accounts.ranked)
    curve = whale_curve(accounts.profit[ranked], best_share=float(policy.best_share))
    categories = categorise(
        accounts.profit[ranked],
        np.rint(forecast.values.value[ranked]),
        CategoryThresholds(
            best_share=float(policy.best_share),
            fair_profit=int(policy.fair_profit * 100),
            desirable_value=int(policy.desirable_value * 100),
        ),
        order=curve.order,
    )
    count = len(accounts.customer)
    rank, category, share = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count)
    rank[ranked[curve.order]] = np.arange(1, len(ranked) + 1)
    category[ranked] = categories
    if curve.cumulative_share is not None:
        share[ranked[curve.order]] = curve.cumulative_share
    lately = accounts.last_day >= former_before
    stage = np.where(accounts.ranked, np.where(lately, 1, 2), 0)
    return Standing(curve=curve, stage=stage, rank=rank, cumulative_share=share, category=category)
