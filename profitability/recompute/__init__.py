"""The recompute: records -> months -> costs -> lifetime values -> ranking -> scorecards, published at once.

    base        whether everybody's records are read or those of customers who changed, and what is then taken up
    plan        the costing, as the pure module reads it
    records     orders and other records, read once and laid aside by slices of customers
    months      what each customer did in each month; gather: slice by slice; laid_aside: for later runs
    charges     rates of each month, charges to every customer, reconciliation to the cent
    accounts    one row of numpy columns for each customer
    forecast    lifetime values; contracts: those of subscribers
    scorecards  ranks, categories, stages; summary: totals; publish: the pointer

Only workers and commands import this package: it loads scipy.
"""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.snapshot import alongside
from customers.models import Run
from profitability.recompute.accounts import Accounts
from profitability.recompute.base import Models
from profitability.recompute.forecast import Forecast, forecast
from profitability.recompute.gather import load_months
from profitability.recompute.months import day_number, month_columns
from profitability.recompute.publish import begin, drop_old_rows, publish
from profitability.recompute.reading import Basis, account, add_up, read_basis
from profitability.recompute.records import Spool
from profitability.recompute.rows import rows_of
from profitability.recompute.scorecards import find_standing
from profitability.recompute.stopwatch import Stopwatch
from profitability.recompute.summary import sum_up
from profitability.recompute.writing import load_scorecards


def run_recompute(
    *, context: JobContext, as_of: date, reason: str, full: bool = True, models: Models | None = None
) -> Run:
    """Compute the figures of all customers as of a day and publish them.

    Unless it is to be a full run, only the records of customers who changed since the last full one are read, where
    nothing that concerns everybody changed. `models` are used instead of fitting any.

    All records are read in one state of the database, so that no order is counted in one figure and not in another.
    What is written cannot be seen before the end, when one transaction shows all of it; killed at any moment, the work
    leaves nothing that a reader could see, and done again it comes to the same figures.
    """
    run = begin(job=context.job, as_of=as_of, reason=reason)
    rows, watch, check, today = rows_of(run.pk), Stopwatch(context), context.check_stop, day_number(as_of)
    with watch.stage("facts"):
        basis = read_basis(run, full=full)
    extent, months = basis.extent, Spool(month_columns(basis.plan.drivers))
    # Writing the months is the database's work, and most of the rest is ours.
    writing = partial(load_months, months=months, people=basis.read.people, partition=rows.months, base=extent.base)
    with alongside(writing) as finished:
        with watch.stage("facts"):
            gathered = add_up(basis, run, months=months, finished=finished, check=check)
        with watch.stage("costs"):
            accounting = account(basis, gathered, run, check)
        accounts, policy = accounting.accounts, basis.policy
        with watch.stage("forecast"):
            outlook = _expected(basis, accounts, today=today, kept=extent.base.models if extent.base else models)
        with watch.stage("ranking"):
            former_before = today - basis.company.former_after_days
            standing = find_standing(accounts, outlook, policy=policy, former_before=former_before)
            totals = sum_up(accounting, forecast=outlook, standing=standing)
        with watch.stage("writing"):
            load_scorecards(rows.scorecards, accounts, outlook, standing)
    with watch.stage("publishing"):
        publish(
            run=run,
            totals=replace(totals, durations=watch.durations, scope=extent.scope),
            context=context,
            basis=None if extent.base else _told_to_later_runs(basis, outlook),
            customers=accounts.customer,
            categories=standing.category,
        )
    drop_old_rows()
    return run


def _expected(basis: Basis, accounts: Accounts, *, today: int, kept: Models | None) -> Forecast:
    """What the customers are expected to bring, by the models that were kept or by new ones."""
    return forecast(
        accounts,
        today=today,
        policy=basis.policy,
        costed=basis.plan.costed_months,
        spells=basis.spells,
        model=basis.purchase_model,
        silence_days=basis.company.former_after_days,
        kept=kept,
    )


def _told_to_later_runs(basis: Basis, outlook: Forecast) -> dict[str, Any]:
    """What a run of what changed has to know of the full one that it starts from."""
    models = Models(purchases=outlook.purchases, margins=outlook.margins)
    slices = basis.read.people.slices
    return {"settings": basis.extent.settings, "slices": slices, "models": models.as_json()}
