"""Rankings of periods: every figure against pandas and the pure module, groups, bands, and when they are computed."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.lib.remembered import Forgettable
from customers.models import Customer, Run, Scorecard, Segment
from customers.tests.factories import SegmentFactory, UserFactory
from profitability import period_actions
from profitability.models import PeriodFigure, PeriodRanking
from profitability.period_actions import compute_ranking, drop_old_rankings, ranking_for
from profitability.periods import Period, period_named
from profitability.ranking import whale_curve
from profitability.reports.curve import ranking_of_period
from profitability.tests.portfolio import a_portfolio, months_frame
from profitability.tests.shop import Shop, called, recomputed
from profitability.totals import PeriodTotals, RunTotals

pytestmark = pytest.mark.django_db

PERIODS = ("2026-02", "2026-q2", "2026", "12m")


@pytest.fixture
def run() -> Run:
    a_portfolio()
    return recomputed()


def named(code: str) -> Period:
    period = period_named(code, as_of=dt.date(2026, 6, 30))
    assert period is not None
    return period


def ranking_of(run: Run, code: str) -> PeriodRanking:
    return ranking_for(run=run, totals=RunTotals.from_json(run.totals), period=named(code), by=UserFactory())


def expected(run: Run, period: Period) -> pd.DataFrame:
    """Net revenue and profit of each ranked customer in the period, in cents, best first."""
    months = months_frame(run)
    ranked = Scorecard.objects.in_run(run).filter(place__isnull=False).values_list("customer", flat=True)
    months = months[months.customer.isin(list(ranked))]
    if period.since and period.until:
        months = months[months.month.between(pd.Timestamp(period.since), pd.Timestamp(period.until))]
    sums = months.groupby("customer")[["net_revenue", "profit"]].sum().reset_index()
    return sums.sort_values(["profit", "customer"], ascending=[False, True]).reset_index(drop=True)


@pytest.mark.parametrize("code", PERIODS)
def test_every_figure_equals_that_of_pandas(run: Run, code: str) -> None:
    found = PeriodFigure.objects.filter(ranking=ranking_of(run, code)).order_by("rank")
    sums = expected(run, named(code))
    assert len(sums) > 5
    assert list(found.values_list("customer", flat=True)) == sums.customer.tolist()
    for name in ("net_revenue", "profit"):
        assert [int(amount * 100) for amount in found.values_list(name, flat=True)] == sums[name].tolist()
    cumulative = found.values_list("cumulative", flat=True)
    assert [int(amount * 100) for amount in cumulative] == sums.profit.cumsum().tolist()


def test_a_contact_that_costs_nothing_makes_nobody_take_part() -> None:
    """In May only orders cost anything: Bob called then, and bought nothing."""
    shop = Shop()
    called(shop.bob, dt.date(2026, 5, 11), minutes=10)
    run = recomputed()
    assert [figure.customer for figure in PeriodFigure.objects.filter(ranking=ranking_of(run, "2026-05"))] == [shop.ada]
    june = PeriodFigure.objects.filter(ranking=ranking_of(run, "2026-06"))
    assert {figure.customer for figure in june} == {shop.ada, shop.bob}


@pytest.mark.parametrize("code", PERIODS)
def test_the_curve_equals_that_of_the_pure_module(run: Run, code: str) -> None:
    ranking = PeriodTotals.from_json(ranking_of(run, code).totals).ranking
    curve = whale_curve(expected(run, named(code)).profit.to_numpy())
    for name in ("best", "middle", "last", "peak"):
        ours, pure = getattr(ranking, name), getattr(curve, name)
        assert (ours.customers, int(ours.profit * 100), ours.share) == (pure.customers, pure.profit, pure.share), name
    assert (ranking.break_even.customers if ranking.break_even else None) == (
        curve.break_even.customers if curve.break_even else None
    )
    counts = curve.counts
    assert (ranking.profitable, ranking.zero, ranking.losing, ranking.tied_across_best) == (
        counts.profitable, counts.zero, counts.losing, counts.tied_across_best,
    )  # fmt: skip
    assert ranking.curve_cents[-1] == curve.total


@pytest.mark.parametrize("seed", range(6))
def test_a_long_curve_keeps_its_marks_and_its_figures(seed: int) -> None:
    """Far more customers than points, with ties, zeros and, with some seeds, a total below zero."""
    chance = np.random.default_rng(seed)
    profits = np.sort(chance.integers(-60, 50 + 10 * seed, 1500))[::-1] * 100
    run = Run.objects.create(as_of=dt.date(2026, 6, 30), reason=Run.Reason.ASKED)
    ranking = PeriodRanking.objects.create(run=run, since=dt.date(2026, 6, 1), until=dt.date(2026, 6, 1))
    partition = period_actions._rows_of(ranking)
    partition.create()
    partition.seal()
    partition.attach()
    cumulative = np.cumsum(profits)
    PeriodFigure.objects.bulk_create(
        PeriodFigure(
            ranking=ranking, customer_id=place, orders=1, net_revenue=1, gross_margin=1, cost_to_serve=0,
            direct_costs=0, profit=Decimal(int(profit)) / 100, rank=place, cumulative=Decimal(int(total)) / 100,
            category=1,
        )
        for place, (profit, total) in enumerate(zip(profits, cumulative, strict=True), start=1)
    )  # fmt: skip
    found, pure = ranking_of_period(ranking, Decimal("0.2")), whale_curve(profits)
    assert (found.best.share, found.peak.customers, found.last.share) == (
        pure.best.share, pure.peak.customers, pure.last.share,
    )  # fmt: skip
    assert found.tied_across_best == pure.counts.tied_across_best
    assert (found.break_even.customers if found.break_even else None) == (
        pure.break_even.customers if pure.break_even else None
    )
    assert 300 < len(found.curve_customers) <= 510
    assert list(found.curve_cents) == [0 if not k else int(cumulative[k - 1]) for k in found.curve_customers]


def test_the_months_of_a_customer_add_up_to_its_whole_profit(run: Run) -> None:
    months = [ranking_of(run, f"2026-{month:02d}") for month in range(1, 7)]
    for card in Scorecard.objects.in_run(run).filter(place__isnull=False):
        parts = PeriodFigure.objects.filter(ranking__in=months, customer=card.customer_id)
        assert sum(parts.values_list("profit", flat=True)) == card.profit


def test_categories_follow_the_profit_of_the_period(run: Run) -> None:
    figures = list(PeriodFigure.objects.filter(ranking=ranking_of(run, "2026-q1")).order_by("rank"))
    best = -(-len(figures) // 5)
    for figure in figures:
        value = figure.lifetime_value or 0
        wanted = 1 if figure.rank <= best and figure.profit > 0 else 2 if figure.profit > 0 else 3 if value > 0 else 4
        assert figure.category == wanted


@pytest.mark.parametrize("by", ["country", "town", "postal", "category"])
def test_groups_add_up_to_everybody(run: Run, by: str) -> None:
    totals = PeriodTotals.from_json(ranking_of(run, "2026-q2").totals)
    groups = totals.by(by).groups
    assert sum(group.profit for group in groups) == totals.total.profit
    assert sum(group.customers for group in groups) == totals.total.customers == totals.ranking.customers


def test_a_group_is_what_pandas_makes_of_it(run: Run) -> None:
    sums = expected(run, named("2026-q2"))
    towns = dict(Customer.objects.values_list("pk", "city"))
    by_town = sums.groupby(sums.customer.map(towns)).profit.sum()
    groups = PeriodTotals.from_json(ranking_of(run, "2026-q2").totals).by("town").groups
    assert {group.key: int(group.profit * 100) for group in groups} == by_town.to_dict()


def test_segments_are_summed_over_their_members(run: Run) -> None:
    segment = SegmentFactory(kind=Segment.Kind.DYNAMIC, query="country=FR")
    groups = PeriodTotals.from_json(ranking_of(run, "").totals).by("segment").groups
    french = Scorecard.objects.in_run(run).filter(place__isnull=False, customer__country="FR")
    assert [group.key for group in groups] == [str(segment.pk)]
    assert groups[0].profit == sum(french.values_list("profit", flat=True))


def test_bands_are_tenths_by_revenue_and_part_no_equals(run: Run) -> None:
    totals = PeriodTotals.from_json(ranking_of(run, "2026").totals)
    assert 5 <= len(totals.bands) <= 10
    assert sum(band.total.profit for band in totals.bands) == totals.total.profit
    edges = [(band.lowest, band.highest) for band in totals.bands]
    assert all(highest < lowest for (_, highest), (lowest, _) in pairwise(edges))


def test_all_months_take_their_ranking_from_the_run(run: Run) -> None:
    ranking = ranking_of(run, "")
    assert PeriodTotals.from_json(ranking.totals).ranking == RunTotals.from_json(run.totals).ranking
    assert not PeriodFigure.objects.filter(ranking=ranking).exists()


def test_a_ranking_is_computed_once(run: Run) -> None:
    first = ranking_of(run, "2026-q2")
    totals, reader = RunTotals.from_json(run.totals), UserFactory.build()
    Forgettable.forget_everything()  # as another process would ask
    for queries in (1, 0):
        with CaptureQueriesContext(connection) as captured:
            again = ranking_for(run=run, totals=totals, period=named("2026-q2"), by=reader)
        assert (again.pk, again.computed_at) == (first.pk, first.computed_at)
        assert len(captured) == queries


def test_a_large_base_is_ranked_in_the_background(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(period_actions, "AT_ONCE", 3)
    ranking = ranking_of(run, "2026-q2")
    assert ranking.computed_at is None
    assert ranking.job is not None
    assert ranking_of(run, "2026-q2").job == ranking.job
    run_job(ranking.job.pk)
    ranking.job.refresh_from_db()
    assert ranking.job.state == Job.State.DONE
    assert ranking_of(run, "2026-q2").computed_at is not None


def test_a_month_without_customers_is_an_empty_ranking(run: Run) -> None:
    totals = PeriodTotals.from_json(ranking_of(run, "2019-03").totals)
    assert (totals.ranking.customers, totals.bands, totals.total.profit) == (0, (), Decimal(0))


def test_rankings_go_with_the_rows_of_their_run(run: Run) -> None:
    ranking = ranking_of(run, "2026-q2")
    assert drop_old_rankings() == 0
    Run.objects.filter(pk=run.pk).update(has_rows=False)
    assert drop_old_rankings() == 1
    assert not PeriodRanking.objects.filter(pk=ranking.pk).exists()


def test_computing_again_changes_nothing(run: Run) -> None:
    ranking = ranking_of(run, "2026-q2")
    before: Any = list(PeriodFigure.objects.filter(ranking=ranking).order_by("rank").values_list())
    compute_ranking(ranking_id=ranking.pk)
    assert list(PeriodFigure.objects.filter(ranking=ranking).order_by("rank").values_list()) == before
