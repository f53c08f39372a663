"""How models are fitted where it is hard: slopes by finite differences, limits, extreme customers, tiny bases."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from profitability.lifetime_value import (
    FITS,
    BgNbd,
    CustomerLoss,
    FittedModel,
    GammaGamma,
    MbgNbd,
    ParetoNbd,
    ServiceCost,
    expected_purchases,
    fit_gamma_gamma,
    fit_mbgnbd,
    fit_pareto_nbd,
    lifetime_value,
    probability_alive,
    probability_of_no_order,
)
from profitability.lifetime_value.bgnbd_likelihood import bgnbd_objective, nbd_objective
from profitability.lifetime_value.gamma_gamma import gamma_gamma_objective
from profitability.lifetime_value.likelihood import Objective
from profitability.lifetime_value.pareto_likelihood import pareto_objective
from profitability.lifetime_value.rising import log_beta, log_rise, slope_rise
from profitability.lifetime_value.sbg import sbg_objective
from profitability.lifetime_value.summary import collapse, numbered
from profitability.tests.purchases import simulate, simulate_pareto

LONG = 10_000 / 7  # weeks
# Orders every day and none, just now and never again, on the first day and for 27 years.
EXTREME = [
    (2_000, LONG, LONG),
    (2_000, LONG - 1, LONG),
    (2_000, 1.0, LONG),
    (9_999, LONG, LONG),
    (0, 0.0, LONG),
    (0, 0.0, 1 / 7),
    (1, 1 / 7, LONG),
    (1, LONG, LONG),
    (30, 0.5, 0.6),
]
FREE = [
    BgNbd(r=0.6, alpha=5, a=0.8, b=2.4),
    MbgNbd(r=0.6, alpha=5, a=0.8, b=2.4),
    ParetoNbd(r=0.6, alpha=5, s=0.7, beta=12),
]
BOUNDLESS = [
    BgNbd(r=1e6, alpha=1e7, a=1e6, b=4e6),
    MbgNbd(r=1e6, alpha=1e7, a=1e6, b=4e6),
    ParetoNbd(r=1e6, alpha=1e7, s=1e6, beta=4e7),
]


def columns(
    customers: list[tuple[int, float, float]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    x, t_x, T = np.array(customers, dtype=np.float64).T
    return x, t_x, T


def objectives() -> dict[str, tuple[Objective, int]]:
    base = simulate_pareto(400, seed=2, r=0.8, alpha=6.0, s=0.7, beta=15.0)
    random = np.random.default_rng(5)
    triples = collapse(base.x, base.t_x, base.T)
    asked, left = random.integers(1, 9, 50).astype(np.float64), random.random(50) < 0.4
    return {
        "nbd": (nbd_objective(triples), 2),
        "bgnbd": (bgnbd_objective(triples), 4),
        "mbgnbd": (bgnbd_objective(triples, early=1), 4),
        "pareto_nbd": (pareto_objective(triples), 4),
        "gamma_gamma": (gamma_gamma_objective(base.x + 1.0, random.gamma(4, 5, 400)), 3),
        "sbg": (sbg_objective(asked, left, np.full(50, 1 / 50)), 2),
    }


OBJECTIVES = objectives()


@pytest.mark.parametrize("name", OBJECTIVES)
@given(point=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_gradients_are_the_slopes_wherever_one_looks(name: str, point: list[float]) -> None:
    objective, size = OBJECTIVES[name]
    at = np.array(point[:size])
    slope = objective(at)[1]
    for place, step in enumerate(np.eye(size) * 1e-4):
        difference = (objective(at + step)[0] - objective(at - step)[0]) / 2e-4
        assert slope[place] == pytest.approx(difference, rel=2e-5, abs=2e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("corner", [-14.0, 14.0])
def test_likelihoods_are_numbers_at_every_corner(name: str, corner: float) -> None:
    objective, size = OBJECTIVES[name]
    for signs in np.ndindex(*[2] * size):
        value, slope = objective(corner * (2 * np.array(signs) - 1.0))
        assert np.isfinite(value)
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("model", FREE + BOUNDLESS, ids=lambda model: f"{type(model).__name__} r {model.r:g}")
@pytest.mark.parametrize("customer", EXTREME)
def test_extreme_customers_are_forecast_like_others(model: FittedModel, customer: tuple[int, float, float]) -> None:
    weeks = np.array([0.0, 1, 10, 52, 520, 5_000])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alive = probability_alive(model, *customer)[0]
        orders = expected_purchases(model, *customer, weeks)
        silent = probability_of_no_order(model, *customer, weeks)
        worth = lifetime_value(
            model, *customer, 10.0, margins=GammaGamma(p=6, q=4, v=15), cost=ServiceCost(per_order=1, per_period=0.1)
        )
    assert 0 <= alive <= 1
    assert (np.diff(orders) >= -1e-9 * orders[1:]).all()
    assert (np.diff(silent) <= 1e-9).all()
    assert ((silent >= 1 - alive - 1e-9) & (silent <= 1)).all()
    assert worth.low[0] <= worth.value[0] + 1e-9 <= worth.high[0] + 2e-9
    assert np.isfinite(worth.equity.high)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_extreme_customers_can_be_fitted(fit: Callable[..., FittedModel]) -> None:
    model = fit(*columns(EXTREME * 5))
    assert np.isfinite(model.log_likelihood or 0)
    assert (probability_alive(model, *columns(EXTREME)) <= 1).all()


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize(
    "customers",
    [[(1, 10.0, 20.0)], [(1, 20.0, 20.0), (0, 0.0, 5.0)], [(3, 7.0, 30.0)] * 50, [(2_000, LONG, LONG)] * 2],
    ids=["one", "two", "all alike", "two who order every day"],
)
def test_tiny_bases_and_equal_customers_give_a_model(
    fit: Callable[..., FittedModel], customers: list[tuple[int, float, float]]
) -> None:
    model = fit(*columns(customers))
    x, t_x, T = columns(customers)
    orders = expected_purchases(model, x, t_x, T, 52)
    assert np.isfinite(orders).all()
    assert (orders >= 0).all()


@pytest.mark.parametrize(
    ("limit", "exact"),
    [
        (BgNbd(r=0.6, alpha=5, a=1e-9, b=2), BgNbd(r=0.6, alpha=5, a=0, b=1)),
        (MbgNbd(r=0.6, alpha=5, a=1e-9, b=2), BgNbd(r=0.6, alpha=5, a=0, b=1)),
        (ParetoNbd(r=0.6, alpha=5, s=1e-9, beta=2), BgNbd(r=0.6, alpha=5, a=0, b=1)),
        (ParetoNbd(r=0.6, alpha=5, s=1e6, beta=4e7), ParetoNbd(r=0.6, alpha=5, s=1e8, beta=4e9)),
        (BgNbd(r=0.6, alpha=5, a=1e6, b=4e6), BgNbd(r=0.6, alpha=5, a=1e7, b=4e7)),
        (MbgNbd(r=1e6, alpha=1e7, a=0.8, b=2.4), MbgNbd(r=1e7, alpha=1e8, a=0.8, b=2.4)),
    ],
)
def test_models_meet_where_they_should(limit: FittedModel, exact: FittedModel) -> None:
    for x, t_x, T in [(0, 0, 30), (1, 29, 30), (4, 20, 40), (12, 100, 104)]:
        assert probability_alive(limit, x, t_x, T) == pytest.approx(probability_alive(exact, x, t_x, T), abs=1e-5)
        for weeks in (1, 52, 260):
            ahead = (x, t_x, T, weeks)
            orders, silent = expected_purchases(exact, *ahead), probability_of_no_order(exact, *ahead)
            assert expected_purchases(limit, *ahead) == pytest.approx(orders, rel=1e-5)
            assert probability_of_no_order(limit, *ahead) == pytest.approx(silent, abs=1e-5)


def test_one_rate_of_leaving_is_exponential() -> None:
    """Nobody differs: orders at 0.2 and departures at 0.05 a week, so that all of it can be written down."""
    model, buy, leave = ParetoNbd(r=1e7, alpha=5e7, s=1e7, beta=2e8), 0.2, 0.05
    odds = leave / (buy + leave) * np.expm1((buy + leave) * 12)
    assert probability_alive(model, 4, 28, 40)[0] == pytest.approx(1 / (1 + odds), rel=1e-5)
    expected = buy / leave * -np.expm1(-leave * 52) / (1 + odds)
    assert expected_purchases(model, 4, 28, 40, 52)[0] == pytest.approx(expected, rel=1e-5)
    first = buy / (buy + leave) * -np.expm1(-(buy + leave) * 52)
    assert probability_of_no_order(model, 4, 28, 40, 52)[0] == pytest.approx(1 - first / (1 + odds), rel=1e-6)


def test_a_world_in_which_all_leave_at_one_rate_is_recognised() -> None:
    base = simulate_pareto(60_000, seed=2, r=0.8, alpha=8.0, s=1e5, beta=4e6)
    model = fit_pareto_nbd(base.x, base.t_x, base.T)
    assert model.loss is CustomerLoss.ALIKE
    assert not model.no_loss
    assert model.s > 1e6
    assert model.s / model.beta == pytest.approx(1 / 40, rel=0.02)
    assert np.isnan([model.standard_errors["s"], model.standard_errors["beta"]]).all()
    assert abs(model.r - 0.8) < 3.5 * model.standard_errors["r"]
    # The rate itself has an error, which forecasts take into account.
    assert model.covariance is not None
    assert 0 < model.covariance[3, 3] < 0.02**2
    assert model.covariance[2, 2] == 0


def test_a_world_in_which_all_are_equally_likely_to_leave_after_an_order_is_recognised() -> None:
    base = simulate(60_000, seed=2, r=0.6, alpha=6.0, a=1e5, b=4e5, early=True)
    model = fit_mbgnbd(base.x, base.t_x, base.T)
    assert model.loss is CustomerLoss.ALIKE
    assert model.a / (model.a + model.b) == pytest.approx(0.2, rel=0.02)


def test_a_slight_difference_is_not_taken_for_none() -> None:
    base = simulate_pareto(200_000, seed=2, r=0.8, alpha=8.0, s=5.0, beta=200.0)
    model = fit_pareto_nbd(base.x, base.t_x, base.T)
    assert model.loss is CustomerLoss.FOUND
    assert abs(np.log(model.s / 5)) < 3.5 * model.standard_errors["s"] / model.s


def test_orders_that_are_always_worth_the_same_to_a_customer_are_recognised() -> None:
    random = np.random.default_rng(3)
    n, worth = random.integers(1, 12, 30_000), 1 / random.gamma(4, 1 / 60, 30_000)
    model = fit_gamma_gamma(n, worth)
    assert model.p > 1e6
    assert model.credibility([1])[0] == pytest.approx(1, abs=1e-5)
    assert model.population_mean == pytest.approx(worth.mean(), rel=0.03)
    assert abs(model.q - 4) < 3.5 * model.standard_errors["q"]
    assert np.isnan(model.standard_errors["p"])


@given(st.floats(1e-6, 1e8), st.integers(0, 60))
@settings(deadline=None)
def test_rises_are_the_sums_that_they_stand_for(c: float, n: int) -> None:
    k = np.arange(n)
    assert float(log_rise(c, n)) == pytest.approx(np.log(c + k).sum(), rel=1e-11, abs=1e-11)
    assert float(slope_rise(c, n)) == pytest.approx((1 / (c + k)).sum(), rel=1e-11, abs=1e-13)


@given(st.floats(0.01, 900), st.floats(0.01, 900))
def test_rises_and_betas_of_moderate_numbers_are_those_of_scipy(c: float, n: float) -> None:
    assert float(log_rise(c, n)) == pytest.approx(gammaln(c + n) - gammaln(c), rel=1e-9, abs=1e-9)
    assert float(slope_rise(c, n)) == pytest.approx(digamma(c + n) - digamma(c), rel=1e-9, abs=1e-9)
    assert float(log_beta(c, n)) == pytest.approx(gammaln(c) + gammaln(n) - gammaln(c + n), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("span", [7, 10_000_000])
def test_numbers_are_counted_with_and_without_sorting(span: int) -> None:
    values, places = numbered(np.array([5, 2, 5, 6]), span)
    assert values.tolist() == [2, 5, 6]
    assert places.tolist() == [1, 0, 1, 2]
