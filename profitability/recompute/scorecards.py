"""The scorecard of every customer: stage, rank, category and value, written into a new partition."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, FLOAT, INTEGER, SMALLINT, Column, Numbers, Words, write
from crm_site.lib.partitions import Partition
from customers.models.scorecard import Stage
from profitability.models import ValuePolicy
from profitability.ranking import CategoryThresholds, WhaleCurve, categorise, whale_curve
from profitability.recompute.accounts import NO_DAY, Accounts
from profitability.recompute.forecast import NOTE_CODES, Forecast

STAGES = (Stage.PROSPECT, Stage.CUSTOMER, Stage.FORMER)
NOTES = ("", *(NOTE_CODES[number] for number in sorted(NOTE_CODES)))


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where every customer of the accounts stands; rank and category of prospects mean nothing."""

    curve: WhaleCurve  # over the ranked customers, in the order of the accounts
    stage: NDArray[np.int64]  # place in STAGES
    rank: NDArray[np.int64]
    cumulative_share: NDArray[np.float64]
    category: NDArray[np.int64]


def find_standing(
    accounts: Accounts, forecast: Forecast, *, policy: ValuePolicy, as_of: int, former_after_days: int
) -> Standing:
    """Rank those who ever ordered by profit (equal profits by customer id) and sort them into stages and categories."""
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
    lately = accounts.last_day >= as_of - former_after_days
    stage = np.where(accounts.ranked, np.where(lately, 1, 2), 0)
    return Standing(curve=curve, stage=stage, rank=rank, cumulative_share=share, category=category)


def write_scorecards(partition: Partition, accounts: Accounts, forecast: Forecast, standing: Standing) -> None:
    """One row for every customer there is."""
    write(partition.table, _columns(partition, accounts, forecast, standing), rows=len(accounts.customer))


def _columns(partition: Partition, accounts: Accounts, forecast: Forecast, standing: Standing) -> dict[str, Column]:
    prospects = ~accounts.ranked
    strangers = ~accounts.ordered
    no_share = prospects if standing.curve.cumulative_share is not None else np.ones_like(prospects)
    values, sums = forecast.values, accounts.sums
    return {
        "run_id": Numbers(BIGINT, np.full(len(prospects), partition.value)),
        "customer_id": Numbers(BIGINT, accounts.customer),
        "stage": Words(STAGES, standing.stage),
        "first_order_on": _day(accounts.first_day),
        "last_order_on": _day(accounts.last_day),
        "orders": Numbers(INTEGER, sums["orders"]),
        "net_revenue": Numbers(BIGINT, accounts.net_revenue),
        "gross_margin": Numbers(BIGINT, accounts.gross_margin),
        "cost_to_serve": Numbers(BIGINT, sums["cost_to_serve"]),
        "direct_costs": Numbers(BIGINT, sums["direct_costs"]),
        "profit": Numbers(BIGINT, accounts.profit),
        "rank": Numbers(INTEGER, standing.rank, prospects),
        "cumulative_share": Numbers(FLOAT, standing.cumulative_share, no_share),
        "category": Numbers(SMALLINT, standing.category, prospects),
        "lifetime_value": _cents(values.value, strangers),
        "lifetime_value_low": _cents(values.low, strangers),
        "lifetime_value_high": _cents(values.high, strangers),
        "lifetime_value_note": Words(NOTES, values.note.astype(np.int64)),
        "expected_orders": Numbers(FLOAT, values.orders, strangers),
        "probability_alive": Numbers(FLOAT, values.probability_alive, strangers),
    }


def _day(days: NDArray[Any]) -> Numbers:
    missing = days == NO_DAY
    return Numbers(DATE, np.where(missing, 0, days - DAY_ZERO), missing)


def _cents(amounts: NDArray[np.float64], missing: NDArray[np.bool_]) -> Numbers:
    """Rounded here, once."""
    return Numbers(BIGINT, np.rint(amounts).astype(np.int64), missing)
