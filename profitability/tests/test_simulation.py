"""Posterior simulation: draws that are those of scipy, and quantiles that hold as often as they say."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import betaincinv, gammaincinv
from scipy.stats import qmc

from profitability.lifetime_value import (
    FITS,
    BgNbd,
    FittedModel,
    GammaGamma,
    Horizon,
    Ledger,
    MbgNbd,
    ParetoNbd,
    collapse,
    lifetime_value,
)
from profitability.lifetime_value.draws import BITS, DRAWS, LEAVING, RATE, UNIFORM, beta_draws, gamma_draws, sobol
from profitability.lifetime_value.ledger import came_between, known_at
from profitability.lifetime_value.outlook import prospects
from profitability.lifetime_value.simulation import orders_quantiles, shapes_of
from profitability.lifetime_value.summary import Floats
from profitability.tests.futures import discounted_orders
from profitability.tests.purchases import cdnow_master

LEVELS = (0.1, 0.5, 0.9)
# Orders, the week of the last one, and the weeks observed: new and old, rare and frequent, hardly active, nearly sure.
CUSTOMERS = (
    [0, 1, 2, 3, 5, 9, 11, 30, 200],
    [0, 30, 35, 36, 110, 77, 77, 149, 149],
    [20, 40, 37, 40, 120, 79, 78, 150, 150],
)
MODELS: list[FittedModel] = [
    BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426),
    MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614),
    ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669),
    BgNbd(r=1.2, alpha=6.0, a=0.05, b=3.0),  # hardly anybody leaves
    BgNbd(r=0.8, alpha=6.0, a=0, b=1.0),  # nobody does
    ParetoNbd(r=1e6, alpha=1e7, s=1e6, beta=4e8),  # all are alike
]
HORIZONS = [Horizon(), Horizon(years=10, discount_rate=0.2, periods_per_year=1)]


def quantiles(model: FittedModel, horizon: Horizon, some: slice = slice(None)) -> tuple[Floats, ...]:
    triples = collapse(*(np.array(column, float)[some] for column in CUSTOMERS))
    alive = model.probability_alive(triples.x, triples.t_x, triples.T)
    expected = prospects(model, triples, horizon).orders
    return tuple(triples.spread(found) for found in orders_quantiles(model, triples, expected, alive, horizon, LEVELS))


def test_draws_are_the_sobol_sequence_of_scipy() -> None:
    assert np.array_equal(sobol(), qmc.Sobol(d=5, scramble=False).random_base2(BITS).T)


@pytest.mark.parametrize("shape", [0.25, 1.0, 30.0, 1e6])
def test_draws_follow_their_distributions(shape: float) -> None:
    """Looked up between some quantiles: as good as at each draw."""
    assert gamma_draws(shape, RATE) == pytest.approx(gammaincinv(shape, UNIFORM[RATE]), rel=0.006, abs=1e-12)
    assert beta_draws(shape, 2.4, LEAVING) == pytest.approx(betaincinv(shape, 2.4, UNIFORM[LEAVING]), rel=0.006)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("horizon", HORIZONS, ids=["three years", "ten years"])
def test_quantiles_hold_as_often_as_they_say(model: FittedModel, horizon: Horizon) -> None:
    """Against futures drawn order by order; what differs by less than a twentieth of an order is the same."""
    random, futures = np.random.default_rng(2), 10_000
    found = quantiles(model, horizon)
    for place, (x, t_x, T) in enumerate(zip(*CUSTOMERS, strict=True)):
        alive = model.probability_alive(x, t_x, T)[0]
        came = discounted_orders(
            model, np.full(futures, x), np.full(futures, float(T)), np.full(futures, alive), horizon, random
        )
        for level, quantile in zip(LEVELS, found, strict=True):
            same = 0.05 + 0.005 * quantile[place]
            assert np.mean(came < quantile[place] - same) < level + 0.02
            assert np.mean(came <= quantile[place] + same) > level - 0.02


def test_a_figure_follows_from_the_customer_and_the_model_alone() -> None:
    for model in MODELS:
        together = quantiles(model, HORIZONS[0])
        shapes_of.cache_clear()
        alone = [quantiles(model, HORIZONS[0], slice(place, place + 1)) for place in range(len(CUSTOMERS[0]))]
        assert np.array(together) == pytest.approx(np.array(alone)[..., 0].T, rel=1e-12)


def test_what_was_simulated_is_found_again_by_a_model_with_the_same_parameters() -> None:
    model = MODELS[0]
    read_back = replace(model, covariance=np.eye(4), standard_errors={"r": 0.1})
    assert shapes_of(read_back, Horizon()) is shapes_of(model, Horizon())
    assert shapes_of(replace(model, r=0.25), Horizon()) is not shapes_of(model, Horizon())


def test_whoever_has_left_more_likely_than_not_may_order_nothing() -> None:
    model = MODELS[0]
    triples = collapse([40], [10.0], [30.0])
    alive = model.probability_alive(triples.x, triples.t_x, triples.T)
    found = orders_quantiles(model, triples, prospects(model, triples, Horizon()).orders, alive, Horizon(), LEVELS)
    assert alive[0] < 0.5
    assert found[0][0] == found[1][0] == 0
    assert len(shapes_of(model, Horizon()).at(0, [0])[0]) == DRAWS


def test_orders_held_back_of_cdnow_lie_within_the_interval_of_what_each_customer_may_order() -> None:
    """39 weeks after 39, undiscounted, each order worth 1 for certain. All models forecast too few of these orders."""
    bought = cdnow_master()
    day = bought.date.astype("datetime64[D]").astype(np.int64)
    ledger = Ledger(customer=bought.customer, day=day, ordered=np.ones(len(day), bool), value=bought.value)
    split, end = (int(np.datetime64(last).astype(np.int64)) for last in ("1997-09-30", "1998-06-30"))
    known = known_at(ledger, split)
    came = came_between(ledger, known.customers, split, end).orders
    history = (known.x, known.t_x, known.T)
    values = lifetime_value(
        FITS["pareto_nbd"](*history),
        *history,
        1.0,
        margins=GammaGamma(p=1e9, q=1e9, v=1.0),
        horizon=Horizon(years=(end - split) / 365.25, discount_rate=0),
    )
    inside = (came >= values.low - 0.01) & (came <= values.high + 0.01)
    sure = (known.x >= 3) & (values.probability_alive >= 0.9)
    assert np.count_nonzero(sure) == 1_268
    assert inside.mean() == pytest.approx(0.87, abs=0.01)
    assert inside[sure].mean() == pytest.approx(0.865, abs=0.01)
