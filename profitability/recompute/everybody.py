"""A full run: everybody's records are read, the models fitted, and all of it laid aside for runs of what changes."""

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from crm_site.lib.partitions import Partition
from crm_site.lib.snapshot import alongside, shared_out
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers, columns_of
from profitability.recompute.base import Models
from profitability.recompute.charges import MonthResult, charge_months, keep_months
from profitability.recompute.forecast import Forecast, Usual, Worth, forecast, usual_of, value_in_cents
from profitability.recompute.gather import Gathered, gather, load_months
from profitability.recompute.laid_aside import lay_aside_accounts, lay_aside_months
from profitability.recompute.months import Months, month_columns
from profitability.recompute.publish import publish
from profitability.recompute.reading import Accounting, Basis
from profitability.recompute.records import People, Spool
from profitability.recompute.scorecards import Standing, find_standing
from profitability.recompute.summary import Categories, sum_up
from profitability.recompute.work import Work
from profitability.recompute.writing import load_scorecards


def recompute_everybody(work: Work, basis: Basis, *, kept: Models | None) -> None:
    """Compute the figures of all customers from their records, and publish them. `kept` models are not fitted anew."""
    months, watch = Spool(month_columns(basis.plan.drivers)), work.watch
    # Writing the months is the database's work, and most of the rest is ours.
    writing = partial(load_months, months=months, people=basis.read.people, partition=work.rows.months, base=None)
    keeping = partial(keep_months, run=work.run, plan=basis.plan)
    with alongside(writing) as finished, alongside(keeping) as reconciled:
        with watch.stage("facts"):
            work.rows.laid_aside.create()
            keep = partial(_lay_aside, work.rows.laid_aside, basis)
            gathered = gather(
                basis.read, plan=basis.plan, months=months, finished=finished, check=work.check, keep=keep
            )
        with watch.stage("costs"):
            accounting = _account(work, basis, gathered)
            reconciled.hand_over(accounting.results)
            reconciled.end()
        accounts = accounting.accounts
        with watch.stage("forecast"):
            outlook = forecast(accounts, spells=basis.spells, kept=kept, **work.terms(basis))
            usual = usual_of(accounts, today=work.today, costed=basis.plan.costed_months)
            worth = Worth(value=value_in_cents(outlook), equity=outlook.values.equity, usual=usual)
        with watch.stage("ranking"):
            standing = find_standing(
                accounts, worth.value, policy=basis.policy, former_before=work.former_before(basis)
            )
            totals = sum_up(accounting, forecast=outlook, worth=worth, standing=standing)
        with watch.stage("writing"):
            shared_out(
                [
                    partial(load_scorecards, work.rows.scorecards, accounts, outlook, standing),
                    partial(
                        lay_aside_accounts, work.rows.laid_aside, _to_lay_aside(gathered, accounts, worth, standing)
                    ),
                ]
            )
    with watch.stage("publishing"):
        publish(
            run=work.run,
            totals=work.completed(totals, basis),
            context=work.context,
            basis=_told_to_later_runs(basis, outlook, usual, gathered, accounting.results),
            now=Categories(accounts.customer, standing.category),
        )


def _lay_aside(partition: Partition, basis: Basis, number: int, months: Months, people: People) -> None:
    lay_aside_months(partition, number, months, people, basis.plan.drivers)


def _account(work: Work, basis: Basis, gathered: Gathered) -> Accounting:
    """Charge everybody."""
    results = charge_months(gathered, as_of=work.run.as_of, plan=basis.plan, check=work.check)
    columns = columns_of(gathered)
    return Accounting(
        basis=basis,
        results=results,
        accounts=accounts_of_customers(columns),
        anonymous=account_of_anonymous_sales(columns),
    )


def _to_lay_aside(gathered: Gathered, accounts: Accounts, worth: Worth, standing: Standing) -> dict[str, Any]:
    """The columns of `laid_aside.ACCOUNTS`; anonymous sales stand first, and nowhere."""
    of_customers = {
        "profit": accounts.profit,
        "value": worth.value,
        "place": standing.place.astype(np.int64),
        "stage": standing.stage,
        "category": standing.category,
        "rfm": standing.rfm,
    }
    return columns_of(gathered) | {name: np.insert(values, 0, 0) for name, values in of_customers.items()}


def _told_to_later_runs(
    basis: Basis, outlook: Forecast, usual: Usual, gathered: Gathered, results: list[MonthResult]
) -> dict[str, Any]:
    """What a run of what changed has to know of the full one that it starts from."""
    return {
        "settings": basis.extent.settings,
        "slices": basis.read.people.slices,
        "models": outlook.models.as_json(),
        "months": [result.as_json() for result in results],
        "parts": outlook.values.parts.as_json(),
        "usual": asdict(usual),
        "subscriptions": outlook.subscriptions,
    }
