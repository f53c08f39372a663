"""One row of columns for each customer: what the months come to, as numpy arrays in cents, by ascending customer id."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, INTEGER, SMALLINT, read_all
from customers.models import Customer
from profitability.models.figures import ANONYMOUS
from profitability.recompute.charges import customer_costs
from profitability.recompute.plan import Plan

Columns = NDArray[Any]
KINDS = tuple(Customer.Kind.values)
NO_DAY = -(2**31)

SALES = ("gross", "discounts", "returns", "other", "cost_of_goods", "direct_costs")
COSTS = ("cost_to_serve", "order_costs", "relation_costs")
COUNTS = ("orders", "order_days")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of all customers (or the single one of anonymous sales); money in cents, days since 1970."""

    customer: Columns
    kind: Columns  # place in KINDS
    sums: Columns  # the columns named above, summed over all months
    first_day: Columns  # of an order; NO_DAY where there was none
    last_day: Columns
    ranked: NDArray[np.bool_]  # bought or returned something: the others are prospects

    @property
    def net_revenue(self) -> Columns:
        sums = self.sums
        return sums["gross"] - sums["discounts"] - sums["returns"] + sums["other"]

    @property
    def gross_margin(self) -> Columns:
        return self.net_revenue - self.sums["cost_of_goods"]

    @property
    def profit(self) -> Columns:
        return self.gross_margin - self.sums["cost_to_serve"] - self.sums["direct_costs"]

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """Customers with at least one day on which they bought."""
        return self.sums["order_days"] > 0


def read_accounts(plan: Plan) -> Accounts:
    """Every customer there is, from `charged_months`."""
    kinds = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(KINDS))
    kind = f"(CASE c.kind {kinds} ELSE 0 END)::smallint"
    joined = "customers_customer c LEFT JOIN totals t ON t.customer_id = c.id"
    return _read(plan, f"c.id AS customer, {kind} AS kind", f"{joined} ORDER BY c.id", "m.customer_id <> 0")


def read_anonymous(plan: Plan) -> Accounts:
    """The sales without customer, as one account; empty when there were none."""
    return _read(plan, "t.customer_id AS customer, 0::smallint AS kind", "totals t", f"m.customer_id = {ANONYMOUS}")


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - date(1970, 1, 1)).days


def _read(plan: Plan, head: str, source: str, condition: str) -> Accounts:
    costs = customer_costs(plan)
    summed = {name: f"m.{name}" for name in (*SALES, *COUNTS)} | costs
    totals = ", ".join(f"sum({sql})::bigint AS {name}" for name, sql in summed.items())
    names = list(summed)
    query = f"""
        WITH totals AS (
            SELECT m.customer_id, {totals}, min(m.first_order_on) - date '1970-01-01' AS first_day,
                max(m.last_order_on) - date '1970-01-01' AS last_day,
                bool_or(m.orders > 0 OR m.gross <> 0 OR m.discounts <> 0 OR m.returns <> 0 OR m.other <> 0) AS ranked
            FROM charged_months m WHERE {condition} GROUP BY m.customer_id
        )
        SELECT {head}, {", ".join(f"coalesce(t.{name}, 0) AS {name}" for name in names)},
            coalesce(t.first_day, {NO_DAY}) AS first_day, coalesce(t.last_day, {NO_DAY}) AS last_day,
            coalesce(t.ranked, false)::int::smallint AS ranked
        FROM {source}
    """
    layout = {"customer": BIGINT, "kind": SMALLINT, **dict.fromkeys(names, BIGINT)}
    rows = read_all(query, {}, {**layout, "first_day": INTEGER, "last_day": INTEGER, "ranked": SMALLINT})
    return Accounts(
        customer=rows["customer"],
        kind=rows["kind"],
        sums=rows[names],
        first_day=rows["first_day"],
        last_day=rows["last_day"],
        ranked=rows["ranked"] > 0,
    )
