"""The scorecard of every customer, written where nobody sees it yet."""

from typing import Any

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, FLOAT, INTEGER, SMALLINT, Column, Numbers, Words, write
from crm_site.lib.partitions import Partition
from customers.models import RankStep
from profitability.recompute.accounts import Accounts
from profitability.recompute.forecast import NOTES, Forecast
from profitability.recompute.months import NO_DAY
from profitability.recompute.places import Steps
from profitability.recompute.scorecards import STAGES, Ranks, Standing

MANY = 50_000  # customers


def load_scorecards(
    partition: Partition, accounts: Accounts, forecast: Forecast, standing: Standing, ranks: Ranks
) -> None:
    """Write a scorecard for every customer of the accounts where nobody sees them yet, ready to be attached."""
    columns = _columns(accounts, forecast, standing, ranks)
    with transaction.atomic():
        partition.create()
        write(partition.table, columns, rows=len(accounts.customer))
    partition.seal(side_by_side=len(accounts.customer) > MANY)


def write_steps(run_id: int, steps: Steps) -> None:
    """How ranks of a run part from those of the full run whose scorecards it shares."""
    columns: dict[str, Column] = {
        "run_id": Numbers(BIGINT, np.full(len(steps.place), run_id)),
        "place": Numbers(FLOAT, steps.place),
        "rank": Numbers(INTEGER, steps.rank),
        "cents": Numbers(BIGINT, steps.cents),
    }
    write(RankStep._meta.db_table, columns, rows=len(steps.place), created=False)


def _columns(accounts: Accounts, forecast: Forecast, standing: Standing, ranks: Ranks) -> dict[str, Column]:
    prospects = ~accounts.ranked
    strangers = ~accounts.ordered
    values, sums = forecast.values, accounts.sums
    return {
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
        "place": Numbers(FLOAT, ranks.place, prospects),
        "cumulative_profit": Numbers(BIGINT, ranks.cumulative, prospects),
        "category": Numbers(SMALLINT, standing.category, prospects),
        "lifetime_value": _cents(values.value, strangers),
        "lifetime_value_low": _cents(values.low, strangers),
        "lifetime_value_high": _cents(values.high, strangers),
        "lifetime_value_note": Words(NOTES, values.note.astype(np.int64)),
        "expected_orders": Numbers(FLOAT, values.orders, strangers),
        "order_margin": _cents(forecast.order_margin, strangers),
        "probability_alive": Numbers(FLOAT, values.probability_alive, strangers),
        "churn_risk": Numbers(FLOAT, forecast.churn_risk, strangers),
        "rfm": Numbers(SMALLINT, standing.rfm, strangers),
    }


def _day(days: NDArray[Any]) -> Numbers:
    missing = days == NO_DAY
    return Numbers(DATE, np.where(missing, 0, days - DAY_ZERO), missing)


def _cents(amounts: NDArray[np.float64], missing: NDArray[np.bool_]) -> Numbers:
    """Rounded here, once."""
    return Numbers(BIGINT, np.rint(amounts).astype(np.int64), missing)
