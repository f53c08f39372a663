"""Errors of estimation by the bootstrap: those of full refits, of the curvature where the model is true, and stable."""

from dataclasses import replace

import numpy as np
import pytest

from profitability.lifetime_value import FITS, CustomerLoss, Summary, fit_or_assume, fit_sbg, summarise
from profitability.lifetime_value.bootstrap import SAMPLES, bootstrap
from profitability.lifetime_value.summary import Floats
from profitability.tests.purchases import cdnow_sample, simulate, simulate_pareto


@pytest.fixture(scope="module")
def cdnow() -> Summary:
    return summarise(cdnow_sample().columns, "1997-09-30")


def errors(covariance: Floats | None) -> Floats:
    assert covariance is not None
    return np.sqrt(np.diag(covariance))


def beside_curvature(name: str, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Errors by the bootstrap, over those by the curvature."""
    model = FITS[name](x, t_x, T)
    return errors(bootstrap(model, x, t_x, T)) / errors(model.covariance)


def test_errors_are_those_of_fitting_anew_what_was_drawn_anew(cdnow: Summary) -> None:
    x, t_x, T, _ = cdnow
    model, random, refits = FITS["bgnbd"](x, t_x, T), np.random.default_rng(4), []
    for _ in range(120):
        drawn = random.integers(0, len(x), len(x))
        refit = FITS["bgnbd"](x[drawn], t_x[drawn], T[drawn])
        refits.append(np.log([getattr(refit, name) for name in ("r", "alpha", "a", "b")]))
    assert errors(bootstrap(model, x, t_x, T)) == pytest.approx(np.std(refits, axis=0), rel=0.15)


@pytest.mark.parametrize(("name", "of_alpha"), [("bgnbd", 1.2), ("mbgnbd", 1.35), ("pareto_nbd", 1.4)])
def test_on_real_orders_alpha_is_less_certain_than_the_curvature_says(
    cdnow: Summary, name: str, of_alpha: float
) -> None:
    x, t_x, T, _ = cdnow
    ratio = beside_curvature(name, x, t_x, T)
    assert ratio[1] == pytest.approx(of_alpha, abs=0.1)
    assert ratio == pytest.approx(np.ones(4), abs=0.5)


@pytest.mark.parametrize("customers", [5_000, 60_000])
def test_where_the_model_is_true_errors_are_those_of_the_curvature(customers: int) -> None:
    """Of the larger base samples are drawn that are smaller than it."""
    buyers = simulate(customers, seed=8)
    ratio = beside_curvature("bgnbd", buyers.x, buyers.t_x, buyers.T)
    assert ratio == pytest.approx(np.ones(4), abs=0.12)
    buyers = simulate_pareto(customers, seed=8, r=0.6, alpha=8, s=0.7, beta=12)
    ratio = beside_curvature("pareto_nbd", buyers.x, buyers.t_x, buyers.T)
    assert ratio == pytest.approx(np.ones(4), abs=0.12)


def test_what_is_no_parameter_or_held_at_its_largest_value_has_no_error() -> None:
    buyers = simulate(4_000, seed=2, r=0.7, alpha=7, a=0)
    nbd = FITS["bgnbd"](buyers.x, buyers.t_x, buyers.T)
    assert nbd.loss is CustomerLoss.NONE
    found = errors(bootstrap(nbd, buyers.x, buyers.t_x, buyers.T))
    assert found[:2] == pytest.approx(errors(nbd.covariance)[:2], rel=0.12)
    assert found[2:].tolist() == [0, 0]
    alike = simulate_pareto(20_000, seed=5, r=0.7, alpha=7, s=1e6, beta=1e6 * 60)
    model = FITS["pareto_nbd"](alike.x, alike.t_x, alike.T)
    assert model.loss is CustomerLoss.ALIKE
    found = errors(bootstrap(model, alike.x, alike.t_x, alike.T))
    assert found[2] == 0
    assert 0 < found[3] < 0.1


def test_it_is_the_same_every_time_and_none_where_nothing_is_determined(cdnow: Summary) -> None:
    x, t_x, T, _ = cdnow
    model = FITS["bgnbd"](x, t_x, T)
    assert np.array_equal(errors(bootstrap(model, x, t_x, T)), errors(bootstrap(model, x, t_x, T)))
    assert bootstrap(replace(model, covariance=None), x, t_x, T) is None


def test_values_rest_on_it_and_printed_errors_are_those_published(cdnow: Summary) -> None:
    x, t_x, T, _ = cdnow
    alone, used = FITS["bgnbd"](x, t_x, T), fit_or_assume("bgnbd", x, t_x, T)
    assert used == alone
    assert used.standard_errors == alone.standard_errors
    assert np.array_equal(errors(used.covariance), errors(bootstrap(alone, x, t_x, T)))


def test_of_contracts_likewise() -> None:
    """A world of sBG: the errors are those of the curvature."""
    random = np.random.default_rng(3)
    leaves = random.geometric(random.beta(0.7, 3.8, 20_000))
    model = fit_sbg(np.minimum(leaves, 7), leaves <= 7)
    by_curvature = [model.standard_errors["alpha"] / model.alpha, model.standard_errors["beta"] / model.beta]
    assert errors(model.covariance) == pytest.approx(by_curvature, rel=3 / np.sqrt(2 * SAMPLES))
