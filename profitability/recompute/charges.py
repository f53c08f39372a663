"""From months to money: rates of each month, and what they charge to every customer, to the cent.

A charge is round-half-even(sum of cents per unit * units), once for each customer, activity and month: by the database
here, by `reports.profit_and_loss` for a page; both add the drivers up in the same order and reach the same cents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db import connection
from django.utils.translation import gettext_noop

from crm_site.lib.jobs.context import JobProblem
from crm_site.lib.partitions import Partition
from customers.models import Run
from profitability.costing import Allocation, Charged, Reconciliation, reconcile
from profitability.drivers import Arises
from profitability.models import Activity, ActivityRate, RunActivity, RunMonth
from profitability.models.figures import ANONYMOUS
from profitability.recompute.plan import Plan

DOES_NOT_RECONCILE = gettext_noop(
    "The costing of %(month)s does not add up to what was entered, so nothing was published. "
    "The difference is %(difference)s cents."
)
NET = "m.gross - m.discounts - m.returns + m.other"
# What the database answers for each month, besides the charges of each activity.
MONTH_COLUMNS = {
    "orders": f"sum(m.orders) FILTER (WHERE m.customer_id <> {ANONYMOUS})",
    "net_revenue": f"sum({NET}) FILTER (WHERE m.customer_id <> {ANONYMOUS})",
    "cost_of_goods": f"sum(m.cost_of_goods) FILTER (WHERE m.customer_id <> {ANONYMOUS})",
    "direct_costs": f"sum(m.direct_costs) FILTER (WHERE m.customer_id <> {ANONYMOUS})",
    "anonymous_net_revenue": f"sum({NET}) FILTER (WHERE m.customer_id = {ANONYMOUS})",
    "anonymous_cost_of_goods": f"sum(m.cost_of_goods) FILTER (WHERE m.customer_id = {ANONYMOUS})",
    "rows": "count(*)",
}


@dataclass(frozen=True)
class MonthResult:
    """One month: what was sold in it, what its costs became, and whether they add up."""

    month: date
    sales: Mapping[str, int]
    charged: Mapping[str, Charged]  # by activity key
    allocation: Allocation
    reconciliation: Reconciliation


def charge_months(partition: Partition, *, run: Run, plan: Plan) -> list[MonthResult]:
    """Find the rates of every month, charge all customers, keep rates and months of the run, and reconcile.

    Leaves the temporary view `charged_months`: the months with a column `a0`, `a1`... of cents for each activity.
    """
    quantities = _quantities_by_month(partition, plan.drivers)
    last = run.as_of.replace(day=1)
    months = sorted(quantities.keys() | {month for month in plan.amounts if month <= last})
    nothing = dict.fromkeys(plan.drivers, Fraction(0))
    allocations = {month: plan.allocate(month, quantities.get(month, nothing)) for month in months}
    coefficients = {month: _coefficients(allocations[month], plan) for month in months}
    _create_charges(partition, plan, coefficients)
    answers = _answers_by_month(plan)
    results = [_result(month, answers.get(month), allocations[month], plan) for month in months]
    _keep(run, plan, results, coefficients)
    return results


def customer_costs(plan: Plan) -> dict[str, str]:
    """SQL over `charged_months` for the cost to serve of a customer, in all and by what makes it arise."""
    by_kind: dict[Arises, list[str]] = {kind: [] for kind in Arises}
    for position, activity in enumerate(plan.activities):
        by_kind[plan.arises(activity)].append(f"m.a{position}")
    every = [name for names in by_kind.values() for name in names]
    return {
        "cost_to_serve": " + ".join(every) or "0",
        "order_costs": " + ".join(by_kind[Arises.FROM_ORDERS]) or "0",
        "relation_costs": " + ".join(by_kind[Arises.FROM_RELATION]) or "0",
    }


def _quantities_by_month(partition: Partition, drivers: Sequence[str]) -> dict[date, dict[str, Fraction]]:
    sums = "".join(f", sum(quantities[{place}])" for place in range(1, len(drivers) + 1))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT month{sums} FROM {partition.table} GROUP BY month")
        rows = cursor.fetchall()
    return {
        month: {code: Fraction(Decimal(repr(value))) for code, value in zip(drivers, values, strict=True)}
        for month, *values in rows
    }


def _coefficients(allocation: Allocation, plan: Plan) -> dict[str, list[float]]:
    """Cents for a unit of each driver, by activity, in the order of the run's drivers."""
    return {
        activity.key: [float(activity.cents_per_unit.get(code, 0)) for code in plan.drivers]
        for activity in allocation.activities
    }


def _create_charges(
    partition: Partition, plan: Plan, coefficients: Mapping[date, Mapping[str, Sequence[float]]]
) -> None:
    """The view over the months with what each activity charges them, from a small table of rates."""
    places = {code: place for place, code in enumerate(plan.drivers)}
    columns = [
        (position, places[code], str(activity.pk))
        for position, activity in enumerate(plan.activities)
        for code in sorted(set(plan.drivers_of(activity)))
    ]
    declared = "".join(f", c{position}_{place} float8 NOT NULL" for position, place, _ in columns)
    charges = "".join(f", {_charge_sql(position, columns)} AS a{position}" for position in range(len(plan.activities)))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE month_rates (month date PRIMARY KEY{declared}) ON COMMIT DROP")
        marks = ", ".join(["%s"] * (len(columns) + 1))
        cursor.executemany(
            f"INSERT INTO month_rates VALUES ({marks})",
            [
                [month, *(by_activity[key][place] for _, place, key in columns)]
                for month, by_activity in coefficients.items()
            ],
        )
        cursor.execute(
            f"CREATE TEMPORARY VIEW charged_months AS SELECT m.*{charges} "
            f"FROM {partition.table} m JOIN month_rates r USING (month)"
        )


def _charge_sql(position: int, columns: Sequence[tuple[int, int, str]]) -> str:
    terms = [f"r.c{of}_{place} * m.quantities[{place + 1}]" for of, place, _ in columns if of == position]
    return f"round({' + '.join(terms)})::bigint"


def _answers_by_month(plan: Plan) -> dict[date, dict[str, int]]:
    columns = dict(MONTH_COLUMNS)
    for position in range(len(plan.activities)):
        columns[f"charged_{position}"] = f"sum(m.a{position}) FILTER (WHERE m.customer_id <> {ANONYMOUS})"
        columns[f"anonymous_{position}"] = f"sum(m.a{position}) FILTER (WHERE m.customer_id = {ANONYMOUS})"
    selected = ", ".join(f"coalesce({sql}, 0)::bigint" for sql in columns.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT m.month, {selected} FROM charged_months m GROUP BY m.month")
        return {month: dict(zip(columns, values, strict=True)) for month, *values in cursor.fetchall()}


def _result(month: date, answer: Mapping[str, int] | None, allocation: Allocation, plan: Plan) -> MonthResult:
    known = answer or {}
    sales = {name: known.get(name, 0) for name in MONTH_COLUMNS}
    charged = {
        str(activity.pk): Charged(
            customers=known.get(f"charged_{position}", 0),
            anonymous=known.get(f"anonymous_{position}", 0),
            charges=sales["rows"],
        )
        for position, activity in enumerate(plan.activities)
    }
    reconciliation = reconcile(allocation, charged)
    if not reconciliation.balances:
        difference = reconciliation.entered - reconciliation.accounted_for
        raise JobProblem(DOES_NOT_RECONCILE, month=f"{month:%Y-%m}", difference=difference)
    return MonthResult(month, sales, charged, allocation, reconciliation)


def _keep(
    run: Run,
    plan: Plan,
    results: Sequence[MonthResult],
    coefficients: Mapping[date, Mapping[str, Sequence[float]]],
) -> None:
    kept = RunActivity.objects.bulk_create(
        [_run_activity(run, position, activity, plan) for position, activity in enumerate(plan.activities)]
    )
    by_key = {str(row.activity_id): row for row in kept}
    ActivityRate.objects.bulk_create(
        [
            _rate(by_key[cost.key], result, position, coefficients[result.month][cost.key])
            for result in results
            for position, cost in enumerate(result.allocation.activities)
        ]
    )
    RunMonth.objects.bulk_create([_run_month(run, result) for result in results])


def _run_activity(run: Run, position: int, activity: Activity, plan: Plan) -> RunActivity:
    return RunActivity(
        run=run,
        activity=activity,
        name=activity.name,
        name_fr=activity.name_fr,
        position=position,
        method=activity.method,
        drivers=list(plan.drivers_of(activity)),
    )


def _rate(activity: RunActivity, result: MonthResult, position: int, coefficients: Sequence[float]) -> ActivityRate:
    cost = result.allocation.activities[position]
    charged = result.charged[cost.key]
    return ActivityRate(
        activity=activity,
        month=result.month,
        cost=money(cost.cost),
        quantity=float(cost.quantity),
        rate=float(cost.rate) / 100,
        coefficients=list(coefficients),
        charged=money(charged.customers),
        charged_anonymous=money(charged.anonymous),
        rounding_difference=money(cost.cost - charged.customers - charged.anonymous),
    )


def _run_month(run: Run, result: MonthResult) -> RunMonth:
    sales, costs = result.sales, result.reconciliation
    margin = sales["net_revenue"] - sales["cost_of_goods"]
    return RunMonth(
        run=run,
        month=result.month,
        orders=sales["orders"],
        net_revenue=money(sales["net_revenue"]),
        gross_margin=money(margin),
        cost_to_serve=money(costs.charged),
        direct_costs=money(sales["direct_costs"]),
        profit=money(margin - costs.charged - sales["direct_costs"]),
        anonymous_net_revenue=money(sales["anonymous_net_revenue"]),
        anonymous_gross_margin=money(sales["anonymous_net_revenue"] - sales["anonymous_cost_of_goods"]),
        anonymous_cost_to_serve=money(costs.charged_anonymous),
        entered=money(costs.entered),
        unused_capacity=money(costs.unused_capacity),
        overload=money(costs.overload),
        company_level=money(costs.company_level),
        rounding_difference=money(costs.rounding_difference),
    )


def money(cents: int) -> Decimal:
    """Whole cents as an amount of the house currency."""
    return Decimal(int(cents)).scaleb(-2)
