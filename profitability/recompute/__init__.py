"""The recompute: records -> months -> costs -> lifetime values -> ranking -> scorecards, published at once.

    plan        the costing, as the pure module reads it
    records     orders and other records, read once and laid aside by slices of customers
    months      what each customer did in each month; gather: slice by slice
    charges     rates of each month, charges to every customer, reconciliation to the cent
    accounts    one row of numpy columns for each customer
    forecast    lifetime values; contracts: those of subscribers
    scorecards  ranks, categories, stages; summary: totals; publish: the pointer

Only workers and commands import this package: it loads scipy.
"""

from dataclasses import replace
from datetime import date
from functools import partial

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.snapshot import alongside
from customers.models import Run
from profitability.recompute.forecast import forecast
from profitability.recompute.gather import load_months
from profitability.recompute.months import day_number
from profitability.recompute.publish import begin, drop_old_rows, publish
from profitability.recompute.reading import account, read_basis
from profitability.recompute.rows import rows_of
from profitability.recompute.scorecards import find_standing
from profitability.recompute.stopwatch import Stopwatch
from profitability.recompute.summary import sum_up
from profitability.recompute.writing import load_scorecards


def run_recompute(*, context: JobContext, as_of: date, reason: str) -> Run:
    """Compute the figures of all customers as of a day and publish them.

    All records are read in one state of the database, so that no order is counted in one figure and not in another.
    What is written cannot be seen before the end, when one transaction shows all of it; killed at any moment, the work
    leaves nothing that a reader could see, and done again it comes to the same figures.
    """
    run = begin(job=context.job, as_of=as_of, reason=reason)
    rows, watch, check, today = rows_of(run.pk), Stopwatch(context), context.check_stop, day_number(as_of)
    with watch.stage("facts"):
        basis = read_basis(as_of, check)
    # Writing the months is the database's work, and most of the rest is ours.
    with alongside(partial(load_months, basis.gathered, rows.months)):
        with watch.stage("costs"):
            accounting = account(basis, run, check)
        accounts, policy = accounting.accounts, basis.policy
        with watch.stage("forecast"):
            outlook = forecast(
                accounts,
                today=today,
                policy=policy,
                costed=basis.plan.costed_months,
                spells=basis.spells,
                model=basis.purchase_model,
                silence_days=basis.company.former_after_days,
            )
        with watch.stage("ranking"):
            former_before = today - basis.company.former_after_days
            standing = find_standing(accounts, outlook, policy=policy, former_before=former_before)
            totals = sum_up(accounting, forecast=outlook, standing=standing)
        with watch.stage("writing"):
            load_scorecards(rows.scorecards, accounts, outlook, standing)
    with watch.stage("publishing"):
        publish(run=run, totals=replace(totals, durations=watch.durations), context=context)
    drop_old_rows()
    return run
