"""BG/NBD against published figures, against exact arithmetic, and against worlds with known parameters."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import check_grad

from profitability.lifetime_value import (
    BgNbd,
    CustomerLoss,
    LifetimeValueError,
    Summary,
    collapse,
    expected_purchases,
    expected_purchases_new,
    fit_bgnbd,
    fit_or_assume_bgnbd,
    probability_alive,
    summarise,
)
from profitability.lifetime_value.bgnbd import beta_rule
from profitability.lifetime_value.bgnbd_likelihood import bgnbd_objective, nbd_objective
from profitability.tests.purchases import cdnow_sample, simulate

PAPER = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)


@cache
def summary() -> Summary:
    return summarise(cdnow_sample().columns, "1997-09-30")


@cache
def fitted() -> BgNbd:
    return fit_bgnbd(summary().x, summary().t_x, summary().T)


@pytest.mark.parametrize(
    ("parameter", "estimate", "error"),
    [
        ("r", 0.24259, 0.01256),
        ("alpha", 4.41360, 0.3782),
        ("a", 0.79292, 0.1857),
        ("b", 2.42591, 0.7054),
    ],
)
def test_cdnow_estimates_are_those_published(parameter: str, estimate: float, error: float) -> None:
    assert getattr(fitted(), parameter) == pytest.approx(estimate, abs=6e-6)
    assert fitted().standard_errors[parameter] == pytest.approx(error, abs=5e-5)


def test_cdnow_likelihood_is_that_published() -> None:
    assert fitted().log_likelihood == pytest.approx(-9_582.42921, abs=5e-6)
    assert fitted().customers == 2_357
    assert fitted().loss is CustomerLoss.FOUND
    assert not fitted().no_loss


# Exact values; the published table prints 1.8576 at week 78, the hypergeometric series cut off after 150 terms.
@pytest.mark.parametrize(
    ("weeks", "orders"),
    [(0, 0), (0.1429, 0.0078), (1, 0.0532), (3, 0.1506), (31.8571, 1.0405), (32, 1.0437), (78, 1.857958)],
)
def test_repeat_orders_of_a_new_customer(weeks: float, orders: float) -> None:
    places = 5e-7 if weeks == 78 else 5e-5
    assert expected_purchases_new(fitted(), weeks)[0] == pytest.approx(orders, abs=places)


def test_cumulative_repeat_orders_of_cdnow() -> None:
    weeks_since_first = summary().T + 39  # the first week of 1997 begins on 1 January; week 78 ends on 30 June 1998
    expected = expected_purchases_new(fitted(), weeks_since_first).sum()
    assert expected == pytest.approx(4_160.6, abs=0.05)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "alive"),
    [
        (2, 30.43, 38.86, 0.72657857),
        (1, 1, 39, 0.18701957),
        (1, 38, 39, 0.74823286),
        (5, 10, 39, 0.02439801),
        (0, 0, 39, 1.0),
    ],
)
def test_probability_of_being_active(x: int, t_x: float, T: float, alive: float) -> None:
    assert probability_alive(PAPER, x, t_x, T)[0] == pytest.approx(alive, abs=5e-9)


def test_conditional_expectation_of_the_paper() -> None:
    assert expected_purchases(PAPER, 2, 30.43, 38.86, 39)[0] == pytest.approx(1.22602817, abs=5e-9)


def test_whoever_ordered_once_counts_as_active() -> None:
    alive = probability_alive(fitted(), summary().x, summary().t_x, summary().T)
    assert (alive[summary().x == 0] == 1).all()
    assert alive.mean() == pytest.approx(0.813, abs=5e-4)


# Computed from the published formula with sixty digits: frequent buyers, long horizons, a on both sides of 1.
@pytest.mark.parametrize(
    ("r", "alpha", "a", "b", "x", "t_x", "T", "t", "orders"),
    [
        (0.243, 4.414, 0.793, 2.426, 0, 0, 38.86, 156, 0.6260798562),
        (0.25, 4, 1.5, 0.5, 1, 5, 10, 39, 0.2397014496),
        (0.25, 0.5, 0.8, 2.4, 0, 0, 0, 156, 7.493370449),
        (5, 40, 0.01, 30, 20, 180, 200, 52, 5.404016886),
        (0.6, 8, 2.5, 3, 400, 499, 500, 520, 172.9309377),
        (30, 20, 0.3, 0.7, 100, 38, 39, 156, 255.5071722),
        (0.5, 5, 1.0000001, 2, 3, 30, 31, 52, 2.699604485),
        (1.2, 10, 6, 300, 5, 80, 100, 520, 20.46649076),
        (0.6, 3, 40, 2, 112, 0.25, 0.25, 598, 2.897435897),
    ],
)
def test_forecasts_equal_exact_arithmetic(
    r: float, alpha: float, a: float, b: float, x: int, t_x: float, T: float, t: float, orders: float
) -> None:
    model = BgNbd(r=r, alpha=alpha, a=a, b=b)
    assert expected_purchases(model, x, t_x, T, t)[0] == pytest.approx(orders, rel=5e-8)


@pytest.mark.parametrize("a", [1.0, 0.0])
def test_forecasts_pass_smoothly_through_one_and_start_at_zero(a: float) -> None:
    exactly = expected_purchases(BgNbd(r=0.5, alpha=5, a=a, b=2), 3, 20, 30, 52)
    nearly = expected_purchases(BgNbd(r=0.5, alpha=5, a=a + 1e-9, b=2), 3, 20, 30, 52)
    assert exactly == pytest.approx(nearly, rel=1e-7)


def test_when_nobody_leaves_orders_go_on_at_the_posterior_rate() -> None:
    model = BgNbd(r=0.5, alpha=5, a=0, b=1)
    assert expected_purchases(model, 3, 20, 30, 52)[0] == pytest.approx(52 * 3.5 / 35, rel=1e-12)
    assert probability_alive(model, 3, 20, 30)[0] == 1


def test_one_call_serves_customers_with_times_of_their_own() -> None:
    together = expected_purchases(PAPER, [2, 2, 0], [30, 30, 0], [38, 38, 38], [39, 0, 52])
    alone = [expected_purchases(PAPER, 2, 30, 38, 39)[0], 0, expected_purchases(PAPER, 0, 0, 38, 52)[0]]
    assert together == pytest.approx(alone)


@pytest.mark.parametrize("t", [-1, float("nan")])
def test_one_cannot_forecast_the_past(t: float) -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        expected_purchases(PAPER, 2, 30, 38, t)
    assert refusal.value.code == "bad_time"


@given(st.integers(0, 300), st.floats(0.01, 1), st.floats(0.1, 500), st.floats(0.1, 400), st.floats(0.001, 40))
@settings(max_examples=40)
def test_forecasts_are_possible_and_grow_with_time(x: int, seen: float, T: float, t: float, a: float) -> None:
    model, t_x = BgNbd(r=0.6, alpha=3, a=a, b=2), T * seen if x else 0
    alive = probability_alive(model, x, t_x, T)[0]
    soon, late = expected_purchases(model, x, t_x, T, [t, 2 * t])
    assert 0 <= alive <= 1
    assert 0 <= soon <= late * (1 + 1e-6)
    assert late <= 2 * t * (0.6 + x) / (3 + T) * (1 + 1e-6)  # nobody buys faster than if none had left


@pytest.mark.parametrize(("a", "b"), [(0.8, 2.4), (1e-6, 1.0), (1.0, 1.0), (30.0, 1e5), (0.3, 400.0)])
def test_quadrature_reproduces_the_moments_of_a_beta(a: float, b: float) -> None:
    nodes, weights = beta_rule(a, b)
    assert weights.sum() == pytest.approx(1)
    assert weights @ nodes == pytest.approx(a / (a + b), rel=1e-9)
    assert weights @ nodes**2 == pytest.approx(a * (a + 1) / ((a + b) * (a + b + 1)), rel=1e-9)


@pytest.mark.parametrize("point", [[0.0, 1.0, 0.5, 1.0], [-1.5, 1.5, -3.0, 2.0], [2.0, -1.0, 1.0, 4.0]])
def test_gradients_are_the_slopes_of_the_likelihood(point: list[float]) -> None:
    triples = collapse(summary().x, summary().t_x, summary().T)
    for objective, size in ((bgnbd_objective(triples), 4), (nbd_objective(triples), 2)):
        value_at, gradient_at = lambda p: objective(p)[0], lambda p: objective(p)[1]  # noqa: B023
        assert check_grad(value_at, gradient_at, np.array(point[:size])) < 1e-5


def test_simulated_parameters_are_found_again() -> None:
    base = simulate(40_000, seed=7, r=0.6, alpha=6.0, a=0.8, b=2.4)
    model = fit_bgnbd(base.x, base.t_x, base.T)
    for name, truth in {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.4}.items():
        assert abs(getattr(model, name) - truth) < 3.5 * model.standard_errors[name]
    assert model.loss is CustomerLoss.FOUND
    alive = probability_alive(model, base.x, base.t_x, base.T)
    assert alive.mean() == pytest.approx(base.alive.mean(), abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_a_world_that_nobody_leaves_is_recognised(seed: int) -> None:
    base = simulate(3_000, seed=seed, r=0.8, alpha=8.0, a=0.0)
    model = fit_bgnbd(base.x, base.t_x, base.T)
    assert model.no_loss
    assert model.loss in {CustomerLoss.NONE, CustomerLoss.NOT_PROVEN}
    assert model.r / model.alpha == pytest.approx(0.1, rel=0.1)


def test_no_sign_of_loss_makes_it_an_nbd() -> None:
    base = simulate(3_000, seed=0, r=0.8, alpha=8.0, a=0.0)
    models = [fit_bgnbd(base.x, base.T, base.T), fit_bgnbd(base.x, np.where(base.x > 0, base.T, 0), base.T)]
    for model in models:  # everybody bought on the last day
        assert model.loss is CustomerLoss.NONE
        assert (model.a, model.standard_errors["a"]) == (0, 0)
        assert probability_alive(model, 5, 10, 39)[0] == 1


def test_a_single_buyer_gives_estimates_without_errors() -> None:
    model = fit_bgnbd([1], [10.0], [20.0])
    assert model.covariance is None
    assert all(np.isnan(error) for error in model.standard_errors.values())


def test_customers_who_are_all_alike_leave_the_spread_unknown_but_not_the_rate() -> None:
    model = fit_bgnbd([5] * 20, [10.0] * 20, [10.0] * 20)
    assert model.loss is CustomerLoss.NONE
    assert np.isnan(model.standard_errors["r"])
    assert expected_purchases(model, 5, 10, 10, 10)[0] == pytest.approx(5, rel=1e-5)
    assert model.covariance is not None
    assert model.covariance[1, 1] == pytest.approx(1 / 100, rel=1e-5)  # of a Poisson rate, on 100 orders


def test_customers_of_the_last_day_change_nothing() -> None:
    x, t_x, T = (np.append(column, np.zeros(50)) for column in (summary().x, summary().t_x, summary().T))
    model = fit_bgnbd(x, t_x, T)
    assert model.r == pytest.approx(fitted().r, rel=1e-6)
    assert model.customers == 2_357


def test_repetition_of_the_base_halves_the_variance() -> None:
    columns: list[NDArray[np.float64]] = [np.tile(column, 2) for column in (summary().x, summary().t_x, summary().T)]
    twice = fit_bgnbd(*columns)
    assert twice.alpha == pytest.approx(fitted().alpha, rel=1e-5)
    assert twice.standard_errors["alpha"] == pytest.approx(fitted().standard_errors["alpha"] / 2**0.5, rel=1e-4)


def test_without_a_repeat_order_there_is_nothing_to_fit() -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        fit_bgnbd([0, 0], [0, 0], [10, 20])
    assert refusal.value.code == "no_repeat_orders"


def test_a_large_enough_base_is_fitted_not_assumed() -> None:
    assert fit_or_assume_bgnbd(summary().x, summary().t_x, summary().T).alpha == fitted().alpha
