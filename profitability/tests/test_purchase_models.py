"""MBG/NBD and Pareto/NBD against published figures, against direct integration, and against worlds that are known."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import check_grad

from profitability.lifetime_value import (
    BgNbd,
    CustomerLoss,
    LifetimeValueError,
    MbgNbd,
    ParetoNbd,
    PurchaseModel,
    Summary,
    expected_purchases,
    expected_purchases_new,
    fit_mbgnbd,
    fit_pareto_nbd,
    probability_alive,
    probability_of_no_order,
    summarise,
)
from profitability.lifetime_value.pareto_likelihood import log_one_plus_odds, pareto_objective
from profitability.lifetime_value.summary import collapse
from profitability.tests.purchases import cdnow_master, cdnow_sample, simulate, simulate_pareto

PUBLISHED = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)
MODELS: list[PurchaseModel] = [
    BgNbd(r=0.6, alpha=5, a=0.8, b=2.4),
    MbgNbd(r=0.6, alpha=5, a=0.8, b=2.4),
    ParetoNbd(r=0.6, alpha=5, s=0.7, beta=12),
]


@cache
def summary() -> Summary:
    return summarise(cdnow_sample().columns, "1997-09-30")


@cache
def fitted_mbgnbd() -> MbgNbd:
    return fit_mbgnbd(summary().x, summary().t_x, summary().T)


@cache
def fitted_pareto() -> ParetoNbd:
    return fit_pareto_nbd(summary().x, summary().t_x, summary().T)


def test_mbgnbd_of_the_cdnow_sample() -> None:
    model = fitted_mbgnbd()
    assert (model.r, model.alpha) == pytest.approx((0.524843, 6.183086), abs=2e-6)
    assert (model.a, model.b) == pytest.approx((0.891359, 1.614002), abs=2e-6)
    assert model.log_likelihood == pytest.approx(-9_582.1357, abs=5e-5)
    assert model.loss is CustomerLoss.FOUND


def test_pareto_nbd_of_the_cdnow_sample() -> None:
    model = fitted_pareto()
    assert (model.r, model.alpha) == pytest.approx((0.553277, 10.57768), abs=5e-6)
    assert (model.s, model.beta) == pytest.approx((0.60624, 11.66874), abs=5e-6)
    assert model.log_likelihood == pytest.approx(-9_594.9762, abs=5e-5)


def test_the_published_customer_of_the_pareto_nbd() -> None:
    assert expected_purchases(PUBLISHED, 26, 30.86, 31, 52)[0] == pytest.approx(25.458473, abs=5e-7)
    assert probability_alive(PUBLISHED, 26, 30.86, 31)[0] == pytest.approx(0.99791873, abs=5e-9)


def test_one_time_buyers_of_cdnow_are_not_certain_to_be_active() -> None:
    for model in (fitted_mbgnbd(), fitted_pareto()):
        alive = probability_alive(model, summary().x, summary().t_x, summary().T)
        assert alive.mean() == pytest.approx(0.45, abs=0.005)


def test_all_of_cdnow_goes_the_quick_way_and_comes_to_the_same() -> None:
    master = summarise(cdnow_master().columns, "1997-09-30")
    model = fit_pareto_nbd(master.x, master.t_x, master.T)
    slope = pareto_objective(collapse(master.x, master.t_x, master.T))(
        np.log([model.r, model.alpha, model.s, model.beta])
    )[1]
    assert np.abs(slope).max() < 1e-8
    assert model.log_likelihood == pytest.approx(-95_415.1186, abs=1e-3)


@pytest.mark.parametrize(
    "parameters",
    [(0.55, 10.6, 0.6, 11.7), (0.3, 0.5, 0.05, 200.0), (3.0, 200.0, 0.4, 0.5), (1.0, 40.0, 5.0, 2.0)],
)
@pytest.mark.parametrize(
    ("x", "t_x", "T"), [(0, 0, 39), (1, 38, 39), (1, 1, 390), (12, 30, 39), (80, 5, 60), (2_000, 9_000, 10_000)]
)
def test_odds_of_having_left_equal_direct_integration(
    parameters: tuple[float, float, float, float], x: int, t_x: float, T: float
) -> None:
    r, alpha, s, beta = parameters

    def moment(u: float) -> float:
        gone = ((beta + T) / (beta + u)) ** s
        return float(s / (beta + u) * ((alpha + T) / (alpha + u)) ** (r + x) * gone)

    exact = quad(moment, t_x, T, epsabs=0, epsrel=1e-11, limit=400)[0]
    # Somebody observed for longer takes part, so that nothing rests on the end of the integrals.
    found = log_one_plus_odds(parameters, np.array([x, 0]), np.array([t_x, 0.0]), np.array([T, 700.0]))
    assert found[0] == pytest.approx(np.log1p(exact), rel=1e-8)


def test_somebody_who_has_just_ordered_is_active() -> None:
    assert probability_alive(PUBLISHED, 3, 20, 20)[0] == 1
    assert np.isfinite(pareto_objective(collapse([3, 0], [20, 0], [20, 20]))(np.log([1, 10, 1, 10]))[1]).all()


@pytest.mark.parametrize("point", [[0.0, 1.0, 0.5, 1.0], [-1.5, 4.5, -3.0, 2.0], [2.0, -1.0, 1.0, 4.0]])
@pytest.mark.parametrize("every", [1, 3])
def test_the_gradient_is_the_slope_of_the_likelihood(point: list[float], every: int) -> None:
    objective = pareto_objective(collapse(summary().x, summary().t_x, summary().T), every=every)
    difference = check_grad(lambda p: objective(p)[0], lambda p: objective(p)[1], np.array(point))
    assert difference < 1e-5


def test_an_mbgnbd_world_is_found_again() -> None:
    base = simulate(40_000, seed=3, r=0.6, alpha=6.0, a=0.8, b=2.4, early=True, weeks_after=26)
    model = fit_mbgnbd(base.x, base.t_x, base.T)
    for name, truth in {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.4}.items():
        assert abs(getattr(model, name) - truth) < 3.5 * model.standard_errors[name]
    assert_forecasts_hold(model, base.x, base.t_x, base.T, base.alive, base.later)


def test_a_pareto_nbd_world_is_found_again() -> None:
    base = simulate_pareto(40_000, seed=4, r=0.6, alpha=6.0, s=0.7, beta=15.0, weeks_after=26)
    model = fit_pareto_nbd(base.x, base.t_x, base.T)
    for name, truth in {"r": 0.6, "alpha": 6.0, "s": 0.7, "beta": 15.0}.items():
        assert abs(getattr(model, name) - truth) < 3.5 * model.standard_errors[name]
    assert_forecasts_hold(model, base.x, base.t_x, base.T, base.alive, base.later)


def assert_forecasts_hold(
    model: PurchaseModel, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, alive: np.ndarray, later: np.ndarray
) -> None:
    """What the model says of the 26 weeks that follow is what then happened."""
    assert probability_alive(model, x, t_x, T).mean() == pytest.approx(alive.mean(), abs=0.01)
    assert expected_purchases(model, x, t_x, T, 26).sum() == pytest.approx(later.sum(), rel=0.02)
    silent = probability_of_no_order(model, x, t_x, T, 26)
    assert silent.mean() == pytest.approx((later == 0).mean(), abs=0.01)
    risky = silent > np.median(silent)
    assert silent[risky].mean() == pytest.approx((later[risky] == 0).mean(), abs=0.01)


def test_an_mbgnbd_expects_of_new_customers_that_some_never_return() -> None:
    base = simulate(200_000, seed=5, r=0.6, alpha=6.0, a=0.8, b=2.4, early=True)
    expected = expected_purchases_new(MbgNbd(r=0.6, alpha=6.0, a=0.8, b=2.4), base.T)
    assert expected.mean() == pytest.approx(base.x.mean(), rel=0.02)


def test_a_pareto_nbd_without_loss_is_an_nbd() -> None:
    base = simulate(3_000, seed=0, r=0.8, alpha=8.0, a=0.0)
    model = fit_pareto_nbd(base.x, np.where(base.x > 0, base.T, 0), base.T)
    assert model.loss is CustomerLoss.NONE
    assert (model.s, model.standard_errors["s"]) == (0, 0)
    assert probability_alive(model, 5, 10, 39)[0] == 1
    assert expected_purchases(model, 3, 20, 30, 52)[0] == pytest.approx(52 * (model.r + 3) / (model.alpha + 30))


@pytest.mark.parametrize("model", MODELS)
def test_no_order_at_all_is_certain_in_no_time_and_likely_in_the_long_run(model: PurchaseModel) -> None:
    risk = [probability_of_no_order(model, 3, 20, 30, weeks)[0] for weeks in (0, 1, 10, 100, 10_000)]
    assert risk[0] == 1
    assert risk == sorted(risk, reverse=True)
    assert risk[-1] > 1 - probability_alive(model, 3, 20, 30)[0]


@given(st.integers(0, 300), st.floats(0.01, 1), st.floats(0.1, 500), st.floats(0.1, 400), st.sampled_from(MODELS))
@settings(max_examples=40)
def test_forecasts_agree_with_each_other(x: int, seen: float, T: float, t: float, model: PurchaseModel) -> None:
    t_x = T * seen if x else 0.0
    silent = probability_of_no_order(model, x, t_x, T, t)[0]
    orders = expected_purchases(model, x, t_x, T, t)[0]
    assert 0 <= 1 - silent <= probability_alive(model, x, t_x, T)[0] + 1e-9
    assert 1 - silent <= orders * (1 + 1e-6) + 1e-12  # at least one order is less likely than orders are many


def test_one_cannot_ask_for_the_risk_of_the_past() -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        probability_of_no_order(PUBLISHED, 2, 30, 38, -1)
    assert refusal.value.code == "bad_time"
