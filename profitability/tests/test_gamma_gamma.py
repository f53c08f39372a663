"""Gamma-Gamma against published figures, by its own formula, and where it must step back."""

from functools import cache

import numpy as np
import pytest
from scipy.optimize import check_grad

from profitability.lifetime_value import (
    GammaGamma,
    LifetimeValueError,
    expected_average_value,
    fit_gamma_gamma,
    fit_or_assume_gamma_gamma,
    summarise,
)
from profitability.lifetime_value.gamma_gamma import gamma_gamma_objective
from profitability.tests.purchases import cdnow_sample


@cache
def fitted() -> GammaGamma:
    summary = summarise(cdnow_sample().columns, "1997-09-30")
    return fit_gamma_gamma(summary.x, summary.m)


def values(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of orders and mean values of a world with p 6, q 4, v 15."""
    random = np.random.default_rng(seed)
    orders = random.integers(1, 9, count)
    return orders, random.gamma(6 * orders, 1 / random.gamma(4, 1 / 15, count)) / orders


@pytest.mark.parametrize(("parameter", "estimate"), [("p", 6.24957), ("q", 3.74422), ("v", 15.44352)])
def test_cdnow_estimates_are_those_published(parameter: str, estimate: float) -> None:
    assert getattr(fitted(), parameter) == pytest.approx(estimate, abs=6e-6)
    assert fitted().standard_errors[parameter] > 0


def test_cdnow_likelihood_and_mean_are_those_published() -> None:
    assert fitted().log_likelihood == pytest.approx(-4_055.9177, abs=5e-5)
    assert fitted().population_mean == pytest.approx(35.170371, abs=5e-7)
    assert (fitted().customers, fitted().ignored) == (946, 1_411)
    assert fitted().correlation == pytest.approx(0.114, abs=0.001)
    assert not fitted().correlated


@pytest.mark.parametrize(
    ("x", "m", "expected"),
    [
        (0, 0.0, 96.5 / 2.75),  # nobody's own: pv / (q - 1)
        (2, 20.0, (96.5 + 12.5 * 20) / (12.5 + 2.75)),
        (1_000_000, 20.0, 20.0),
    ],
)
def test_the_expectation_leans_on_the_customers_own_mean_as_orders_grow(x: int, m: float, expected: float) -> None:
    model = GammaGamma(p=6.25, q=3.75, v=15.44)
    assert expected_average_value(model, x, m)[0] == pytest.approx(expected, rel=1e-5)


def test_simulated_parameters_are_found_again() -> None:
    model = fit_gamma_gamma(*values(30_000))
    for name, truth in {"p": 6, "q": 4, "v": 15}.items():
        assert abs(getattr(model, name) - truth) < 3.5 * model.standard_errors[name]


def test_the_unit_of_money_does_not_matter() -> None:
    orders, means = values(500)
    euros, cents = fit_gamma_gamma(orders, means), fit_gamma_gamma(orders, means * 100)
    assert (cents.p, cents.q, cents.v) == pytest.approx((euros.p, euros.q, euros.v * 100), rel=1e-4)


@pytest.mark.parametrize("point", [[0.5, 1.0, 2.0], [2.0, -0.5, 3.0]])
def test_gradients_are_the_slopes_of_the_likelihood(point: list[float]) -> None:
    orders, means = values(200)
    objective = gamma_gamma_objective(orders.astype(float), means)
    assert check_grad(lambda p: objective(p)[0], lambda p: objective(p)[1], np.array(point)) < 1e-5


def test_means_that_are_not_positive_are_left_out_and_counted() -> None:
    orders, means = values(300)
    model = fit_gamma_gamma(np.append(orders, [3, 3, 0]), np.append(means, [0, -5, 20]))
    assert model.p == fit_gamma_gamma(orders, means).p
    assert (model.customers, model.ignored) == (300, 3)


def test_values_that_go_with_numbers_of_orders_are_pointed_out() -> None:
    orders, means = values(300)
    assert fit_gamma_gamma(orders, means * orders).correlated
    assert fit_gamma_gamma(np.ones(300), means).correlation == 0


@pytest.mark.parametrize(
    ("x", "m", "code"),
    [
        ([1, 2], [5.0, 5.0], "values_all_alike"),
        ([0, 0], [5.0, 6.0], "values_all_alike"),
        ([1, 2], [5.0], "lengths_differ"),
        ([1, 2], [5.0, float("nan")], "not_finite"),
        ([1, -2], [5.0, 6.0], "not_finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(x: list[int], m: list[float], code: str) -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        fit_gamma_gamma(x, m)
    assert refusal.value.code == code


def test_a_small_base_is_assumed_around_its_mean() -> None:
    model = fit_or_assume_gamma_gamma([1, 2, 0], [10.0, -4.0, 99.0])
    assert model.assumed
    assert (model.population_mean, model.customers, model.ignored) == (3, 2, 1)
    assert model.credibility([0, 1, 2, 8]).tolist() == pytest.approx([0, 1 / 3, 0.5, 0.8])


@pytest.mark.parametrize(("count", "assumed"), [(29, True), (30, False)])
def test_thirty_customers_are_enough(count: int, assumed: bool) -> None:
    assert fit_or_assume_gamma_gamma(*values(count)).assumed is assumed


def test_one_price_for_everybody_is_assumed_not_fitted() -> None:
    model = fit_or_assume_gamma_gamma(np.ones(50), np.full(50, 9.9))
    assert model.assumed
    assert model.population_mean == pytest.approx(9.9)


def test_a_mean_that_does_not_exist_is_that_of_the_sample_or_refused() -> None:
    heavy_tailed = GammaGamma(p=2, q=0.9, v=10, sample_mean=40)
    assert heavy_tailed.population_mean == 40
    assert expected_average_value(heavy_tailed, [0, 3], [0, 12]).tolist() == [40, 12]
    with pytest.raises(LifetimeValueError, match="mean of the sample"):
        _ = GammaGamma(p=2, q=0.9, v=10).population_mean
