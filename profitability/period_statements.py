"""The statements that rank the customers of a period, set by set: from the months of a run to a row for each customer.

What an activity costs is rounded once for each customer, activity and month, half to even, as everywhere else:
`round` of PostgreSQL does that with floats, and adds up the drivers in the order in which the recompute does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.models import Scorecard
from profitability.models import ActivityRate, PeriodFigure, PeriodRanking, RunActivity, ValuePolicy
from profitability.models.figures import ANONYMOUS, months_in_sql

RATES = ActivityRate._meta.db_table
CARDS, FIGURES = Scorecard._meta.db_table, PeriodFigure._meta.db_table
SUMS = "period_sums"  # a table of this transaction alone

NET_REVENUE = "m.gross - m.discounts - m.returns + m.other"


@dataclass(frozen=True, slots=True)
class Term:
    """A driver of an activity: where its quantity stands in a month, and what the column of its rate is called."""

    activity: int
    position: int  # from 1, as PostgreSQL counts

    @property
    def rate(self) -> str:
        return f"rate_{self.activity:d}_{self.position:d}"


@dataclass(frozen=True, slots=True)
class Charges:
    """What the activities of a run charge for a month `m` of a customer, as parts of a statement."""

    cents: str
    join: str  # the rates of each month, as `r`; takes the parameter `activities`
    activities: list[int]


def charges_of(run_id: int, drivers: Sequence[str]) -> Charges:
    """The charges of a run, whose months keep their quantities in the order of `drivers` (1 query)."""
    terms = [_terms(activity, drivers) for activity in RunActivity.objects.filter(run=run_id)]
    rates = ", ".join(
        f"max(coefficients[{term.position}]) FILTER (WHERE activity_id = {term.activity}) AS {term.rate}"
        for of_activity in terms
        for term in of_activity
    )
    join = f"LEFT JOIN (SELECT month, {rates} FROM {RATES} WHERE activity_id = ANY(%(activities)s) GROUP BY month) r"
    return Charges(
        cents=" + ".join(_charge(of_activity) for of_activity in terms if of_activity) or "0",
        join=f"{join} ON r.month = m.month" if rates else "",
        activities=[of_activity[0].activity for of_activity in terms if of_activity],
    )


# Whoever has something in the period besides contacts that cost nothing.
MOVED = "(s.orders, s.net_revenue, s.gross_margin, s.cost_to_serve, s.direct_costs) IS DISTINCT FROM (0, 0, 0, 0, 0)"


def sum_up_months(ranking: PeriodRanking, drivers: Sequence[str]) -> None:
    """Add up the months of the period for each customer, into a table that lives as long as the transaction."""
    charges = charges_of(ranking.run_id, drivers)
    _execute(f"DROP TABLE IF EXISTS pg_temp.{SUMS}")
    _execute(
        f"""
        CREATE TEMPORARY TABLE {SUMS} ON COMMIT DROP AS
        SELECT m.customer_id, sum(m.orders)::int AS orders, sum({NET_REVENUE})::bigint AS net_revenue,
               sum({NET_REVENUE} - m.cost_of_goods)::bigint AS gross_margin,
               sum({charges.cents})::bigint AS cost_to_serve, sum(m.direct_costs)::bigint AS direct_costs
        FROM {months_in_sql(ranking.run)} m {charges.join}
        WHERE m.month BETWEEN %(since)s AND %(until)s AND m.customer_id <> {ANONYMOUS}
        GROUP BY m.customer_id
        """,
        since=ranking.since,
        until=ranking.until,
        activities=charges.activities,
    )
    _execute(f"ANALYZE {SUMS}")


def _terms(activity: RunActivity, drivers: Sequence[str]) -> list[Term]:
    return [Term(activity.pk, drivers.index(code) + 1) for code in drivers if code in activity.drivers]


def _charge(terms: Sequence[Term]) -> str:
    cents = " + ".join(f"r.{term.rate} * m.quantities[{term.position}]" for term in terms)
    return f"coalesce(round({cents}), 0)::bigint"


def rank_customers(ranking: PeriodRanking, table: str, policy: ValuePolicy) -> None:
    """Rank everybody who bought, sent back or cost anything and is ranked by the run, most profitable first.

    Equal ones stand by number. A contact that costs nothing makes nobody take part.
    """
    _execute(
        f"""
        INSERT INTO {table} (ranking_id, customer_id, orders, net_revenue, gross_margin, cost_to_serve, direct_costs,
                             profit, rank, cumulative, cumulative_share, category, lifetime_value)
        SELECT %(ranking)s, customer_id, orders, net_revenue, gross_margin, cost_to_serve, direct_costs, profit, rank,
               cumulative, CASE WHEN total > 0 THEN cumulative::float8 / total END,
               CASE WHEN rank <= ceil(round(%(share)s * customers, 9)) AND profit > 0 THEN 1
                    WHEN profit > %(fair)s THEN 2 WHEN lifetime_value > %(desirable)s THEN 3 ELSE 4 END,
               lifetime_value
        FROM (
            SELECT *, row_number() OVER best AS rank, sum(profit) OVER (best ROWS UNBOUNDED PRECEDING) AS cumulative,
                   sum(profit) OVER () AS total, count(*) OVER () AS customers
            FROM (
                SELECT s.*, s.gross_margin - s.cost_to_serve - s.direct_costs AS profit, c.lifetime_value
                FROM {SUMS} s JOIN {CARDS} c ON c.run_id = ANY(%(run)s) AND c.customer_id = s.customer_id
                WHERE c.place IS NOT NULL AND {MOVED}
            ) one
            WINDOW best AS (ORDER BY profit DESC, customer_id)
        ) ranked
        """,
        ranking=ranking.pk,
        run=ranking.run.parts,
        share=policy.best_share,
        fair=_cents(policy.fair_profit),
        desirable=_cents(policy.desirable_value),
    )


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _execute(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
