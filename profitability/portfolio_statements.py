"""The statements that add up a run's months for its portfolio, set by set: nothing here reads customers row by row."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from customers.forms import members_in_sql
from customers.models import Customer, Run, Scorecard, Segment
from profitability.models import ActivityRate, MainFamily, RunMonth
from profitability.models.figures import months_in_sql
from profitability.period_statements import NET_REVENUE, charges_of
from profitability.portfolio.concentration import TEN, Account, Whole
from profitability.portfolio_totals import OTHERS, CustomerPoint, Field, GroupMonths, SingleCustomers

RATES = ActivityRate._meta.db_table
CARDS, CUSTOMERS, FAMILIES = (model._meta.db_table for model in (Scorecard, Customer, MainFamily))
# Tables that live as long as the transaction.
LIVED, RANKED, MEMBERS, SUMS, STEADY = (
    f"portfolio_{name}" for name in ("months", "customers", "members", "sums", "steady")
)

SEGMENT, SIZE = "segment", "size"
SIZES = 5  # fifths by net revenue, of which the outer ones are called small and large elsewhere too
# More groups than these make no picture; the others stand together. Segments overlap, so theirs are not added up.
MOST_GROUPS, MOST_SEGMENTS = 12, 100
POINTS = 500  # customers told one by one
YOUNGEST = 12  # months that a customer must have been one for

TRAITS: Mapping[str, str] = {
    "category": "s.category::text",
    "country": "c.country",
    "postal": "CASE WHEN c.postal_code = '' THEN '' ELSE c.country || '-' || left(c.postal_code, 2) END",
    "town": "c.city",
    "owner": "coalesce(c.owner_id::text, '')",
    "source": "coalesce(c.source_id::text, '')",
    "family": "coalesce(f.family_id::text, '')",
    SIZE: "width_bucket(s.net_revenue, l.lowest)::text",
}


@dataclass(frozen=True)
class Window:
    """The whole months of a run that are looked at."""

    run: Run
    since: date
    until: date

    @property
    def months(self) -> list[date]:
        first, last = (day.year * 12 + day.month - 1 for day in (self.since, self.until))
        return [date(index // 12, index % 12 + 1, 1) for index in range(first, last + 1)]


def first_and_last_order(run: Run) -> tuple[date, date] | None:
    """The days of the very first and the very last order of anybody (1 query)."""
    query = f"SELECT min(first_order_on), max(last_order_on) FROM {CARDS} WHERE run_id = ANY(%(run)s)"
    first, last = _read(query, run=run.parts)[0]
    return (first, last) if first and last else None


def gather_months(window: Window, drivers: Sequence[str]) -> None:
    """What every ranked customer is like, and the customer's months with profit and cost (7 statements)."""
    traits = ", ".join(f"{expression} AS {name}" for name, expression in TRAITS.items())
    month_of = "(extract(year FROM {0}) * 12 + extract(month FROM {0}) - %(first)s)::int"
    _make(
        RANKED,
        f"""
        SELECT s.customer_id, s.net_revenue, {traits}, {month_of.format("s.first_order_on")} AS first_at
        FROM {CARDS} s JOIN {CUSTOMERS} c ON c.id = s.customer_id
        LEFT JOIN {FAMILIES} f ON f.customer_id = s.customer_id, (
            SELECT percentile_disc(%(fifths)s::float8[]) WITHIN GROUP (ORDER BY net_revenue) AS lowest
            FROM {CARDS} WHERE run_id = ANY(%(run)s) AND place IS NOT NULL
        ) l
        WHERE s.run_id = ANY(%(run)s) AND s.place IS NOT NULL
        """,
        run=window.run.parts,
        first=window.since.year * 12 + window.since.month,
        fifths=[step / SIZES for step in range(1, SIZES)],
    )
    charges = charges_of(window.run.pk, drivers)
    cost = f"m.cost_of_goods + ({charges.cents}) + m.direct_costs"
    _make(
        LIVED,
        f"""
        SELECT m.customer_id, {month_of.format("m.month")} AS at,
               ({NET_REVENUE} - ({cost}))::bigint AS profit, ({cost})::bigint AS cost, {NET_REVENUE} AS revenue
        FROM {months_in_sql(window.run)} m JOIN {RANKED} k ON k.customer_id = m.customer_id {charges.join}
        WHERE m.month BETWEEN %(since)s AND %(until)s
        """,
        since=window.since,
        until=window.until,
        first=window.since.year * 12 + window.since.month,
        activities=charges.activities,
    )


def gather_members(run: Run) -> None:
    """Who is in which segment; segments may overlap, and whoever is in none has an empty one (1 for each segment)."""
    _make(MEMBERS, f"SELECT ''::text AS segment, customer_id FROM {RANKED} LIMIT 0")
    with connection.cursor() as cursor:
        for segment in Segment.objects.order_by("name")[:MOST_SEGMENTS]:
            members, parameters = members_in_sql(segment, run)
            cursor.execute(
                f"""
                INSERT INTO {MEMBERS} SELECT %s, customer_id
                FROM ({members}) m (customer_id) JOIN {RANKED} USING (customer_id)
                """,
                [str(segment.pk), *parameters],
            )
        cursor.execute(f"ANALYZE {MEMBERS}")
        cursor.execute(
            f"""
            INSERT INTO {MEMBERS} SELECT '', customer_id FROM {RANKED} r
            WHERE NOT EXISTS (SELECT FROM {MEMBERS} m WHERE m.customer_id = r.customer_id)
            """
        )
        cursor.execute(f"ANALYZE {MEMBERS}")


def whole(months: int) -> GroupMonths:
    """All ranked customers by month (2 queries)."""
    customers = _read(f"SELECT count(*) FROM {RANKED}")[0][0]
    rows = _read(f"SELECT at, sum(profit)::bigint, sum(cost)::bigint FROM {LIVED} GROUP BY 1")
    return _group("", customers, rows, months)


def groups_by_trait(months: int) -> dict[str, tuple[GroupMonths, ...]]:
    """Every grouping but segments, the largest groups by cost, the others of each as one (4 queries)."""
    columns = ", ".join(TRAITS)
    key = f"CASE {' '.join(f'WHEN GROUPING({name}) = 0 THEN {name}' for name in TRAITS)} END"
    trait = f"CASE {' '.join(f'''WHEN GROUPING({name}) = 0 THEN '{name}' ''' for name in TRAITS)} END"
    _make(
        SUMS,
        f"""
        SELECT {trait} AS trait, {key} AS key, at, sum(profit)::bigint AS profit, sum(cost)::bigint AS cost
        FROM {LIVED} JOIN {RANKED} USING (customer_id)
        GROUP BY GROUPING SETS ({", ".join(f"({name}, at)" for name in TRAITS)})
        """,
    )
    largest = f"""
        SELECT trait, key,
               row_number() OVER (PARTITION BY trait ORDER BY sum(cost) DESC, sum(profit) DESC, key) AS place
        FROM {SUMS} GROUP BY trait, key
    """
    told = f"CASE WHEN place <= {MOST_GROUPS} THEN key ELSE '{OTHERS}' END"
    rows = _read(
        f"""
        SELECT trait, {told}, least(place, {MOST_GROUPS + 1}), at, sum(profit)::bigint, sum(cost)::bigint
        FROM {SUMS} JOIN ({largest}) l USING (trait, key) GROUP BY 1, 2, 3, 4
        """
    )
    counts = _read(
        f"""
        SELECT trait, {told}, sum(customers)::int FROM ({largest}) l JOIN (
            SELECT {trait} AS trait, {key} AS key, count(*) AS customers FROM {RANKED}
            GROUP BY GROUPING SETS ({", ".join(f"({name})" for name in TRAITS)})
        ) n USING (trait, key) GROUP BY 1, 2
        """
    )
    customers = {(trait, key): count for trait, key, count in counts}
    found = {by: tuple(groups) for by, groups in _by_trait(rows, customers, months).items()}
    return {by: found.get(by, ()) for by in columns.split(", ")} | {SIZE: _sized(found.get(SIZE, ()))}


def _by_trait(
    rows: Iterable[tuple[Any, ...]], customers: Mapping[tuple[str, str], int], months: int
) -> dict[str, list[GroupMonths]]:
    lived: dict[tuple[str, int, str], list[tuple[int, int, int]]] = defaultdict(list)
    for trait, key, place, *month in rows:
        lived[trait, place, key].append((month[0], month[1], month[2]))
    found: dict[str, list[GroupMonths]] = defaultdict(list)
    for trait, _place, key in sorted(lived):
        found[trait].append(_group(key, customers.get((trait, key), 0), lived[trait, _place, key], months))
    return found


def _sized(groups: Sequence[GroupMonths]) -> tuple[GroupMonths, ...]:
    """Groups of size by the revenue that they span, in cents, the largest first (1 query)."""
    spans = _read(f"SELECT {SIZE}, min(net_revenue), max(net_revenue) FROM {RANKED} GROUP BY 1")
    keys = {size: f"{lowest}:{highest}" for size, lowest, highest in spans}
    largest = sorted(groups, key=lambda group: -int(group.key))
    return tuple(
        GroupMonths(key=keys[group.key], customers=group.customers, profit=group.profit, cost=group.cost)
        for group in largest
    )


def segments(months: int) -> tuple[GroupMonths, ...]:
    """Every segment by month, the largest by cost first (2 queries)."""
    customers = dict(_read(f"SELECT segment, count(*) FROM {MEMBERS} GROUP BY 1"))
    lived: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for key, at, profit, cost in _read(
        f"""
        SELECT segment, at, sum(profit)::bigint, sum(cost)::bigint
        FROM {LIVED} JOIN {MEMBERS} USING (customer_id) GROUP BY 1, 2
        """
    ):
        lived[key].append((at, profit, cost))
    found = [_group(key, customers[key], rows, months) for key, rows in lived.items()]
    return tuple(sorted(found, key=lambda group: (-sum(group.cost), group.key)))


def _group(key: str, customers: int, rows: Iterable[Sequence[int]], months: int) -> GroupMonths:
    profit, cost = [0] * months, [0] * months
    for at, profit_cents, cost_cents in rows:
        profit[at], cost[at] = profit_cents, cost_cents
    return GroupMonths(key=key, customers=customers, profit=tuple(profit), cost=tuple(cost))


def single_customers(months: int) -> SingleCustomers:
    """Return and risk of customers over the cost of an average month since their first one (5 queries).

    Whoever ordered before the first of the months that are looked at has lived through all of them.
    """
    _make(
        STEADY,
        f"""
        SELECT customer_id, months, revenue / 100.0 / months AS revenue, cost / 100.0 / months AS cost,
               profit / 100.0 / months AS profit, CASE WHEN cost > 0 THEN profit / cost END AS mean,
               CASE WHEN cost > 0 THEN
                   sqrt(greatest(squares - profit ^ 2 / months, 0) / (months - 1)) * months / cost END AS risk
        FROM (
            SELECT customer_id, {months} - greatest(0, least(min(at), min(first_at))) AS months,
                   coalesce(sum(revenue), 0)::float8 AS revenue, coalesce(sum(profit), 0)::float8 AS profit,
                   coalesce(sum(cost), 0)::float8 AS cost, coalesce(sum(profit::float8 ^ 2), 0) AS squares
            FROM {RANKED} LEFT JOIN {LIVED} USING (customer_id) GROUP BY customer_id
        ) lived
        WHERE months >= {YOUNGEST}
        """,
    )
    known, without_cost, mean, usual = _read(
        f"""
        SELECT count(*), count(*) FILTER (WHERE mean IS NULL),
               sum(profit) FILTER (WHERE mean IS NOT NULL) / nullif(sum(cost) FILTER (WHERE mean IS NOT NULL), 0),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY risk) FROM {STEADY}
        """
    )[0]
    ranked = _read(f"SELECT count(*) FROM {RANKED}")[0][0]
    fields = _read(
        f"""
        SELECT mean > %(mean)s, risk <= %(usual)s, count(*), sum(cost), sum(profit) FROM {STEADY}
        WHERE mean IS NOT NULL GROUP BY 1, 2
        """,
        mean=mean,
        usual=usual,
    )
    return SingleCustomers(
        points=tuple(_points()),
        fields=tuple(
            Field(returns_more=more, is_steadier=steadier, customers=customers, cost=float(cost), profit=float(profit))
            for more, steadier, customers, cost, profit in fields
        ),
        mean=None if mean is None else float(mean),
        usual_risk=usual,
        too_new=ranked - known,
        without_cost=without_cost,
    )


def _points() -> Iterator[CustomerPoint]:
    for customer, months, *figures in _read(
        f"""
        SELECT customer_id, months, revenue, cost, profit, mean, risk FROM {STEADY} WHERE mean IS NOT NULL
        ORDER BY revenue * months DESC, customer_id LIMIT {POINTS}
        """
    ):
        revenue, cost, profit, mean, risk = map(float, figures)
        yield CustomerPoint(
            customer=customer, months=months, revenue=revenue, cost=cost, profit=profit, mean=mean, risk=risk
        )


def best_accounts(run: Run) -> list[Account]:
    """The twenty most profitable customers over all months of the run (1 query)."""
    best = Scorecard.objects.in_run(run).filter(place__isnull=False).order_by("place")[: 2 * TEN]
    return [
        Account(
            key=str(card.customer_id),
            gross_margin=float(card.gross_margin),
            cost_to_serve=float(card.cost_to_serve),
            profit=float(card.profit),
        )
        for card in best
    ]


def sums_of_all(run: Run) -> Whole:
    """What concentration needs of all customers, over all months of the run (1 query)."""
    customers, profit, *sums = _read(
        f"""
        SELECT count(*), coalesce(sum(profit), 0) / 100.0, sum(profit::float8 / 100) FILTER (WHERE profit > 0),
               sum((profit::float8 / 100) ^ 2) FILTER (WHERE profit > 0),
               sum(net_revenue::float8 / 100) FILTER (WHERE net_revenue > 0),
               sum((net_revenue::float8 / 100) ^ 2) FILTER (WHERE net_revenue > 0)
        FROM {CARDS} WHERE run_id = ANY(%(run)s) AND place IS NOT NULL
        """,
        run=run.parts,
    )[0]
    gains, gains_squared, revenues, revenues_squared = (one or 0.0 for one in sums)
    return Whole(
        customers=customers,
        profit=float(profit),
        gains=gains,
        gains_squared=gains_squared,
        revenues=revenues,
        revenues_squared=revenues_squared,
    )


def uncosted_months(window: Window) -> tuple[str, ...]:
    """Months without an amount in any cost pool, in which returns look better than they were (1 query)."""
    entered = RunMonth.objects.filter(run=window.run, month__range=(window.since, window.until), entered__gt=0)
    costed = set(entered.values_list("month", flat=True))
    return tuple(month.isoformat() for month in window.months if month not in costed)


def _make(table: str, statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {statement}", values or None)
        cursor.execute(f"ANALYZE {table}")


def _read(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()
