"""A full run: everybody's records are read, the models fitted, and all of it laid aside for runs of what changes."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from crm_site.lib.bulk import Table
from crm_site.lib.partitions import Partition
from crm_site.lib.snapshot import alongside, shared_out
from profitability.recompute.accounts import InAll, Outline
from profitability.recompute.base import Models
from profitability.recompute.charges import MonthResult, charge_months, keep_months
from profitability.recompute.forecast import Forecast, Usual, Worth, forecast, usual_of, value_in_cents
from profitability.recompute.gather import gather, load_months
from profitability.recompute.laid_aside import lay_aside_accounts, lay_aside_months
from profitability.recompute.months import Months, month_columns
from profitability.recompute.publish import publish
from profitability.recompute.reading import Basis
from profitability.recompute.records import People, Spool
from profitability.recompute.scorecards import Ranks, Standing, find_standing
from profitability.recompute.summary import Categories, Figures, sum_up
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
            results = charge_months(gathered, as_of=work.run.as_of, plan=basis.plan, check=work.check)
            reconciled.hand_over(results)
            reconciled.end()
        accounts, in_all = gathered.accounts.without_anonymous, InAll.of(gathered.accounts)
        with watch.stage("forecast"):
            outlook = forecast(accounts, spells=basis.spells, kept=kept, **work.terms(basis))
            usual = usual_of(accounts, today=work.today, costed=basis.plan.costed_months)
            worth = Worth(value=value_in_cents(outlook), equity=outlook.values.equity, usual=usual)
        with watch.stage("ranking"):
            outline = accounts.outline
            standing = find_standing(outline, worth.value, policy=basis.policy, former_before=work.former_before(basis))
            ranked = Figures(results=results, in_all=in_all, outline=outline, worth=worth, standing=standing)
            totals = sum_up(basis, ranked, outlook)
        with watch.stage("writing"):
            ranks = standing.ranks
            shared_out(
                [
                    partial(load_scorecards, work.rows.scorecards, accounts, outlook, standing, ranks),
                    partial(
                        lay_aside_accounts,
                        work.rows.laid_aside,
                        gathered.accounts,
                        _of_everybody(outline, worth, standing, ranks),
                    ),
                ]
            )
    with watch.stage("publishing"):
        publish(
            run=work.run,
            totals=work.completed(totals, basis),
            context=work.context,
            basis=_told_to_later_runs(basis, outlook, usual, in_all, results),
            now=Categories(accounts.customer, standing.category),
        )


def _lay_aside(partition: Partition, basis: Basis, number: int, months: Months, people: People) -> None:
    lay_aside_months(partition, number, months, people, basis.plan.drivers)


def _of_everybody(outline: Outline, worth: Worth, standing: Standing, ranks: Ranks) -> Table:
    """The columns of `laid_aside.EVERYBODY`."""
    return {
        "customer": outline.customer,
        "net_revenue": outline.net_revenue,
        "profit": outline.profit,
        "orders": outline.orders,
        "last_day": outline.last_day,
        "value": worth.value,
        "place": ranks.place.astype(np.int64),
        "category": standing.category,
        "rfm": standing.rfm,
    }


def _told_to_later_runs(
    basis: Basis, outlook: Forecast, usual: Usual, in_all: InAll, results: Sequence[MonthResult]
) -> dict[str, Any]:
    """What a run of what changed has to know of the full one that it starts from."""
    return {
        "settings": basis.extent.settings,
        "slices": basis.read.people.slices,
        "models": outlook.models.as_json(),
        "months": [result.as_json() for result in results],
        "parts": outlook.values.parts.as_json(),
        "in_all": in_all.as_json(),
        "usual": asdict(usual),
        "subscriptions": outlook.subscriptions,
    }
