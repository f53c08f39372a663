"""The statements behind the customer × product matrix, set by set: from order lines to what each group bought.

An order is spread evenly over its lines of goods sold, so that each carries its part of what processing the order
cost; lines, units, returned lines and gross sales cost what their own rate says. Nothing else is caused by a line.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from customers.models import Customer, Order, OrderLine, Run, Scorecard
from profitability.matrix import Amounts, Exact
from profitability.reports.profit_and_loss import rates_of
from profitability.sources import GROSS_SALES, ORDER_LINES, ORDERS, RETURNS, UNITS

BOUGHT = "matrix_bought"  # a table of this transaction alone
CARDS, CUSTOMERS = Scorecard._meta.db_table, Customer._meta.db_table
PLACED = Order._meta.db_table
# The drivers that lines make grow, in the order of the columns of `rates` below.
PER_LINE = tuple(driver.code for driver in (ORDERS, ORDER_LINES, UNITS, RETURNS, GROSS_SALES))
NO_FAMILY, OTHERS = 0, 0

# What a group is known by, of the customer (c) or the scorecard (s).
TRAITS: Mapping[str, str] = {
    "category": "coalesce(s.category::text, '')",
    "stage": "s.stage",
    "kind": "coalesce(c.kind, '')",
    "country": "coalesce(c.country, '')",
    "town": "coalesce(c.city, '')",
    "owner": "coalesce(c.owner_id::text, '')",
    "source": "coalesce(c.source_id::text, '')",
}

_LINES = """
    WITH {first} rates AS (
        SELECT * FROM unnest(
            %(months)s::date[], %(orders)s::float8[], %(order_lines)s::float8[], %(units)s::float8[],
            %(returns)s::float8[], %(gross_sales)s::float8[]
        ) AS r (month, orders, lines, units, returns, gross)
    ),
    goods AS (
        SELECT p.id, coalesce(p.family_id, 0) AS family,
               CASE WHEN p.id = ANY(%(products)s) THEN p.id ELSE 0 END AS product
        FROM customers_product p WHERE p.kind = 'goods'
    ),
    lines AS (
        SELECT l.order_id, g.family, g.product, l.gross, l.discount, l.cost, l.quantity,
               count(*) FILTER (WHERE l.quantity > 0) OVER (PARTITION BY l.order_id) AS sold
        FROM customers_orderline l JOIN goods g ON g.id = l.product_id
        {of_lines}
    )
    SELECT coalesce(o.customer_id, 0) AS customer_id, l.family, l.product,
           sum(l.gross - l.discount)::bigint AS net_revenue,
           sum(l.gross)::bigint AS gross, sum(l.discount)::bigint AS discount,
           coalesce(sum(l.cost), 0)::bigint AS known_cost,
           coalesce(sum(l.gross) FILTER (WHERE l.cost IS NULL), 0)::bigint AS without_cost,
           coalesce(sum(
               CASE WHEN l.quantity > 0
                   THEN r.orders / l.sold + r.lines + r.units * l.quantity + r.gross * l.gross / 100.0
                   ELSE r.returns END
           ), 0)::float8 AS cost_to_serve
    FROM lines l
    JOIN {orders} o ON o.id = l.order_id AND o.ordered_on <= %(as_of)s
    LEFT JOIN rates r ON r.month = date_trunc('month', o.ordered_on)::date
    GROUP BY 1, 2, 3
"""
_OF_SOME = f"placed AS (SELECT id, customer_id, ordered_on FROM {PLACED} WHERE customer_id = ANY(%(customers)s)),"
# What everybody bought of every kind of goods; and what a few customers bought, whose orders an index holds.
LINES = _LINES.format(first="", of_lines="", orders=PLACED)
LINES_OF_SOME = _LINES.format(first=_OF_SOME, of_lines="JOIN placed ON placed.id = l.order_id", orders="placed")


@dataclass(frozen=True)
class Basis:
    """What is needed to value lines as a run did."""

    run: Run
    drivers: Sequence[str]
    cost_ratio: Decimal | None
    products: Sequence[int]  # those that have columns of their own

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters of `LINES`: the cents that each unit of the drivers of lines cost, month by month."""
        _activities, rates = rates_of(self.run.pk)
        by_month: dict[Any, dict[str, float]] = defaultdict(lambda: dict.fromkeys(PER_LINE, 0.0))
        for (month, _activity), rate in rates.items():
            for code, cents in zip(self.drivers, rate.coefficients, strict=True):
                if code in PER_LINE:
                    by_month[month][code] += cents
        return {
            "as_of": self.run.as_of,
            "products": list(self.products),
            "months": list(by_month),
            **{code: [by_month[month][code] for month in by_month] for code in PER_LINE},
        }

    def exact(self, net_revenue: int, known_cost: int, without_cost: int, cost_to_serve: float) -> Exact:
        """What some lines come to; goods of unknown cost cost the share of their price that the costing assumes."""
        assumed = float(without_cost * self.cost_ratio) if self.cost_ratio else 0.0
        return Exact(int(net_revenue), int(known_cost) + assumed, float(cost_to_serve))


@dataclass(frozen=True, slots=True)
class Bought:
    """What one group or customer bought of one kind of goods."""

    key: str
    family: int
    product: int
    exact: Exact


SUMS = "sum(b.net_revenue), sum(b.known_cost), sum(b.without_cost), sum(b.cost_to_serve)"


def best_selling(limit: int) -> list[int]:
    """The goods with the largest gross sales of all time, the largest first (1 query)."""
    query = """
        SELECT l.product_id FROM customers_orderline l JOIN customers_product p ON p.id = l.product_id
        WHERE p.kind = 'goods' GROUP BY 1 ORDER BY sum_cents(l.gross) DESC, 1 LIMIT %s
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [limit])
        return [product for (product,) in cursor.fetchall()]


def gather_lines(basis: Basis) -> None:
    """Sum up all lines by customer and product, into a table that lives as long as the transaction (3 queries)."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{BOUGHT}")
        cursor.execute(f"CREATE TEMPORARY TABLE {BOUGHT} ON COMMIT DROP AS {LINES}", basis.values)
        cursor.execute(f"ANALYZE {BOUGHT}")


def bought_by_trait(basis: Basis, trait: str) -> Iterator[Bought]:
    """What each group of customers bought (1 query, after `gather_lines`)."""
    query = f"""
        SELECT {TRAITS[trait]}, b.family, b.product, {SUMS}
        FROM {BOUGHT} b JOIN {CARDS} s ON s.run_id = ANY(%(run)s) AND s.customer_id = b.customer_id
        LEFT JOIN {CUSTOMERS} c ON c.id = b.customer_id GROUP BY 1, 2, 3
    """
    return _read(basis, query, run=basis.run.parts)


def bought_by_members(basis: Basis, members: str, parameters: Sequence[Any]) -> Iterator[Bought]:
    """What the customers of a subquery bought, all under one key (1 query, after `gather_lines`)."""
    query = f"""
        SELECT '', b.family, b.product, {SUMS}
        FROM {BOUGHT} b JOIN {CARDS} s ON s.run_id = ANY(%s) AND s.customer_id = b.customer_id
        WHERE b.customer_id IN ({members}) GROUP BY 1, 2, 3
    """
    return _read(basis, query, basis.run.parts, *parameters)


def bought_by_frequent(basis: Basis, *, orders: int, most: int) -> Iterator[Bought]:
    """What each customer with so many orders or more bought, of the most frequent (1 query, after `gather_lines`)."""
    query = f"""
        WITH frequent AS (
            SELECT customer_id FROM {PLACED} WHERE customer_id IS NOT NULL AND ordered_on <= %(as_of)s
            GROUP BY 1 HAVING count(*) >= %(orders)s ORDER BY count(*) DESC, 1 LIMIT %(most)s
        )
        SELECT b.customer_id::text, b.family, b.product, {SUMS} FROM {BOUGHT} b JOIN frequent USING (customer_id)
        GROUP BY 1, 2, 3
    """
    return _read(basis, query, as_of=basis.run.as_of, orders=orders, most=most)


def bought_by_nobody(basis: Basis) -> Iterator[Bought]:
    """Anonymous sales (1 query, after `gather_lines`)."""
    return _read(
        basis, f"SELECT '', b.family, b.product, {SUMS} FROM {BOUGHT} b WHERE b.customer_id = 0 GROUP BY 1, 2, 3"
    )


def bought_by_customers(basis: Basis, customers: Sequence[int]) -> Iterator[Bought]:
    """What each of these few customers bought; the key is the customer's number (1 query)."""
    query = f"SELECT b.customer_id::text, b.family, b.product, {SUMS} FROM ({LINES_OF_SOME}) b GROUP BY 1, 2, 3"
    return _read(basis, query, **basis.values, customers=list(customers))


Statement = tuple[str, tuple[Any, ...]]  # with its values


def latest_in_sql(
    lines: QuerySet[OrderLine], members: QuerySet[Any, Any] | None, *, orders: int, wanted: int
) -> Statement:
    """What finds the latest of these lines that these members ordered (None: that nobody did), among so many orders.

    `members` has the numbers of customers as its only column. The statement walks back order by order and stops at so
    many lines. For each order one asks whether its customer belongs to them: the joins that PostgreSQL would make of it
    by itself read all customers of the group first. It is empty where nobody can match.
    """
    try:
        of_order, values = lines.order_by().values("pk", "order_id").query.sql_with_params()
        belonging, parameters = members.order_by().query.sql_with_params() if members is not None else ("", ())
    except EmptyResultSet:  # Django will not even write the query
        return "", ()
    member = ""
    if belonging:
        member = f"CROSS JOIN LATERAL (SELECT FROM ({belonging}) m (id) WHERE m.id = o.customer_id LIMIT 1) member"
    query = f"""
        SELECT l.id FROM (
            SELECT id, customer_id, ordered_on FROM {PLACED} {"" if belonging else "WHERE customer_id IS NULL"}
            ORDER BY ordered_on DESC, id DESC LIMIT %s
        ) o {member}
        CROSS JOIN LATERAL (SELECT l.id FROM ({of_order}) l (id, order_id) WHERE l.order_id = o.id) l
        ORDER BY o.ordered_on DESC, o.id DESC, l.id LIMIT %s
    """
    return query, (orders, *parameters, *values, wanted)


def keys_found(statement: Statement) -> list[int]:
    """The keys that a statement finds (1 query, none for an empty one)."""
    if not statement[0]:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return [key for (key,) in cursor.fetchall()]


def totals_by_trait(run: Run, trait: str) -> dict[str, tuple[int, Amounts]]:
    """How many customers each group has, and their account in the run (1 query)."""
    return _totals(f"SELECT {TRAITS[trait]}", run, "GROUP BY 1", [])


def totals_of_members(run: Run, members: str, parameters: Sequence[Any]) -> tuple[int, Amounts]:
    """The same of the customers of a subquery (1 query)."""
    found = _totals("SELECT ''", run, f"AND s.customer_id IN ({members})", parameters)
    return found.get("", (0, Amounts()))


def _totals(select: str, run: Run, rest: str, parameters: Sequence[Any]) -> dict[str, tuple[int, Amounts]]:
    query = f"""
        {select}, count(*), coalesce(sum(s.net_revenue), 0), coalesce(sum(s.net_revenue - s.gross_margin), 0),
            coalesce(sum(s.cost_to_serve), 0), coalesce(sum(s.direct_costs), 0)
        FROM {CARDS} s LEFT JOIN {CUSTOMERS} c ON c.id = s.customer_id WHERE s.run_id = ANY(%s) {rest}
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [run.parts, *parameters])
        return {key: (count, Amounts(*map(int, amounts))) for key, count, *amounts in cursor.fetchall()}


def net_sales_of_lines(run: Run) -> int:
    """What all lines up to the day of the run come to now, in cents: other than in the run once records changed."""
    query = """
        SELECT coalesce(sum_cents(l.gross - l.discount), 0) FROM customers_orderline l
        JOIN customers_order o ON o.id = l.order_id WHERE o.ordered_on <= %s
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [run.as_of])
        return int(cursor.fetchone()[0])


def _read(basis: Basis, query: str, *values: Any, **named: Any) -> Iterator[Bought]:
    with connection.cursor() as cursor:
        cursor.execute(query, named or values)
        for key, family, product, *sums in cursor.fetchall():
            yield Bought(key, family, product, basis.exact(*sums))
