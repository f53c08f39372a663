"""From records to months: what each customer bought, returned and caused, in one set-based statement for each step.

Rows of anonymous sales stand under customer 0. Only records up to the day of the figures count.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import connection

from crm_site.lib.partitions import Partition
from profitability.drivers import direct_cost_sources, sources_of
from profitability.models.figures import ANONYMOUS
from profitability.sources import ORDER_RECORDS, ORDER_ROWS

# Sorting and hashing ten million lines should not spill to disk where memory allows; reset with the transaction.
SESSION = ("SET LOCAL work_mem = '192MB'", "SET LOCAL jit = off", "SET LOCAL max_parallel_workers_per_gather = 2")

# One row for each customer and day with an order: orders of one day count as one for lifetime value.
ORDER_DAYS = f"""
CREATE TEMPORARY TABLE order_days ON COMMIT DROP AS
SELECT coalesce(o.customer_id, {ANONYMOUS}) AS customer_id, o.ordered_on,
    sum(o.gross)::bigint AS gross, sum(o.discounts)::bigint AS discounts, sum(o.returns)::bigint AS returns,
    sum(o.other)::bigint AS other, sum(o.known_cost)::bigint AS known_cost, sum(o.without_cost)::bigint AS without_cost,
    count(*) FILTER (WHERE o.lines > 0) AS orders%(quantities)s
FROM {ORDER_ROWS}
WHERE o.ordered_on <= %%(as_of)s
GROUP BY 1, 2
"""
ORDER_MONTHS = """
SELECT customer_id, date_trunc('month', ordered_on)::date AS month,
    sum(gross)::bigint AS gross, sum(discounts)::bigint AS discounts, sum(returns)::bigint AS returns,
    sum(other)::bigint AS other,
    sum(known_cost)::bigint + round(sum(without_cost) * %%(cost_ratio)s)::bigint AS cost_of_goods,
    min(ordered_on) FILTER (WHERE orders > 0) AS first_order_on,
    max(ordered_on) FILTER (WHERE orders > 0) AS last_order_on,
    sum(orders)::int AS orders, (count(*) FILTER (WHERE orders > 0))::int AS order_days%(quantities)s
FROM order_days GROUP BY 1, 2
"""
SALES = (
    *("gross", "discounts", "returns", "other", "cost_of_goods"),
    *("first_order_on", "last_order_on", "orders", "order_days"),
)
DATES = {"first_order_on", "last_order_on"}


def fill_months(partition: Partition, *, as_of: date, drivers: Sequence[str], cost_ratio: Decimal | None) -> None:
    """Load the months of all customers into a new partition; `drivers` gives the order of the quantities.

    `cost_ratio` is the share of the price taken as cost of goods where the unit cost is unknown. Needs a transaction.
    """
    values = {"as_of": as_of, "cost_ratio": cost_ratio or 0, "run": partition.value}
    with connection.cursor() as cursor:
        for setting in SESSION:
            cursor.execute(setting)
        own = ORDER_RECORDS.drivers_among(drivers)
        cursor.execute(ORDER_DAYS % {"quantities": _sums(own, "sum({sql})")}, values)
        cursor.execute("ANALYZE order_days")
        cursor.execute(_months_statement(partition, drivers, own), values)


def sales_without_cost(*, cost_ratio: Decimal | None) -> int:
    """Gross sales of goods, in cents, whose cost is neither known nor assumed; asked while the order days stand."""
    if cost_ratio is not None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(without_cost), 0)::bigint FROM order_days")
        return int(cursor.fetchone()[0])


def _sums(quantities: dict[str, str], form: str) -> str:
    return "".join(f", {form.format(sql=sql, code=code)} AS q_{code}" for code, sql in quantities.items())


def _months_statement(partition: Partition, drivers: Sequence[str], own: dict[str, str]) -> str:
    """Sales, the other sources and direct costs, joined on customer and month."""
    parts = {"sales": ORDER_MONTHS % {"quantities": _sums(own, "sum(q_{code})")}}
    for position, source in enumerate(sources_of(drivers)):
        if source is not ORDER_RECORDS:
            wanted = source.drivers_among(drivers)
            sums = _sums(wanted, "sum({sql})")
            parts[f"source_{position}"] = _grouped(source.rows, source.customer, source.day, sums)
    costs = [
        _grouped(source.rows, source.customer, source.day, f", sum({source.cents})::bigint AS cents")
        for source in direct_cost_sources()
    ]
    if costs:
        union = " UNION ALL ".join(f"({cost})" for cost in costs)
        parts["costs"] = f"SELECT customer_id, month, sum(cents)::bigint AS cents FROM ({union}) u GROUP BY 1, 2"
    joined = " FULL JOIN ".join(
        f"({sql}) {name}" if position == 0 else f"({sql}) {name} USING (customer_id, month)"
        for position, (name, sql) in enumerate(parts.items())
    )
    sales = ", ".join(name if name in DATES else f"coalesce({name}, 0)" for name in SALES)
    direct = "coalesce(costs.cents, 0)" if costs else "0"
    quantities = ", ".join(f"coalesce(q_{code}, 0)::float8" for code in drivers)
    return (
        f"INSERT INTO {partition.table} "
        f"(run_id, customer_id, month, {', '.join(SALES)}, direct_costs, quantities) "
        f"SELECT %(run)s, customer_id, month, {sales}, {direct}, ARRAY[{quantities}]::float8[] FROM {joined}"
    )


def _grouped(rows: str, customer: str, day: str, sums: str) -> str:
    return (
        f"SELECT coalesce({customer}, {ANONYMOUS}) AS customer_id, date_trunc('month', {day})::date AS month{sums} "
        f"FROM {rows} WHERE {day} <= %(as_of)s GROUP BY 1, 2"
    )
