"""The invented portfolio that benchmarks run on, as SQL over numbers that a seed decides.

Every figure hangs on a hash of the row's own number, not on a random generator, so nothing depends on the order of
work. Plausible in what matters to the figures: skewed purchases, customers who fade away, large ones with discounts,
heavy buyers who call more, returns, products of different margins, costs that vary with the season.
"""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm_site.lib.text import normalise
from profitability.actions import publish_costing
from profitability.models import Activity, Costing, CostPool

DAYS = 730  # unless another length is asked for
PRODUCTS = 400
TOWNS = ("Amiens", "Besançon", "Brive", "Colmar", "Dole", "Évreux", "Gap", "Laon", "Mâcon", "Niort", "Pau", "Vannes")
GIVEN_NAMES = (
    "Adèle",
    "Basile",
    "Célia",
    "Damien",
    "Élodie",
    "Fabrice",
    "Gaëlle",
    "Hector",
    "Inès",
    "Joël",
    "Léa",
    "Noé",
)
NAMES = (
    *("Arbois", "Belleroche", "Carrefort", "Dormeval", "Étangval", "Fontclair", "Grandpré", "Hautbois", "Islemont"),
    *(
        "Jonquières",
        "Lavergne",
        "Montclar",
        "Neuvéglise",
        "Orvallon",
        "Pierrefeu",
        "Roquebrune",
        "Sauveterre",
        "Valfleury",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """How much of everything, and what the seed is."""

    customers: int
    orders: int
    lines: int
    moments: int
    seed: int
    last_day: dt.date
    days: int = DAYS

    @property
    def first_day(self) -> dt.date:
        return self.last_day - dt.timedelta(days=self.days - 1)

    def prepare(self, cursor: Any) -> None:
        """Put the numbers and words where the statements find them, for this session only."""
        cursor.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(
            """
            CREATE TEMP TABLE plan ON COMMIT DROP AS SELECT %s::bigint AS customers, %s::bigint AS orders,
                %s::bigint AS lines, %s::bigint AS moments, %s::date AS first_day, %s::int AS days,
                (SELECT coalesce(max(id), 0) FROM customers_customer) AS customer0,
                (SELECT coalesce(max(id), 0) FROM customers_order) AS order0,
                (SELECT coalesce(max(id), 0) FROM customers_orderline) AS line0,
                (SELECT coalesce(max(id), 0) FROM customers_contactmoment) AS moment0
            """,
            [
                *(self.customers, self.orders, self.lines, self.moments),
                *(self.first_day, self.days),
            ],
        )
        cursor.execute(LUCK, [self.seed * 1000])
        for table, words in (("town", TOWNS), ("given", GIVEN_NAMES), ("family", NAMES)):
            cursor.execute(
                f"CREATE TEMP TABLE {table} ON COMMIT DROP AS SELECT n - 1 AS n, word, plain FROM unnest(%s, %s) "
                "WITH ORDINALITY AS w(word, plain, n)",
                [list(words), [normalise(word) for word in words]],
            )


# A number from 0 to 1 that belongs to an item and a purpose.
LUCK = """
CREATE OR REPLACE FUNCTION pg_temp.luck(item bigint, purpose int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ((hashint8extended(item, %s + purpose) >> 12) & ((1::bigint << 51) - 1))::float8 / (1::bigint << 51) $$;
CREATE OR REPLACE FUNCTION pg_temp.bell(item bigint, purpose int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT sqrt(-2 * ln(1 - pg_temp.luck(item, purpose))) * cos(2 * pi() * pg_temp.luck(item, purpose + 1)) $$;
"""

# How customers differ: when they come and fade, how often they buy, how large they are, how much they ask for.
BUYERS = """
CREATE TEMP TABLE buyer ON COMMIT DROP AS
SELECT n, customer0 + n AS id, born, died, size, calls,
    (n % 40 > 0)::int AS buys,
    CASE WHEN n % 40 > 0 THEN eager * (died - born + 1) ELSE 0 END AS eager
FROM (
    SELECT n, customer0, born, least(days - 1, born + floor(-ln(1 - pg_temp.luck(n, 2)) * 400)::int) AS died,
        exp(1.1 * pg_temp.bell(n, 3)) AS eager, exp(0.8 * pg_temp.bell(n, 5)) AS size, exp(pg_temp.bell(n, 7)) AS calls
    FROM (
        SELECT n, plan.*, floor(pg_temp.luck(n, 1) * days)::int AS born FROM plan, generate_series(1, customers) n
    ) one
) two
"""
CUSTOMERS = """
INSERT INTO customers_customer (id, reference, kind, name, given_name, email, phone, street, postal_code, city, country,
    language, is_synthetic, created_at, acquired_on, acquisition_cost, sort_key, search_text)
SELECT b.id, reference, kind, name, given_name, email, phone, '', '', town.word, 'France', 'fr', true, now(),
    first_day + born, CASE WHEN b.n % 3 = 0 THEN round((2 + 30 * pg_temp.luck(b.n, 20))::numeric, 2) END,
    sort_plain, trim(regexp_replace(concat_ws(' ', lower(reference), given_plain, name_plain, email, phone,
        regexp_replace(phone, '[^0-9]', '', 'g'), town.plain), '[^a-z0-9]+', ' ', 'g'))
FROM (
    SELECT b.*, first_day, 'G' || lpad(b.id::text, 9, '0') AS reference, kind,
        CASE kind WHEN 'household' THEN 'Maison ' ELSE '' END || f.word
            || CASE kind WHEN 'company' THEN ' SARL' ELSE '' END AS name,
        CASE kind WHEN 'household' THEN 'maison ' ELSE '' END || f.plain
            || CASE kind WHEN 'company' THEN ' sarl' ELSE '' END AS name_plain,
        CASE kind WHEN 'person' THEN g.word ELSE '' END AS given_name,
        CASE kind WHEN 'person' THEN g.plain END AS given_plain,
        f.plain || '.' || b.id || '@example.org' AS email,
        '+33 1 99 00 ' || lpad((b.n % 100)::text, 2, '0') || ' ' || lpad((b.n / 100 % 100)::text, 2, '0') AS phone
    FROM buyer b CROSS JOIN plan
    CROSS JOIN LATERAL (
        SELECT CASE b.n % 10 WHEN 0 THEN 'company' WHEN 1 THEN 'household' ELSE 'person' END
    ) k(kind)
    JOIN family f ON f.n = floor(pg_temp.luck(b.n, 21) * (SELECT count(*) FROM family))::int
    JOIN given g ON g.n = floor(pg_temp.luck(b.n, 22) * (SELECT count(*) FROM given))::int
) b
JOIN town ON town.n = floor(pg_temp.luck(b.n, 23) * (SELECT count(*) FROM town))::int
CROSS JOIN LATERAL (SELECT trim(name_plain || ' ' || coalesce(given_plain, ''))) s(sort_plain)
ORDER BY b.id
"""

# Everybody who buys has a first order on the day they come; the others are dealt out by eagerness, to the last one.
DEALT = """
CREATE TEMP TABLE dealt ON COMMIT DROP AS
SELECT id, n, born, died, size, calls, buys + (till - lag(till, 1, 0::bigint) OVER (ORDER BY n)) AS orders
FROM (
    SELECT b.*, floor(sum(eager) OVER (ORDER BY n) / (SELECT sum(eager) FROM buyer)
        * (plan.orders - (SELECT sum(buys) FROM buyer)) + 1e-6)::bigint AS till
    FROM buyer b, plan
) summed
"""
ORDER_PLAN = """
CREATE TEMP TABLE order_plan ON COMMIT DROP AS
SELECT order0 + row_number() OVER (ORDER BY day, id, turn) AS id, id AS customer_id, first_day + day AS day, size
FROM (
    SELECT id, size, turn, CASE WHEN turn = 0 THEN born
        ELSE born + floor(pg_temp.luck(id * 10007 + turn, 30) * (died - born + 1))::int END AS day
    FROM dealt, generate_series(0, orders - 1) turn
) days, plan
"""
ORDERS = """
INSERT INTO customers_order (id, number, customer_id, ordered_on, currency, exchange_rate)
SELECT id, 'G' || id, CASE WHEN pg_temp.luck(id, 31) > 0.01 THEN customer_id END, day, '', 1
FROM order_plan ORDER BY id
"""
PRODUCTS_SQL = f"""
WITH family AS (
    INSERT INTO customers_productfamily (name, name_fr)
    SELECT 'Generated family ' || n, '' FROM generate_series(1, 10) n ON CONFLICT DO NOTHING RETURNING id, name
), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM family)
INSERT INTO customers_product (sku, name, kind, family_id, unit_cost)
SELECT 'G' || lpad(i::text, 4, '0'), 'Generated product ' || i, kind, f.id,
    CASE WHEN kind = 'goods' THEN round((price * (0.45 + 0.4 * pg_temp.luck(i, 41)))::numeric, 4) END
FROM generate_series(1, {PRODUCTS}) i
CROSS JOIN LATERAL (SELECT CASE WHEN i = 1 THEN 'delivery' WHEN i = 2 THEN 'fee' ELSE 'goods' END) k(kind)
CROSS JOIN LATERAL (SELECT 3 + 60 * pg_temp.luck(i, 40) ^ 2) c(price)
LEFT JOIN numbered f ON f.n = 1 + i % 10
ON CONFLICT DO NOTHING
"""
PRICED = """
CREATE TEMP TABLE priced ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY id) - 1 AS n, id, unit_cost,
    round((3 + 60 * pg_temp.luck(row_number() OVER (ORDER BY id), 40) ^ 2)::numeric, 2) AS price
FROM customers_product WHERE sku ~ '^G[0-9]{4}$'
"""
LINES = f"""
INSERT INTO customers_orderline (id, order_id, product_id, quantity, unit_price, discount, unit_cost)
SELECT line0 + row_number() OVER (), order_id, p.id, quantity, price,
    CASE WHEN size > 3 THEN round(quantity * price * 12) ELSE 0 END, unit_cost
FROM (
    SELECT o.id AS order_id, size, line0, floor(pg_temp.luck(o.id * 101 + turn, 51) ^ 2 * {PRODUCTS})::int AS product,
        CASE WHEN pg_temp.luck(o.id * 101 + turn, 52) < 0.03 THEN -1
             ELSE 1 + floor(least(size, 30) * pg_temp.luck(o.id * 101 + turn, 53) * 2) END::numeric AS quantity
    FROM (
        SELECT o.*, 1 + (till - lag(till, 1, 0::bigint) OVER (ORDER BY o.id)) AS lines
        FROM (
            SELECT p.*, line0, floor(sum(more) OVER (ORDER BY id) / sum(more) OVER () * (lines - orders) + 1e-6)::bigint
                AS till
            FROM (SELECT order_plan.*, floor(pg_temp.luck(id, 50) * 4) AS more FROM order_plan) p, plan
        ) o
    ) o, generate_series(1, lines) turn
) l JOIN priced p ON p.n = l.product
"""
TOUCHPOINTS = """
INSERT INTO customers_touchpoint (name, name_fr, channel, position, standard_minutes)
VALUES ('Generated: call', '', 'phone', 1, 8), ('Generated: e-mail', '', 'email', 2, 5),
    ('Generated: visit', '', 'visit', 3, 60), ('Generated: web session', '', 'website', 4, 4),
    ('Generated: chat', '', 'chat', 5, 10)
ON CONFLICT DO NOTHING
"""
MOMENTS = """
INSERT INTO customers_contactmoment (id, customer_id, touchpoint_id, direction, occurred_at, minutes, summary)
SELECT moment0 + row_number() OVER (ORDER BY moment), l.id, t.id, 'inbound', moment,
    CASE WHEN pg_temp.luck(l.id * 10007 + turn, 61) < 0.5
         THEN round((t.standard_minutes * (0.5 + pg_temp.luck(l.id * 10007 + turn, 62)::numeric))::numeric, 2) END, ''
FROM (
    SELECT d.*, plan.*, till - lag(till, 1, 0::bigint) OVER (ORDER BY n) AS contacts
    FROM (
        SELECT n AS number, floor(sum(calls * (1 + dealt.orders)) OVER (ORDER BY n)
            / sum(calls * (1 + dealt.orders)) OVER () * moments + 1e-6)::bigint AS till
        FROM dealt, plan
    ) summed JOIN dealt d ON d.n = summed.number, plan
) l CROSS JOIN LATERAL generate_series(1, contacts) turn
CROSS JOIN LATERAL (SELECT (first_day + born)::timestamptz + interval '9 hours'
    + pg_temp.luck(l.id * 10007 + turn, 60) * (died - born) * interval '1 day') m(moment)
JOIN (SELECT row_number() OVER (ORDER BY id) AS n, * FROM customers_touchpoint WHERE name LIKE 'Generated: %') t
    ON t.n = 1 + floor(pg_temp.luck(l.id * 10007 + turn, 63) ^ 1.5 * 5)::int
"""

TABLES = ("customers_customer", "customers_order", "customers_orderline", "customers_contactmoment")
SEQUENCES = tuple(
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(1, (SELECT max(id) FROM {table})))"
    for table in TABLES
)
STEPS = (
    ("customers", (BUYERS, "ANALYZE buyer", CUSTOMERS)),
    ("orders", (DEALT, "ANALYZE dealt", ORDER_PLAN, "ANALYZE order_plan", ORDERS)),
    ("lines", (PRODUCTS_SQL, PRICED, "ANALYZE priced", LINES)),
    ("moments", (TOUCHPOINTS, MOMENTS)),
    ("sequences", SEQUENCES),
)


@dataclass(frozen=True)
class Pool:
    """A cost pool as the portfolio needs it: cents for each of the things that make it necessary, over all months."""

    name: str
    cents: float
    minutes: int | None = None


@transaction.atomic
def make_costing(portfolio: Portfolio) -> Costing:
    """A costing of both methods whose pools cost about what such a volume would, as the current one."""
    costing = Costing.objects.create(name="Generated portfolio", default_cost_ratio=Decimal("0.6"))
    pools = {pool.name: _create_pool(costing, pool, portfolio) for pool in _pools(portfolio)}
    for name, driver, pool, percent in (
        ("Process orders", "orders", "Warehouse", 70),
        ("Pick lines", "order_lines", "Warehouse", 30),
        ("Handle returns", "returns", "Returns desk", 100),
        ("Visit customers", "contacts_visit", "Sales force", 90),
    ):
        activity = costing.activities.create(name=name, driver=driver, position=costing.activities.count())
        activity.shares.create(pool=pools[pool], percent=percent)
    for name, equation in (
        ("Answer calls", "minutes_phone + 2.5 * contacts_phone"),
        ("Answer messages", "6 * contacts_email + minutes_chat"),
    ):
        costing.activities.create(
            name=name,
            method=Activity.Method.TIME_DRIVEN,
            resource=pools["Customer service"],
            equation=equation,
            position=costing.activities.count(),
        )
    publish_costing(costing=costing, at=timezone.now())
    return costing


def _pools(portfolio: Portfolio) -> tuple[Pool, ...]:
    return (
        Pool("Warehouse", portfolio.lines * 90),
        Pool(
            "Customer service",
            portfolio.moments * 700,
            minutes=portfolio.moments * 14 * DAYS // (24 * portfolio.days) + 1,
        ),
        Pool("Sales force", portfolio.moments * 500),
        Pool("Returns desk", portfolio.lines * 10),
    )


def _create_pool(costing: Costing, pool: Pool, portfolio: Portfolio) -> CostPool:
    created = costing.pools.create(name=pool.name, practical_capacity_minutes=pool.minutes)
    days = (portfolio.first_day + dt.timedelta(days=day) for day in range(portfolio.days))
    months = sorted({day.replace(day=1) for day in days})
    for month in months:
        season = 1 + 0.2 * math.sin(month.month)
        created.amounts.create(month=month, amount=Decimal(round(pool.cents * season / len(months))).scaleb(-2))
    return created
