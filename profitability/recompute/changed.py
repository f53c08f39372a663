"""A run of what changed: the accounts of whoever changed and of whom that moves are computed anew, all others kept.

An order more moves the rates of its month where a cost is shared out by quantity, and with them the accounts of all who
were charged in it; ranks and categories of others; nothing else. So what the full run left of everybody is taken up,
exchanged where it differs, and ranked again as a whole. Written are the scorecards of those for whom anything differs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from crm_site.lib.snapshot import alongside
from profitability.recompute.accounts import Accounts
from profitability.recompute.base import Base
from profitability.recompute.charges import keep_months
from profitability.recompute.forecast import Forecast, Usual, Worth, forecast, usual_of, value_in_cents
from profitability.recompute.gather import gather, load_months
from profitability.recompute.laid_aside import Former, Places, places_of, united
from profitability.recompute.months import Whole, month_columns
from profitability.recompute.places import Between, Ranked, stand_between
from profitability.recompute.publish import publish, taken_out_of
from profitability.recompute.reading import Basis
from profitability.recompute.records import Spool
from profitability.recompute.renewal import COMPARED, Renewed, renew
from profitability.recompute.scorecards import Ranks, Standing, find_standing
from profitability.recompute.summary import Categories, Figures, sum_up
from profitability.recompute.work import Work
from profitability.recompute.writing import load_scorecards, write_steps


@dataclass(frozen=True)
class Expected:
    """What some customers are expected to bring, and how to tell it of others."""

    outlook: Forecast
    places: Places  # of those customers in the outline, ascending
    tell: Callable[..., Forecast]

    def of(self, some: Places, accounts: Accounts) -> Forecast:
        """Of these customers, by ascending place, whose accounts these are."""
        if np.isin(some, self.places, assume_unique=True).all():
            return self.outlook.take(np.searchsorted(self.places, some))
        return self.tell(accounts)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Whose scorecards the run writes, as places in the outline; and whose of the full run no longer hold."""

    rows: Places
    no_longer: Whole | None  # ids; None: it writes those of everybody and shares none


def recompute_changed(work: Work, basis: Basis, former: Former) -> None:
    """Compute the figures of whoever changed since the full run, and of whom that moves, and publish all."""
    base, watch = basis.extent.base, work.watch
    assert base is not None
    months = Spool(month_columns(basis.plan.drivers))
    writing = partial(load_months, months=months, people=basis.read.people, partition=work.rows.months, base=base)
    keeping = partial(keep_months, run=work.run, plan=basis.plan)
    with alongside(writing) as finished, alongside(keeping) as reconciled:
        with watch.stage("facts"):
            gathered = gather(basis.read, plan=basis.plan, months=months, finished=finished, check=work.check)
        with watch.stage("costs"):
            renewed = renew(work, basis, former, gathered)
            reconciled.hand_over(renewed.results)
            reconciled.end()
        outline = renewed.outline
        with watch.stage("forecast"):
            moved = _moved(basis, base, renewed)
            expected, worth = _find_worth(work, basis, base, renewed, moved)
        with watch.stage("ranking"):
            standing = find_standing(
                outline,
                worth.value,
                policy=basis.policy,
                former_before=work.former_before(basis),
                in_order=renewed.in_order,
            )
            found = Figures(
                results=renewed.results, in_all=renewed.in_all, outline=outline, worth=worth, standing=standing
            )
            totals = sum_up(basis, found, expected.outlook)
        with watch.stage("writing"):
            otherwise = _found_otherwise(base, renewed, standing, moved)
            _write(work, renewed, expected, standing, otherwise)
    with watch.stage("publishing"):
        publish(
            run=work.run,
            totals=work.completed(totals, basis),
            context=work.context,
            basis=None,
            now=Categories(outline.customer, standing.category),
            found_otherwise=otherwise.no_longer,
        )


def _has_subscribers(basis: Basis, base: Base) -> bool:
    return bool(len(basis.spells["customer"]) or base.subscriptions)


def _moved(basis: Basis, base: Base, renewed: Renewed) -> Places:
    """Places of customers whose account changed, or whose forecast may have."""
    ids = renewed.come.customer
    if _has_subscribers(basis, base):
        ids = united(ids, basis.spells["customer"])
    return np.searchsorted(renewed.outline.customer, ids)


def _find_worth(work: Work, basis: Basis, base: Base, renewed: Renewed, moved: Places) -> tuple[Expected, Worth]:
    """What those who moved are expected to bring, and what everybody is worth with it."""
    kept = base.models
    usual = partial(usual_of, today=work.today, costed=basis.plan.costed_months)
    told: Callable[..., Forecast] = partial(forecast, spells=basis.spells, kept=kept, **work.terms(basis))
    # The models of subscribers are fitted on all of them each time, and all are then forecast together with everybody;
    # as everybody is whose scorecards will be written.
    if _has_subscribers(basis, base) or renewed.are_many(moved):
        accounts = renewed.accounts
        everybody = told(accounts)
        worth = Worth(value=value_in_cents(everybody), equity=everybody.values.equity, usual=usual(accounts))
        return Expected(everybody, np.arange(len(accounts.customer)), told), worth
    # What those who moved were worth before is taken off what everybody was, and what they are worth now is added.
    come = renewed.come
    both = renewed.before + come
    now = np.arange(len(renewed.before.customer), len(both.customer))
    found = told(both, times=np.where(np.arange(len(both.customer)) < len(renewed.before.customer), -1.0, 1.0))
    parts, outlook = base.parts + found.values.parts, found.take(now)
    value = renewed.was["value"].copy()
    value[moved] = value_in_cents(outlook)
    equity = parts.equity(kept.purchases.covariance, outlook.values.confidence)
    worth = Worth(value=value, equity=equity, usual=Usual(**base.usual) - usual(renewed.before) + usual(come))
    return Expected(outlook, moved, told), worth


def _found_otherwise(base: Base, renewed: Renewed, standing: Standing, moved: Places) -> Found:
    """Who moved, whom that moved to another category or class, and whoever was found otherwise before."""
    customers, was = renewed.outline.customer, renewed.was
    differs = np.zeros(len(customers), bool)
    differs[moved] = True
    for name in COMPARED:
        differs |= getattr(standing, name) != was[name]
    before = taken_out_of(base.run_id)
    differs[places_of(before, customers)] = True
    rows = np.flatnonzero(differs)
    no_longer = united(customers[rows], renewed.vanished, before)
    if renewed.are_many(no_longer):
        return Found(rows=np.arange(len(customers)), no_longer=None)
    return Found(rows=rows, no_longer=no_longer)


def _write(work: Work, renewed: Renewed, expected: Expected, standing: Standing, found: Found) -> None:
    """The scorecards of whoever is found otherwise, and the steps of ranks that follow."""
    some = renewed.accounts_at(found.rows)
    if found.no_longer is None:
        ranks = standing.ranks
    else:
        between = _between(renewed, some, found.no_longer)
        ranks = Ranks.of(len(found.rows), np.flatnonzero(some.ranked), between.place, between.cumulative)
        write_steps(work.run.pk, between.steps)
    load_scorecards(work.rows.scorecards, some, expected.of(found.rows, some), standing.take(found.rows), ranks)


def _between(renewed: Renewed, some: Accounts, no_longer: Whole) -> Between:
    """Where they stand between those whom the full run ranked."""
    former, in_order = renewed.former.columns, renewed.former.in_order
    left = former["place"][places_of(no_longer, former["customer"])].astype(np.int64)
    return stand_between(
        Ranked(former["customer"][in_order], former["profit"][in_order].astype(np.int64)),
        np.sort(left[left > 0]),
        Ranked(some.customer[some.ranked], some.profit[some.ranked]),
    )
