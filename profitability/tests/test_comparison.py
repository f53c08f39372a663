"""Comparisons of models as jobs: orders read from the database, the winner kept, and used by the next recompute."""

import datetime as dt

import numpy as np
import pytest

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Run, Scorecard
from customers.tests.factories import CompanyFactory, CustomerFactory
from profitability.comparison import PAST_SPEND, Comparison
from profitability.comparison_actions import request_comparison, use_winner
from profitability.lifetime_value import BgNbd, Season
from profitability.lifetime_value.ledger import Known
from profitability.models import ModelComparison, PurchaseModel
from profitability.recompute.comparing import compare, months_ahead
from profitability.recompute.sample import Sample, read_sample
from profitability.tasks import monthly_comparison
from profitability.tests.compared import a_comparison, comparison_of, holdout
from profitability.tests.published import publish
from profitability.tests.purchases import cdnow_sample
from profitability.tests.shop import Shop, bought, recomputed
from profitability.tests.test_backtest import ledger_of
from profitability.totals import RunTotals

FIRST = dt.date(2025, 6, 2)


def unwatched(stage: str) -> None:
    """Nobody follows the stages."""


def fill(customers: int = 90) -> dt.date:
    """Customers who order now and then for a while; the day of the last order."""
    CompanyFactory()
    random = np.random.default_rng(8)
    last = FIRST
    for _ in range(customers):
        person, until = CustomerFactory(), random.integers(150, 364)
        for day in np.unique(np.append(0, random.integers(0, until, random.integers(0, 7)))).tolist():
            last = max(last, FIRST + dt.timedelta(days=day))
            bought(person, FIRST + dt.timedelta(days=day), {"unit_price": int(random.integers(8, 50))})
    return last


def done(job: Job) -> Job:
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.problem
    return job


def test_all_that_a_page_tells_of_cdnow() -> None:
    found = compare(Sample(ledger=ledger_of(cdnow_sample()), one_in=3), unwatched)
    assert found.holdout is not None
    assert (found.reason, found.customers, found.one_in) == ("", 2_357, 3)
    assert [entry.name for entry in found.holdout.entries] == ["bgnbd", "mbgnbd", "pareto_nbd", PAST_SPEND]
    assert [one.name for one in found.fitted] == ["bgnbd", "mbgnbd", "pareto_nbd"]
    assert found.season is not None
    assert (found.season.months, found.season.p_value) == (17, None)  # February 1997 to June 1998
    months = [month.month for month in found.tracked]
    assert (months[0], months[-1], len(months)) == ("1997-01-01", "1998-06-01", 18)
    assert next(month.month for month in found.tracked if month.held_out) == "1998-02-01"
    assert [month.month for month in found.ahead][::11] == ["1998-07-01", "1999-06-01"]
    assert found.ahead[0].orders > found.ahead[11].orders > 0


def test_months_ahead_are_as_busy_as_their_own_days() -> None:
    day = (dt.date(2011, 12, 9) - dt.date(1970, 1, 1)).days
    one = np.ones(1, np.int64)
    known = Known(customers=one, x=one, t_x=one * 3.0, T=one * 20.0, orders=2 * one, value=one * 9.0)
    model = BgNbd(r=0.6, alpha=5, a=0.8, b=2.4)
    even, seasonal = (Season(months=36, p_value=0.001, index=(*(0.95,) * 11, december)) for december in (0.95, 1.55))
    plain, found = (months_ahead(model, known, day, season, 1) for season in (even, seasonal))
    # From 10 December to 8 January, 22 days of December and 8 of January; a year later the rest of December.
    assert [month.month for month in found][::11] == ["2011-12-01", "2012-11-01"]
    busier = [late.orders / early.orders for late, early in zip(found, plain, strict=True)]
    assert busier[0] == pytest.approx((22 * 1.55 + 8 * 0.95) / 30 / 0.95)
    assert busier[1:11] == pytest.approx([1.0] * 10)
    assert 1 < busier[11] < busier[0]


def test_what_was_found_survives_the_database() -> None:
    found = compare(Sample(ledger=ledger_of(cdnow_sample()), one_in=1), unwatched)
    assert Comparison.from_json(found.as_json()) == found


@pytest.mark.django_db
def test_orders_are_read_by_margin_with_returns_apart() -> None:
    shop = Shop()
    recomputed()  # by a costing that takes half of the price for the cost of what has none
    ledger = read_sample(dt.date(2026, 6, 30)).ledger
    rows = sorted(
        zip(ledger.customer.tolist(), ledger.day.tolist(), ledger.ordered.tolist(), ledger.value.tolist(), strict=True)
    )
    day = (dt.date(2026, 5, 4) - dt.date(1970, 1, 1)).days
    # 20 less 12; 100 + 5 - 10 less 60; returned for 45, goods of 30 back; 43 less half of 40.
    ada = [(day, True, 8.0), (day, True, 35.0), (day + 37, False, -15.0), (day + 47, True, 23.0)]
    assert [row[1:] for row in rows if row[0] == shop.ada.pk] == ada
    assert [row[1:] for row in rows if row[0] == shop.bob.pk] == [(day + 42, True, 1.0)]
    assert shop.cy.pk not in ledger.customer


@pytest.mark.django_db
def test_a_large_base_is_looked_at_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    fill(40)
    monkeypatch.setattr("profitability.recompute.sample.MOST_CUSTOMERS", 10)
    sample = read_sample(dt.date(2027, 1, 1))
    assert sample.one_in == 4
    assert 0 < len(np.unique(sample.ledger.customer)) < 25


@pytest.mark.django_db
def test_a_comparison_is_kept_and_its_winner_used() -> None:
    last = fill()
    job = done(request_comparison())
    kept = ModelComparison.objects.get(pk=job.result["comparison"])
    assert (kept.as_of, kept.winner) == (last, Comparison.from_json(kept.result).holdout.winner)  # type: ignore[union-attr]
    assert ModelComparison.objects.model_in_force() == kept.winner


@pytest.mark.django_db
@pytest.mark.parametrize("model", PurchaseModel.values)
def test_a_recompute_forecasts_by_the_model_in_force(model: str) -> None:
    last = fill()
    a_comparison(comparison_of(holdout=holdout(winner=model)))
    run = recomputed(as_of=last)
    used = RunTotals.from_json(run.totals).lifetime_model
    assert used.purchase_model == model
    assert (used.s is None, used.a is None) == (model != "pareto_nbd", model == "pareto_nbd")
    cards = Scorecard.objects.in_run(run)
    for card in cards:
        assert 0 <= 1 - card.churn_risk <= card.probability_alive <= 1
        assert card.lifetime_value_low <= card.lifetime_value <= card.lifetime_value_high
        assert 111 <= card.rfm <= 555
    once = [card.probability_alive == 1 for card in cards if card.orders == 1]
    assert all(once) == (model == "bgnbd")  # which holds everybody who ordered once to be active


@pytest.mark.django_db
def test_the_first_recompute_lets_the_orders_choose_and_later_ones_keep_to_it() -> None:
    last = fill()
    recomputed(as_of=last)
    recomputed(as_of=last)
    assert ModelComparison.objects.get().winner


@pytest.mark.django_db
def test_a_shop_too_small_to_compare_uses_the_default_and_says_why() -> None:
    Shop()
    recomputed()
    kept = ModelComparison.objects.get()
    assert (kept.winner, kept.result["reason"]) == ("", "too_short")
    assert ModelComparison.objects.model_in_force() == PurchaseModel.BGNBD


@pytest.mark.django_db
def test_no_orders_at_all_are_a_reason_not_an_error() -> None:
    CompanyFactory()
    job = done(request_comparison())
    assert ModelComparison.objects.get(pk=job.result["comparison"]).result["reason"] == "no_orders"


@pytest.mark.django_db(transaction=True)
def test_a_worker_keeps_what_it_found_while_it_holds_the_job() -> None:
    CompanyFactory()
    done(request_comparison())
    assert ModelComparison.objects.count() == 1


@pytest.mark.django_db
def test_another_winner_asks_for_a_recompute_and_the_same_does_not() -> None:
    assert use_winner(comparison=a_comparison()) is None  # nothing was published that could change
    publish(10, 20)
    asked = use_winner(comparison=a_comparison())
    assert asked is not None
    assert (asked.kind, asked.params["reason"]) == ("recompute", Run.Reason.ASKED)
    assert use_winner(comparison=a_comparison(comparison_of(holdout=holdout(winner="bgnbd")))) is None
    assert use_winner(comparison=a_comparison(Comparison(reason="too_short"))) is None


@pytest.mark.django_db
def test_the_clock_asks_once_a_month() -> None:
    monthly_comparison()
    monthly_comparison()
    assert Job.objects.get().kind == "comparison"
