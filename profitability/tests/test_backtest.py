"""The comparison of models: measures by hand, published figures of CDNOW, and worlds where the best model is known."""

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from profitability.lifetime_value import (
    FITS,
    PAST_SPEND,
    Accuracy,
    Backtest,
    Ledger,
    LifetimeValueError,
    accuracy,
    backtest,
    expected_average_value,
    expected_purchases,
    fit_bgnbd,
    fit_gamma_gamma,
    normalised_gini,
    summarise,
    track,
)
from profitability.lifetime_value.backtest import carried_on, does_as_well, split_day
from profitability.lifetime_value.ledger import came_between, known_at
from profitability.tests.purchases import Purchases, cdnow_sample

SPLIT = "1997-09-30"


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def ledger_of(purchases: Purchases) -> Ledger:
    return Ledger(
        customer=purchases.customer,
        day=purchases.date.astype("datetime64[D]").astype(np.int64),
        ordered=np.ones(len(purchases.customer), dtype=bool),
        value=purchases.value,
    )


@cache
def cdnow() -> Backtest:
    return backtest(ledger_of(cdnow_sample()), split=day(SPLIT))


def test_past_spend_and_models_sort_cdnow_as_published() -> None:
    # Pareto/NBD with Gamma-Gamma on all orders beats past spend; BG/NBD on all orders does not.
    assert cdnow().entry(PAST_SPEND).value.gini == pytest.approx(0.680, abs=5e-4)
    assert cdnow().entry("pareto_nbd").value.gini == pytest.approx(0.692, abs=1e-3)
    assert cdnow().entry("bgnbd").value.gini == pytest.approx(0.672, abs=5e-4)


def test_gamma_gamma_on_repeat_orders_alone_sorts_cdnow_worse_than_past_spend() -> None:
    # As published with BG/NBD: why worth is fitted on all orders, the first one included.
    columns = cdnow_sample().columns
    x, t_x, T, m = summarise(columns, SPLIT)
    worth = expected_average_value(fit_gamma_gamma(x, m), x, m)
    forecast = expected_purchases(fit_bgnbd(x, t_x, T), x, t_x, T, 39) * worth
    ledger = ledger_of(cdnow_sample())
    came = came_between(ledger, known_at(ledger, day(SPLIT)).customers, day(SPLIT), ledger.last_day)
    assert normalised_gini(forecast, came.value) == pytest.approx(0.638, abs=5e-4)


def test_all_models_forecast_too_few_orders_of_cdnow() -> None:
    assert cdnow().entry("bgnbd").orders.actual == 1_882
    for name in ("bgnbd", "mbgnbd", "pareto_nbd"):
        assert -0.20 < (cdnow().entry(name).orders.total_error or 0) < -0.11


def test_the_winner_on_cdnow_beats_past_spend_in_order_and_in_error() -> None:
    assert cdnow().winner == "pareto_nbd"
    assert cdnow().sorts_better
    assert cdnow().errs_less
    assert (cdnow().customers, cdnow().repeat_buyers, cdnow().weeks) == (2_357, 946, 39)


BEST = Accuracy(rmse=100.0, gini=0.7, forecast=104.0, actual=100.0, calibration=0.1, tenths=())


@pytest.mark.parametrize(
    ("behind", "as_well"),
    [
        ({}, True),
        ({"rmse": 100.9, "gini": 0.696, "forecast": 95.5, "calibration": 0.109}, True),
        ({"rmse": 50.0, "gini": 0.9, "forecast": 100.0, "calibration": 0.0}, True),
        ({"rmse": 101.1}, False),
        ({"gini": 0.694}, False),
        ({"forecast": 94.5}, False),
        ({"calibration": 0.12}, False),
        ({"gini": None}, False),
    ],
)
def test_a_simpler_model_is_used_where_it_does_as_well(behind: dict[str, Any], as_well: bool) -> None:
    assert does_as_well(replace(BEST, **behind), BEST) == as_well


def test_of_models_that_forecast_alike_the_simplest_wins() -> None:
    """Nobody leaves, so that all models come to the same: whichever leads by a hair, the first is used."""
    random = np.random.default_rng(6)
    rates = random.gamma(2.0, 0.2, 600)
    days = [np.unique(np.append(0, random.integers(1, 700, random.poisson(rate * 100)))) for rate in rates]
    when, customer = np.concatenate(days), np.repeat(np.arange(600), [len(each) for each in days])
    found = backtest(Ledger(customer=customer, day=when, ordered=when >= 0, value=np.full(len(when), 20.0)))
    assert found.winner == "bgnbd"
    assert found.leader in FITS
    assert does_as_well(found.entry("bgnbd").value, found.entry(found.leader).value)


def test_cumulative_orders_of_cdnow_are_tracked_week_by_week() -> None:
    ledger = ledger_of(cdnow_sample())
    known = known_at(ledger, day(SPLIT))
    weeks = np.arange(day("1997-01-01"), day("1998-07-01") + 1, 7)
    found = track(fit_bgnbd(known.x, known.t_x, known.T), ledger, weeks, won_until=day(SPLIT))
    assert len(found.actual) == 78
    assert found.actual.sum() == 4_339
    assert found.actual[:39].sum() == 2_457
    assert found.expected.sum() == pytest.approx(4_160.6, abs=0.05)


def test_measures_by_hand() -> None:
    found = accuracy([4, 1, 2, 1], [6, 0, 2, 0])
    assert found.rmse == pytest.approx(1.5 / 1.0 * np.sqrt(6 / 4) / 1.5)  # errors 2, 1, 0, 1
    assert found.total_error == 0
    assert found.calibration == pytest.approx(4 / 8)
    assert found.gini == 1  # in the right order
    assert [tenth.actual for tenth in found.tenths] == [6, 2, 0, 0]


def test_order_counts_in_the_gini_and_equal_forecasts_have_none() -> None:
    assert normalised_gini([3, 2, 1], [9, 3, 0]) == 1
    assert normalised_gini([1, 2, 3], [9, 3, 0]) == -1
    assert normalised_gini([5, 5, 5], [9, 3, 0]) == pytest.approx(0)
    # By hand: first 3, 9, 0 -> cumulative 3 + 12 + 12 less 24, against 9 + 12 + 12 less 24.
    assert normalised_gini([2, 3, 1], [9, 3, 0]) == pytest.approx(3 / 9)


def test_nothing_is_sorted_where_everybody_brings_the_same() -> None:
    assert normalised_gini([1, 2], [4, 4]) is None
    assert accuracy([1, 2], [0, 0]).total_error is None
    assert accuracy([1, 2], [0, 0]).calibration is None


def test_what_is_known_and_what_comes_are_told_apart_at_the_split() -> None:
    ledger = Ledger(
        customer=np.array([7, 7, 7, 9, 7, 8]),
        day=np.array([0, 7, 14, 15, 10, 3]),
        ordered=np.array([True, True, True, True, False, False]),  # 7 gives something back on day 10; 8 never bought
        value=np.array([10.0, 20.0, 5.0, 3.0, -6.0, -1.0]),
    )
    known = known_at(ledger, 10)
    assert (known.customers.tolist(), known.x.tolist(), known.t_x.tolist()) == ([7], [1], [1.0])
    assert (known.value.tolist(), known.mean_value.tolist()) == ([24.0], [12.0])
    came = came_between(ledger, known.customers, 10, 20)
    assert (came.orders.tolist(), came.value.tolist()) == ([1.0], [5.0])


def test_past_spend_is_carried_on_at_its_rate_but_not_faster_than_once_a_holdout() -> None:
    ledger = Ledger(
        customer=np.array([1, 1, 2]),
        day=np.array([0, 70, 133]),
        ordered=np.ones(3, dtype=bool),
        value=np.array([30.0, 10.0, 8.0]),
    )
    forecast = carried_on(known_at(ledger, 140), weeks=10)
    assert forecast.orders.tolist() == [1.0, 1.0]  # two in twenty weeks; one in a week
    assert forecast.value.tolist() == [20.0, 8.0]


@pytest.mark.parametrize(("days", "weeks"), [(84, 4), (300, 14), (3_000, 52)])
def test_a_third_of_the_time_is_held_out_but_no_more_than_a_year(days: int, weeks: int) -> None:
    assert split_day(0, days) == days - 7 * weeks


def test_a_few_weeks_of_orders_are_too_short() -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        split_day(0, 83)
    assert refusal.value.code == "too_short"


def test_a_few_buyers_are_too_few() -> None:
    ledger = Ledger(
        customer=np.arange(40),
        day=np.arange(40) * 5,
        ordered=np.ones(40, dtype=bool),
        value=np.ones(40),
    )
    with pytest.raises(LifetimeValueError) as refusal:
        backtest(ledger)
    assert refusal.value.code == "too_few_orders"


def test_a_ledger_without_orders_is_refused() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(LifetimeValueError) as refusal:
        known_at(Ledger(customer=nothing, day=nothing, ordered=nothing.astype(bool), value=nothing.astype(float)), 5)
    assert refusal.value.code == "no_orders"


def test_where_buying_goes_on_for_ever_at_rates_that_differ_past_orders_sort_as_well_as_any_model() -> None:
    random = np.random.default_rng(6)
    rates = random.gamma(2.0, 0.2, 600)
    rows = [
        (customer, when)
        for customer, rate in enumerate(rates)
        for when in np.unique(np.append(0, random.integers(1, 700, random.poisson(rate * 100))))
    ]
    customer, when = np.array(rows).T
    found = backtest(Ledger(customer=customer, day=when, ordered=when >= 0, value=np.full(len(when), 20.0)))
    assert found.entry(found.winner).value.gini == pytest.approx(found.entry(PAST_SPEND).value.gini, abs=0.01)


def test_a_busy_season_is_expected_of_every_model_alike() -> None:
    ledger = ledger_of(cdnow_sample())
    busy = backtest(ledger, split=day(SPLIT), season=1.2)
    for name in ("bgnbd", "pareto_nbd"):
        assert busy.entry(name).orders.forecast == pytest.approx(1.2 * cdnow().entry(name).orders.forecast)
    assert busy.entry(PAST_SPEND).orders == cdnow().entry(PAST_SPEND).orders
