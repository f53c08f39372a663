"""Published runs for tests of pages: whatever profits a test wants, ranked by the pure module, without a recompute."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from customers.models import Run
from customers.models.scorecard import Category
from customers.tests.factories import A_DAY, CustomerFactory, RunFactory, ScorecardFactory
from profitability.models import RunMonth
from profitability.ranking import Part as CurvePart
from profitability.ranking import WhaleCurve, categorise, chart_points, whale_curve
from profitability.totals import (
    CategoryTotal,
    LifetimeModel,
    Part,
    Ranking,
    Reconciliation,
    RunTotals,
    StageTime,
    Statement,
)

NOTHING = Decimal("0.00")
GOODS = Decimal("100.00")  # what every customer bought goods for, in `publish`


def ranking_of(*profits: int) -> Ranking:
    """The ranking of customers with these profits in whole units of money, as a run's totals keep it."""
    curve = whale_curve(np.array(profits, dtype=np.int64) * 100)
    points = chart_points(curve)
    return Ranking(
        customers=curve.counts.customers,
        profit=money(curve.total),
        best=part(curve.best),
        middle=part(curve.middle),
        last=part(curve.last),
        peak=part(curve.peak),
        break_even=part(curve.break_even) if curve.break_even else None,
        losses=money(curve.losses),
        profitable=curve.counts.profitable,
        zero=curve.counts.zero,
        losing=curve.counts.losing,
        tied_across_best=curve.counts.tied_across_best,
        curve_customers=tuple(points.customers.tolist()),
        curve_cents=tuple(int(cents) for cents in points.profit),
    )


def part(found: CurvePart) -> Part:
    return Part(
        customers=found.customers,
        share_of_customers=found.share_of_customers,
        profit=money(found.profit),
        share=found.share,
    )


def money(cents: float) -> Decimal:
    return Decimal(round(cents)).scaleb(-2)


def statement(profit: Decimal, customers: int) -> Statement:
    """Goods of 100 a customer, of which cost of goods takes all that profit does not."""
    sales = GOODS * customers
    return Statement(
        gross=sales,
        discounts=NOTHING,
        returns=NOTHING,
        other=NOTHING,
        net_revenue=sales,
        cost_of_goods=sales - profit,
        gross_margin=profit,
        cost_to_serve=NOTHING,
        direct_costs=NOTHING,
        profit=profit,
    )


def totals_of(ranking: Ranking, categories: Sequence[int], **changes: Any) -> RunTotals:
    """Totals of a run that found this ranking, each customer being worth 10 in the future."""
    nobody = statement(NOTHING, 0)
    totals = RunTotals(
        customers=ranking.customers,
        active=ranking.customers,
        former=0,
        prospects=0,
        first_month="2026-05-01",
        last_month="2026-06-01",
        costing="Costs of 2026",
        drivers=("orders",),
        statement=statement(ranking.profit, ranking.customers),
        prospects_statement=nobody,
        anonymous=nobody,
        sales_without_cost=NOTHING,
        reconciliation=Reconciliation(
            entered=Decimal("50.00"),
            charged=Decimal("40.00"),
            charged_anonymous=NOTHING,
            unused_capacity=Decimal("7.00"),
            overload=NOTHING,
            company_level=Decimal("3.00"),
            rounding_difference=NOTHING,
        ),
        ranking=ranking,
        categories=tuple(category_total(number, categories) for number in Category.values),
        customer_equity=Decimal(10 * ranking.customers),
        customer_equity_low=Decimal(8 * ranking.customers),
        customer_equity_high=Decimal(13 * ranking.customers),
        lifetime_model=a_model(),
        notes=(),
        durations=(StageTime(stage="costs", seconds=0.5),),
        changes=None,
    )
    return replace(totals, **changes)


def category_total(number: int, categories: Sequence[int]) -> CategoryTotal:
    count = list(categories).count(number)
    return CategoryTotal(
        category=number,
        customers=count,
        net_revenue=GOODS * count,
        profit=NOTHING,
        lifetime_value=Decimal(10 * count),
    )


def a_model() -> LifetimeModel:
    return LifetimeModel(
        fitted=True,
        customers=2357,
        repeat_customers=946,
        r=0.243,
        alpha=4.414,
        a=0.793,
        b=2.426,
        log_likelihood=-9582.4,
        p=6.25,
        q=3.744,
        v=15.44,
        correlation=0.11,
        margin_per_order=Decimal("14.20"),
        cost_per_order=Decimal("4.10"),
        cost_per_month=Decimal("0.30"),
        yearly_discount_rate=0.10,
        horizon_years=3,
        notes=(),
    )


def publish(*profits: int, is_current: bool = True, **changes: Any) -> Run:
    """A published run over one new customer for each of these profits, with two months; `changes` are of its totals."""
    ranking, curve = ranking_of(*profits), whale_curve(np.array(profits, dtype=np.int64))
    categories = categorise(np.array(profits), np.full(len(profits), 10.0), order=curve.order).tolist()
    run = RunFactory(totals=totals_of(ranking, categories, **changes).as_json(), is_current=is_current)
    fill_scorecards(run, profits, curve, categories)
    for month in (dt.date(2026, 5, 1), dt.date(2026, 6, 1)):
        month_of(run, month, profit=ranking.profit / 2)
    return run


def fill_scorecards(run: Run, profits: Sequence[int], curve: WhaleCurve, categories: Sequence[int]) -> None:
    for rank, position in enumerate(curve.order.tolist(), start=1):
        ScorecardFactory(
            run=run,
            customer=CustomerFactory(name=f"Rank{rank}", given_name=""),
            net_revenue=GOODS,
            gross_margin=profits[position],
            cost_to_serve=NOTHING,
            profit=profits[position],
            place=rank,
            cumulative_profit=int(curve.cumulative_profit[rank - 1]),
            category=categories[position],
            lifetime_value=10,
            last_order_on=A_DAY,
        )


def month_of(run: Run, month: dt.date, *, profit: Decimal = NOTHING, **figures: Any) -> RunMonth:
    """A month whose entered costs were all unused, unless told otherwise."""
    defaults = {
        "orders": 3,
        "net_revenue": Decimal("200.00"),
        "gross_margin": profit + figures.get("cost_to_serve", NOTHING),
        "cost_to_serve": NOTHING,
        "direct_costs": NOTHING,
        "profit": profit,
        "anonymous_net_revenue": NOTHING,
        "anonymous_gross_margin": NOTHING,
        "anonymous_cost_to_serve": NOTHING,
        "entered": Decimal("25.00"),
        "unused_capacity": Decimal("25.00"),
        "overload": NOTHING,
        "company_level": NOTHING,
        "rounding_difference": NOTHING,
    }
    return RunMonth.objects.create(run=run, month=month, **(defaults | figures))
