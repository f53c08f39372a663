"""The recompute: records -> months -> costs -> lifetime values -> ranking -> scorecards, published at once.

    facts       set-based SQL: what each customer did in each month
    plan        the costing, as the pure module reads it
    charges     rates of each month, charges to every customer, reconciliation to the cent
    accounts    one row of numpy columns for each customer
    forecast    lifetime values; scorecards: ranks, categories, stages; summary: totals; publish: the pointer

Only workers and commands import this package: it loads scipy.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from django.db import connection, transaction

from crm_site.lib.jobs.context import JobContext
from customers.models import Company, Run
from profitability.actions import STAGES
from profitability.models import ValuePolicy
from profitability.recompute.accounts import day_number, read_accounts, read_anonymous
from profitability.recompute.charges import charge_months
from profitability.recompute.facts import fill_months, sales_without_cost
from profitability.recompute.forecast import forecast
from profitability.recompute.plan import read_plan
from profitability.recompute.publish import begin, drop_old_rows, partitions_for, publish
from profitability.recompute.scorecards import find_standing, write_scorecards
from profitability.recompute.summary import durations, sum_up
from profitability.totals import RunTotals


class Stopwatch:
    """Tells the job how far it is, asks whether to go on, and remembers how long each stage took."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.context.check_stop()
        self.context.progress(list(STAGES).index(name), len(STAGES), name)
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun


def run_recompute(*, context: JobContext, as_of: date, reason: str) -> Run:
    """Compute the figures of all customers as of a day and publish them.

    One transaction reads one state of the records, so that no order is counted in one figure and not in another;
    another makes the result visible. Killed at any moment it leaves nothing that a reader could see, and run again it
    comes to the same figures.
    """
    run = begin(job=context.job, as_of=as_of, reason=reason)
    watch = Stopwatch(context)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        totals = _compute(run, watch)
    with watch.stage("publishing"), transaction.atomic():
        publish(run=run, totals=replace(totals, durations=durations(watch.seconds)), context=context)
    drop_old_rows()
    return run


def _compute(run: Run, watch: Stopwatch) -> RunTotals:
    """Load the rows of the run into tables that nobody reads yet."""
    scorecards, months = partitions_for(run)
    plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
    as_of = day_number(run.as_of)
    with watch.stage("facts"):
        months.create()
        fill_months(months, as_of=run.as_of, drivers=plan.drivers, cost_ratio=plan.cost_ratio)
        without_cost = sales_without_cost(cost_ratio=plan.cost_ratio)
        months.seal()
    with watch.stage("costs"):
        results = charge_months(months, run=run, plan=plan)
        accounts, anonymous = read_accounts(plan), read_anonymous(plan)
    with watch.stage("forecast"):
        outlook = forecast(accounts, as_of=as_of, policy=policy)
    with watch.stage("ranking"):
        standing = find_standing(
            accounts, outlook, policy=policy, as_of=as_of, former_after_days=company.former_after_days
        )
    with watch.stage("writing"):
        scorecards.create()
        write_scorecards(scorecards, accounts, outlook, standing)
        scorecards.seal()
    return sum_up(
        plan=plan,
        policy=policy,
        months=results,
        accounts=accounts,
        anonymous=anonymous,
        without_cost=without_cost,
        forecast=outlook,
        standing=standing,
    )
