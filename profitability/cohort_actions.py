"""Cohorts of a run: asked for, added up once, and kept with the run."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import amount_of
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.remembered import Lately
from customers.models import Customer, Run, Scorecard
from profitability.cohorts import Age, Cohort, Cohorts
from profitability.models import RunCohorts
from profitability.models.figures import months_in_sql
from profitability.period_statements import NET_REVENUE, charges_of
from profitability.totals import RunTotals

# So many customers are added up while somebody waits for the page; more in the background.
AT_ONCE = 30_000
MOST_AGES = 36  # months of life that are told one by one; what comes later counts with the last

CARDS, CUSTOMERS = Scorecard._meta.db_table, Customer._meta.db_table

Key = tuple[str, str]  # the sort of cohort, and which one


def _cohorts_page(job: Job) -> str:
    return reverse("cohorts")


COHORTS = JobKind(
    "cohorts",
    label=_("Cohorts"),
    stages={"cohorts": _("Adding up cohorts")},
    result_url=_cohorts_page,
    result_label=_("See the cohorts"),
)


ADDED_UP: Lately[int, RunCohorts] = Lately(seconds=600, most=4)


def cohorts_for(*, run: Run, totals: RunTotals, by: AbstractUser | AnonymousUser) -> RunCohorts:
    """The cohorts of a run: added up at once where there are few customers, else by a job that they name.

    1 query where they were added up before, and none where this process knows that: they never change.
    """
    if (added_up := ADDED_UP.told(run.pk)) is not None:
        return added_up
    cohorts, _created = RunCohorts.objects.select_related("job").get_or_create(run=run)
    if cohorts.computed_at:
        return ADDED_UP.keep(run.pk, cohorts)
    if totals.customers <= AT_ONCE:
        return ADDED_UP.keep(run.pk, compute_cohorts(cohorts_id=cohorts.pk))
    if cohorts.job is None or not cohorts.job.is_active:
        cohorts.job = enqueue(
            kind=COHORTS, params={"cohorts": cohorts.pk}, requested_by=by, dedupe_key=f"cohorts:{cohorts.pk}"
        )
        cohorts.save(update_fields=["job"])
    return cohorts


@transaction.atomic
def compute_cohorts(*, cohorts_id: int) -> RunCohorts:
    """Add the cohorts up (3 queries); done already, they stay as they are."""
    cohorts = RunCohorts.objects.select_for_update(of=("self",)).select_related("run").get(pk=cohorts_id)
    if cohorts.computed_at:
        return cohorts
    run = cohorts.run
    ages = _ages(run, RunTotals.from_json(run.totals).drivers)
    found = [(sort, _cohort(key, row, ages[sort, key], run.as_of)) for (sort, key), row in _sizes(run).items()]
    months = sorted((one for sort, one in found if sort == "month"), key=lambda one: one.key)
    sources = sorted((one for sort, one in found if sort == "source"), key=lambda one: (-one.customers, one.key))
    cohorts.totals = Cohorts(months=tuple(months), sources=tuple(sources)).as_json()
    cohorts.computed_at = timezone.now()
    cohorts.save(update_fields=["totals", "computed_at"])
    return cohorts


def _cohort(key: str, size: Mapping[str, Any], ages: Mapping[int, tuple[int, int]], as_of: date) -> Cohort:
    """A month reaches as far as its youngest customer can; a source as far as its oldest did."""
    start = size["latest"] if size["sort"] == "month" else size["earliest"]
    reached = min((as_of.year - start.year) * 12 + as_of.month - start.month + 1, MOST_AGES)
    return Cohort(
        key=key,
        customers=size["customers"],
        acquisition_cost=size["cost"],
        lifetime_value=amount_of(size["value"]),
        ages=tuple(
            Age(active=active, profit=amount_of(cents))
            for active, cents in (ages.get(age, (0, 0)) for age in range(reached))
        ),
    )


def _sizes(run: Run) -> dict[Key, dict[str, Any]]:
    """Customers of each month and source, what they cost to win and what they are still worth (1 query)."""
    rows = _read(
        f"""
        SELECT month::text, source, GROUPING(month), count(*), coalesce(sum(cost), 0), coalesce(sum(value), 0)::bigint,
               min(month), max(month)
        FROM (
            SELECT date_trunc('month', s.first_order_on)::date AS month, coalesce(c.source_id::text, '') AS source,
                   c.acquisition_cost AS cost, s.lifetime_value AS value
            FROM {CARDS} s JOIN {CUSTOMERS} c ON c.id = s.customer_id
            WHERE s.run_id = ANY(%(run)s) AND s.first_order_on IS NOT NULL
        ) won
        GROUP BY GROUPING SETS ((month), (source))
        """,
        run=run.parts,
    )
    names = ("customers", "cost", "value", "earliest", "latest")
    return {
        (sort, key): {"sort": sort, **dict(zip(names, figures, strict=True))}
        for month, source, by_source, *figures in rows
        for sort, key in [("source", source) if by_source else ("month", month)]
    }


def _ages(run: Run, drivers: tuple[str, ...]) -> dict[Key, dict[int, tuple[int, int]]]:
    """Customers with an order, and profit in cents, in each month of life (2 queries).

    What was spent before the first order, on winning a customer say, counts with the month of that order.
    """
    charges = charges_of(run.pk, drivers)
    rows = _read(
        f"""
        SELECT month::text, source, GROUPING(month), least(age, {MOST_AGES - 1}) AS told,
               count(*) FILTER (WHERE orders > 0 AND age < {MOST_AGES}), sum(profit)::bigint
        FROM (
            SELECT w.month, w.source, m.orders, greatest(
                       (extract(year FROM m.month) - extract(year FROM w.month)) * 12
                       + extract(month FROM m.month) - extract(month FROM w.month), 0)::int AS age,
                   {NET_REVENUE} - m.cost_of_goods - ({charges.cents}) - m.direct_costs AS profit
            FROM {months_in_sql(run)} m
            JOIN (
                SELECT s.customer_id, date_trunc('month', s.first_order_on)::date AS month,
                       coalesce(c.source_id::text, '') AS source
                FROM {CARDS} s JOIN {CUSTOMERS} c ON c.id = s.customer_id
                WHERE s.run_id = ANY(%(run)s) AND s.first_order_on IS NOT NULL
            ) w ON w.customer_id = m.customer_id
            {charges.join}
        ) lived
        GROUP BY GROUPING SETS ((month, least(age, {MOST_AGES - 1})), (source, least(age, {MOST_AGES - 1})))
        """,
        run=run.parts,
        activities=charges.activities,
    )
    found: dict[Key, dict[int, tuple[int, int]]] = defaultdict(dict)
    for month, source, by_source, age, active, cents in rows:
        found["source" if by_source else "month", source if by_source else month][age] = (active, cents)
    return found


def _read(statement: str, **values: int | list[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
