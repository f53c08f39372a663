"""The recompute: records -> months -> costs -> lifetime values -> ranking -> scorecards, published at once.

    plan        the costing, as the pure module reads it
    records     orders and other records, read once and laid aside by slices of customers
    months      what each customer did in each month; gather: slice by slice, into the database
    charges     rates of each month, charges to every customer, reconciliation to the cent
    accounts    one row of numpy columns for each customer
    forecast    lifetime values
    scorecards  ranks, categories, stages; summary: totals; publish: the pointer

Only workers and commands import this package: it loads scipy.
"""

from dataclasses import replace
from datetime import date

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.snapshot import alongside
from customers.models import Run
from profitability.recompute.forecast import forecast
from profitability.recompute.months import day_number
from profitability.recompute.publish import begin, drop_old_rows, publish
from profitability.recompute.reading import read
from profitability.recompute.rows import rows_of
from profitability.recompute.scorecards import find_standing
from profitability.recompute.stopwatch import Stopwatch
from profitability.recompute.summary import sum_up
from profitability.recompute.writing import write_rows


def run_recompute(*, context: JobContext, as_of: date, reason: str) -> Run:
    """Compute the figures of all customers as of a day and publish them.

    All records are read in one state of the database, so that no order is counted in one figure and not in another.
    What is written cannot be seen before the end, when one transaction shows all of it; killed at any moment, the work
    leaves nothing that a reader could see, and done again it comes to the same figures.
    """
    run = begin(job=context.job, as_of=as_of, reason=reason)
    watch = Stopwatch(context)
    reading = read(run, watch)
    today = day_number(as_of)
    # The months get their indexes meanwhile: one is the database's work, the other ours.
    with watch.stage("forecast"), alongside(rows_of(run.pk).months.seal):
        outlook = forecast(reading.accounts, today=today, policy=reading.policy, costed=reading.plan.costed_months)
    with watch.stage("ranking"):
        standing = find_standing(
            reading.accounts,
            outlook,
            policy=reading.policy,
            former_before=today - reading.company.former_after_days,
        )
        totals = sum_up(reading, forecast=outlook, standing=standing)
    with watch.stage("writing"):
        write_rows(run, reading.accounts, outlook, standing)
    with watch.stage("publishing"):
        publish(run=run, totals=replace(totals, durations=watch.durations), context=context)
    drop_old_rows()
    return run
