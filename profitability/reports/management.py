"""What the management report tells, read from the same places as the pages: nothing is computed for it alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser

from customers.models import Customer, Run
from customers.permissions import SEE_ALL
from profitability.models import PeriodRanking, ProfitChange
from profitability.periods import BEFORE_RECENT_CODE, LIFETIME, RECENT_CODE, Period, period_named
from profitability.reports.balance import PeriodBalance, period_balance
from profitability.reports.dashboard import Dashboard, dashboard
from profitability.reports.equity import EquityPage, equity_page
from profitability.reports.moves import Side, moves_between
from profitability.reports.period_words import period_name
from profitability.reports.profit_changes import ProfitComparison, compare_profits
from profitability.reports.runs import Published
from profitability.totals import Move

NAMED = 10  # best and worst customers


@dataclass(frozen=True, slots=True)
class Moves:
    """Who went from which category to which; between two periods, or since the recompute before."""

    moves: tuple[Move, ...]
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class ManagementReport:
    """One run as it is reported to managers."""

    published: Published
    board: Dashboard
    names_customers: bool  # whether this reader may see them all
    equity: EquityPage
    balance: PeriodBalance
    moves: Moves | None  # None where there is nothing to compare with
    profits: ProfitComparison | None  # why profits changed, where another costing was in force than before


def management_report(published: Published, user: AbstractUser | AnonymousUser) -> ManagementReport:
    """Everything from one run (21 queries, and 4 after a change of the costing, whatever the number of customers).

    Customers are named to whoever may see all of them.
    """
    names = user.has_perm(SEE_ALL)
    return ManagementReport(
        published=published,
        board=dashboard(published, Customer.objects.visible_to(user), named=NAMED if names else 0),
        names_customers=names,
        equity=equity_page(published.run, user),
        balance=period_balance(published.run, LIFETIME),
        moves=_moves(published),
        profits=_profits(published.run),
    )


def _profits(run: Run) -> ProfitComparison | None:
    change = ProfitChange.objects.filter(run=run, another_costing=True).select_related("run", "previous").first()
    return compare_profits(change) if change else None


def periods_compared(run: Run) -> tuple[Period, Period]:
    """The twelve months before the last twelve, and those."""
    before, after = period_named(BEFORE_RECENT_CODE, as_of=run.as_of), period_named(RECENT_CODE, as_of=run.as_of)
    assert before, "This code is known."
    assert after, "And so is this."
    return before, after


def rankings_compared(run: Run) -> tuple[PeriodRanking, PeriodRanking] | None:
    """The rankings of both, once they were computed (1 query)."""
    computed = PeriodRanking.objects.filter(run=run, computed_at__isnull=False)
    found = {(ranking.since, ranking.until): ranking for ranking in computed}
    before, after = (found.get((period.since, period.until)) for period in periods_compared(run))
    return (before, after) if before and after else None


def _moves(published: Published) -> Moves | None:
    """Between the two years; where customers were ranked in only one of them, since the recompute before."""
    rankings = rankings_compared(published.run)
    if rankings and all(ranking.totals["ranking"]["customers"] for ranking in rankings):
        names = [period_name(period) for period in periods_compared(published.run)]
        sides = [Side(name, ranking=ranking) for name, ranking in zip(names, rankings, strict=True)]
        return Moves(moves_between(published.run, *sides), *names)
    changes = published.totals.changes
    return Moves(changes.moves) if changes and changes.moves else None
