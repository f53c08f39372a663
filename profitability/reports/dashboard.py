"""What the dashboard reads: the totals that the current run left behind, and a few rows."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import F

from crm_site.lib.counting import Count, capped_count
from customers.models import Customer, Run
from customers.models.customer import CustomerQuerySet
from customers.reports import newer_customers, ranked_portfolio
from profitability.models import CategoryPolicy, Costing, RunMonth
from profitability.reports.costing import missing_amounts
from profitability.reports.runs import Published
from profitability.totals import RunTotals

NAMED = 5
# What pages show of ranked customers: a row of both tables has four times as many columns.
RANKED = (
    *("net_revenue", "gross_margin", "cost_to_serve", "direct_costs", "profit", "rank", "category", "stage"),
    *("lifetime_value", "lifetime_value_note"),
)
CALLED = ("reference", "name", "given_name")


@dataclass(frozen=True, slots=True)
class Freshness:
    """What stands between these figures and the truth of this moment."""

    newer_customers: Count  # created since the run began, and so in none of its figures
    months_without_costs: tuple[dt.date, ...]  # with orders, but without an amount for some cost pool
    share_without_cost: float | None  # of sales less returns: goods whose cost is neither known nor assumed
    last_orders: dt.date | None  # the last month with orders


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One run as managers see it first; every figure of it belongs to this run."""

    run: Run
    totals: RunTotals
    months: list[RunMonth]
    best: list[Customer]
    worst: list[Customer]
    policies: dict[int, str]
    freshness: Freshness


def dashboard(published: Published, customers: CustomerQuerySet, *, named: int = NAMED) -> Dashboard:
    """The dashboard of a run, naming so many of these customers (8 queries, whatever the number of customers)."""
    run, totals = published.run, published.totals
    months = list(RunMonth.objects.filter(run=run))
    everybody = ranked(customers, run)
    best = list(everybody.order_by("place")[:named])  # type: ignore[misc]
    among_best = {customer.pk for customer in best}
    last = everybody.order_by("-place")[:named]  # type: ignore[misc]
    return Dashboard(
        run=run,
        totals=totals,
        months=months,
        best=best,
        worst=[customer for customer in last if customer.pk not in among_best],
        policies={policy.category: policy.label for policy in CategoryPolicy.objects.all()},
        freshness=_freshness(run, totals, months, customers),
    )


def ranked(customers: CustomerQuerySet, run: Run) -> CustomerQuerySet:
    """The customers that a run ranked, with their figures and `cumulative_share` (no query of its own).

    Of all customers it is put together once, since every page of the ranking begins with it.
    """
    if customers.query.where:
        return _ranked(customers, run)
    return _everybody(run.pk, run.scorecards_of_id, run.totals.get("ranking", {}).get("profit")).all()


@lru_cache(maxsize=10)
def _everybody(run_id: int, shared: int | None, profit: str | None) -> CustomerQuerySet:
    totals = {} if profit is None else {"ranking": {"profit": profit}}
    return _ranked(Customer.objects.all(), Run(pk=run_id, scorecards_of_id=shared, totals=totals))


def _ranked(customers: CustomerQuerySet, run: Run) -> CustomerQuerySet:
    with_figures = ranked_portfolio(customers, run, RANKED).filter(place__isnull=False)  # type: ignore[misc]
    return run.with_shares(with_figures.annotate(cumulative_profit=F("card__cumulative_profit"))).only(*CALLED)


def _freshness(run: Run, totals: RunTotals, months: list[RunMonth], customers: CustomerQuerySet) -> Freshness:
    """Customers and costs that are missing (4 queries)."""
    sales = sum(account.gross - account.returns for account in (totals.statement, totals.anonymous))
    active = [month.month for month in months if month.orders]
    return Freshness(
        newer_customers=capped_count(newer_customers(customers, run)),
        months_without_costs=tuple(gap.month for gap in missing_amounts(Costing.objects.current(), active)),
        share_without_cost=float(totals.sales_without_cost / sales) if sales > 0 else None,
        last_orders=max(active, default=None),
    )
