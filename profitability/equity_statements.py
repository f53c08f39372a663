"""The steps of a change of customer equity for everybody at once, as `equity.steps` has them for one customer.

Runs that share scorecards find the same of whoever has one of these, which is no step.
"""

from typing import Any

from customers.models import Run, Scorecard
from customers.models.scorecard import Stage

CARDS = Scorecard._meta.db_table
# What belongs to each step; the columns are those of `everybodys_steps`, money in cents.
PARTS = {
    "won": ("change", "kind = 'won'"),
    "lost": ("change", "kind = 'lost'"),
    "activity": ("activity", "activity <> 0"),
    "margin": ("margin", "margin <> 0"),
    "cost": ("change - activity - margin", "kind = 'told' AND change - activity - margin <> 0"),
    "unknown": ("change", "kind = 'unknown'"),
}


def everybodys_steps(before: Run, after: Run) -> tuple[str, list[Any]]:
    """A statement with one row for each customer of either run who has a value and a scorecard that they do not share,
    and its parameters.
    """
    value = (
        "customer_id, lifetime_value AS value, expected_orders AS orders, order_margin AS margin, stage = %s AS former"
    )
    side = f"SELECT {value} FROM {CARDS} WHERE run_id = ANY(%s::bigint[]) AND lifetime_value IS NOT NULL"
    kind = """
        CASE WHEN b.value IS NULL THEN 'won' WHEN a.value IS NULL THEN 'lost'
             WHEN b.former AND NOT a.former THEN 'won' WHEN a.former AND NOT b.former THEN 'lost'
             WHEN b.orders IS NULL OR a.orders IS NULL OR b.margin IS NULL OR a.margin IS NULL THEN 'unknown'
             ELSE 'told' END
    """
    statement = f"""
        SELECT customer_id, before, after, change, kind,
               CASE kind WHEN 'told' THEN round((orders - orders_before) * margin_before) ELSE 0 END::bigint
                   AS activity,
               CASE kind WHEN 'told' THEN round(orders * (margin - margin_before)) ELSE 0 END::bigint AS margin
        FROM (
            SELECT customer_id, coalesce(b.value, 0) AS before, coalesce(a.value, 0) AS after,
                   coalesce(a.value, 0) - coalesce(b.value, 0) AS change, {kind} AS kind,
                   b.orders AS orders_before, a.orders AS orders, b.margin AS margin_before, a.margin AS margin
            FROM ({side}) b FULL JOIN ({side}) a USING (customer_id)
        ) both_sides
    """
    own = (before.parts_not_of(after), after.parts_not_of(before))
    return statement, [parameter for parts in own for parameter in (Stage.FORMER, parts)]


def shared_value(before: Run, after: Run, customers: str = "") -> tuple[str, list[Any]]:
    """A statement for what those whose scorecards they share are worth, in cents, and its parameters; `customers`
    narrows them down.
    """
    among = f"AND customer_id IN ({customers})" if customers else ""
    statement = f"SELECT coalesce(sum(lifetime_value), 0) FROM {CARDS} WHERE run_id = ANY(%s::bigint[]) {among}"
    return statement, [before.parts_shared_with(after)]
