"""Lifetime value net of cost to serve: sane, noted and honest about its spread, for every kind of customer."""

import math
from dataclasses import replace

import numpy as np
import pytest

from profitability.lifetime_value import (
    FITS,
    BgNbd,
    GammaGamma,
    Horizon,
    LifetimeValueError,
    LifetimeValues,
    ServiceCost,
    ValueNote,
    expected_purchases,
    fit_bgnbd,
    fit_or_assume_bgnbd,
    fit_or_assume_gamma_gamma,
    lifetime_value,
    probability_alive,
)
from profitability.tests.purchases import Simulated, simulate, simulate_pareto

MODEL = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
MARGINS = GammaGamma(p=6.25, q=3.744, v=15.44)
CUSTOMER = (2, 30.43, 38.86)


def value(margin: float = 20.0, *, cost: ServiceCost | None = None, horizon: Horizon | None = None) -> LifetimeValues:
    return lifetime_value(
        MODEL, *CUSTOMER, margin, margins=MARGINS, cost=cost or ServiceCost(), horizon=horizon or Horizon()
    )


def test_the_worked_example_of_the_formulas() -> None:
    horizon = Horizon(years=2, discount_rate=0.10, periods_per_year=1)
    result = value(cost=ServiceCost(per_order=5, per_period=2), horizon=horizon)
    year = 365.25 / 7
    orders = expected_purchases(MODEL, *CUSTOMER, [year, 2 * year])
    alive = probability_alive(MODEL, *CUSTOMER)[0]
    alive_later = alive * MODEL.survival_if_active(2, np.array([38.86]), np.array([[year]]))[0, 0]
    margin = result.contribution[0] + 5
    assert margin == pytest.approx((2.744 * (6.25 * 15.44 / 2.744) + 6.25 * 3 * 20) / (6.25 * 3 + 2.744))
    by_hand = (orders[0] * (margin - 5) - alive * 2) / 1.1
    by_hand += ((orders[1] - orders[0]) * (margin - 5) - alive_later * 2) / 1.21
    assert result.value[0] == pytest.approx(by_hand, rel=1e-6)
    assert result.value[0] == pytest.approx(37.44, abs=0.005)


def test_without_discount_the_orders_are_those_expected() -> None:
    x, t_x, T = [0, 1, 2, 30], [0, 20, 30.43, 38], [10, 30, 38.86, 38.86]
    horizon = Horizon(years=3, discount_rate=0)
    result = lifetime_value(MODEL, x, t_x, T, 1.0, margins=MARGINS, horizon=horizon)
    assert result.orders == pytest.approx(expected_purchases(MODEL, x, t_x, T, horizon.edges[-1]), rel=1e-9)


@pytest.mark.filterwarnings("error")
def test_who_has_left_for_certain_has_an_interval_of_nothing_but_upkeep() -> None:
    """After 2,000 orders in 100 weeks and then 900 weeks of silence, being active is less likely than floats tell."""
    model = replace(MODEL, covariance=np.diag([0.01, 0.01, 0.01, 0.01]))
    result = lifetime_value(model, [2000, 400], [100, 99], [1000, 100], 20.0, margins=MARGINS)
    assert result.probability_alive[0] < 1e-300
    assert result.low[0] == result.value[0] == result.high[0] == 0
    assert result.low[1] < result.value[1] < result.high[1]


def test_a_customer_among_many_is_worth_the_same_as_alone() -> None:
    base = simulate(3_000, seed=5)
    many = lifetime_value(MODEL, base.x, base.t_x, base.T, 10.0, margins=MARGINS)
    some = slice(0, 20)
    few = lifetime_value(MODEL, base.x[some], base.t_x[some], base.T[some], 10.0, margins=MARGINS)
    for name in ("value", "low", "high", "orders", "periods", "probability_alive"):
        assert getattr(many, name)[some] == pytest.approx(getattr(few, name), rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(
    ("dearer", "cheaper"),
    [
        ({"cost": ServiceCost(per_order=1)}, {}),
        ({"cost": ServiceCost(per_period=0.1)}, {}),
        ({"horizon": Horizon(discount_rate=0.2)}, {"horizon": Horizon(discount_rate=0.1)}),
        ({"horizon": Horizon(years=1)}, {"horizon": Horizon(years=5)}),
        ({"margin": 19.0}, {"margin": 20.0}),
    ],
)
def test_cost_haste_and_thin_margins_lower_the_value(dearer: dict, cheaper: dict) -> None:
    assert value(**dearer).value[0] < value(**cheaper).value[0]


@pytest.mark.parametrize(
    ("x", "T", "margin", "orders", "note"),
    [
        (3, 39.0, 20.0, 4, ValueNote.MODEL),
        (0, 39.0, 20.0, 1, ValueNote.FEW_ORDERS_SEGMENT_MEAN),
        (3, 39.0, math.nan, 4, ValueNote.FEW_ORDERS_SEGMENT_MEAN),
        (3, 39.0, -20.0, 4, ValueNote.NEGATIVE_MARGIN),
        (0, math.nan, math.nan, 0, ValueNote.NO_ORDERS),
    ],
)
def test_every_value_says_how_it_was_reached(x: int, T: float, margin: float, orders: int, note: ValueNote) -> None:
    result = lifetime_value(MODEL, x, x * 10, T, margin, margins=MARGINS, margin_orders=orders)
    assert result.note[0] == note
    assert np.isfinite([result.value[0], result.low[0], result.high[0]]).all()
    assert result.low[0] <= result.value[0] <= result.high[0]


def test_who_never_ordered_is_worth_nothing_yet_and_it_is_said() -> None:
    result = lifetime_value(MODEL, [0, 2], [0, 30.43], [math.nan, 38.86], [math.nan, 20], margins=MARGINS)
    assert result.value[0] == result.high[0] == result.probability_alive[0] == 0
    assert result.value[1] == value().value[0]
    assert result.note.tolist() == [ValueNote.NO_ORDERS, ValueNote.MODEL]


def test_a_base_of_prospects_alone_has_no_equity() -> None:
    result = lifetime_value(MODEL, [0, 0], [0, 0], [math.nan, math.nan], math.nan, margins=MARGINS)
    assert (result.equity.value, result.equity.low, result.equity.high) == (0, 0, 0)


def test_orders_that_lose_money_make_a_negative_value() -> None:
    result = value(margin=-80.0)
    assert result.contribution[0] < 0
    assert result.low[0] < result.value[0] < 0


def test_upkeep_can_cost_more_than_orders_bring() -> None:
    result = value(margin=1.0, cost=ServiceCost(per_order=8, per_period=1))
    assert result.low[0] < result.value[0] < 0


def test_first_orders_are_valued_by_their_segment_when_it_is_large_enough() -> None:
    count = 62
    segment = np.array([0] * 30 + [1] * 30 + [2, -1])
    margin = np.where(segment == 1, 100.0, 10.0)
    result = lifetime_value(MODEL, np.zeros(count), 0, 30.0, margin, margins=MARGINS, segment=segment)
    own, everybody = MARGINS.credibility(1), MARGINS.population_mean
    assert result.contribution[0] == pytest.approx(10)
    assert result.contribution[30] == pytest.approx(100)
    assert result.contribution[60:] == pytest.approx((1 - own) * everybody + own * 10)  # alone in it, or in none


def test_a_small_base_gets_assumed_models_and_says_so() -> None:
    x, t_x, T, margin = [1, 0, 2], [4.0, 0.0, 9.0], [10.0, 12.0, 20.0], [30.0, 10.0, 20.0]
    model, margins = fit_or_assume_bgnbd(x, t_x, T), fit_or_assume_gamma_gamma([2, 1, 3], margin)
    result = lifetime_value(model, x, t_x, T, margin, margins=margins)
    assert model.assumed
    assert margins.assumed
    assert model.r / model.alpha == pytest.approx(3.5 / 42)
    assert margins.population_mean == pytest.approx(20)
    assert set(result.note.tolist()) == {ValueNote.BASE_TOO_SMALL}
    assert (result.value > 0).all()


@pytest.mark.parametrize(("x", "T"), [([], []), ([0], [0.0]), ([0, 0], [0.0, 5.0])])
def test_the_smallest_bases_never_crash(x: list[int], T: list[float]) -> None:
    model, margins = fit_or_assume_bgnbd(x, np.zeros(len(x)), T), fit_or_assume_gamma_gamma(x, np.zeros(len(x)))
    result = lifetime_value(model, x, np.zeros(len(x)), T, np.zeros(len(x)), margins=margins)
    assert np.isfinite(result.value).all()
    assert len(result.value) == len(x)


WORLDS = {
    "bgnbd": (simulate, {"a": 0.3, "b": 6.0}),
    "mbgnbd": (simulate, {"a": 0.3, "b": 6.0, "early": True}),
    "pareto_nbd": (simulate_pareto, {"s": 0.6, "beta": 60.0}),
}
YEARS = 3.0


def future(model: str, *, customers: int, seed: int) -> tuple[Simulated, LifetimeValues, np.ndarray]:
    """Simulated customers, their values from a model fitted on them, and what they really brought in three years."""
    world, parameters = WORLDS[model]
    base = world(customers, seed, r=1.0, alpha=6.0, weeks=156, weeks_after=YEARS * 365.25 / 7, **parameters)
    random = np.random.default_rng(seed + 1)
    p, q, v = 4.0, 5.0, 40.0
    rate = random.gamma(q, 1 / v, customers)
    seen = random.gamma(p * (base.x + 1), 1 / rate) / (base.x + 1)
    came = np.where(base.later > 0, random.gamma(p * np.maximum(base.later, 1), 1 / rate), 0)
    result = lifetime_value(
        FITS[model](base.x, base.t_x, base.T),
        base.x,
        base.t_x,
        base.T,
        seen,
        margins=fit_or_assume_gamma_gamma(base.x + 1, seen),
        horizon=Horizon(years=YEARS, discount_rate=0, periods_per_year=4),
    )
    return base, result, came


@pytest.mark.parametrize("model", WORLDS)
def test_intervals_hold_what_then_happens_about_as_often_as_they_say(model: str) -> None:
    base, result, came = future(model, customers=20_000, seed=11)
    above, below = came > result.high, came < result.low
    assert 0.07 < above.mean() < 0.12
    assert below.mean() < 0.06  # often nobody: for most, less than nothing cannot come
    sure = result.probability_alive >= 0.9
    for busy in (sure & (base.x >= 3), sure & (base.x >= 10), sure & (base.x >= 3) & (base.T > 117)):
        assert np.count_nonzero(busy) > 2_000
        assert 0.085 < above[busy].mean() < 0.115
        assert 0.07 < below[busy].mean() < 0.11


def test_equity_comes_out_within_its_interval_about_as_often_as_it_says() -> None:
    inside, worth_ten = 0, GammaGamma(p=1e6, q=1e6, v=10.0)
    year = Horizon(years=1, discount_rate=0)
    for seed in range(12):
        base = simulate(3_000, seed, weeks_after=365.25 / 7)
        model = fit_bgnbd(base.x, base.t_x, base.T)
        equity = lifetime_value(model, base.x, base.t_x, base.T, 10.0, margins=worth_ten, horizon=year).equity
        inside += equity.low < 10 * base.later.sum() < equity.high
        assert equity.high - equity.low < 0.2 * equity.value
    assert 8 <= inside <= 11


def test_equity_is_the_sum_and_keeps_the_shared_error() -> None:
    base = simulate(2_000, seed=3)
    model = fit_bgnbd(base.x, base.t_x, base.T)
    columns = (base.x, base.t_x, base.T, 10.0)
    year = Horizon(years=1)
    sure = lifetime_value(replace(model, covariance=None), *columns, margins=MARGINS, horizon=year)
    unsure = lifetime_value(model, *columns, margins=MARGINS, horizon=year)
    assert sure.equity.value == pytest.approx(sure.value.sum())
    assert unsure.equity.value == pytest.approx(sure.equity.value)
    assert unsure.equity.high - unsure.equity.low > 1.2 * (sure.equity.high - sure.equity.low)


def test_a_higher_confidence_widens_the_interval() -> None:
    narrow = lifetime_value(MODEL, *CUSTOMER, 20.0, margins=MARGINS, confidence=0.5)
    wide = lifetime_value(MODEL, *CUSTOMER, 20.0, margins=MARGINS, confidence=0.95)
    assert wide.low[0] <= narrow.low[0] < narrow.high[0] < wide.high[0]


def test_customers_whose_orders_surely_earn_cannot_lose_more_than_upkeep() -> None:
    result = value(margin=50.0, cost=ServiceCost(per_period=0.5))
    assert result.low[0] >= -0.5 * result.periods[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"confidence": 1.0}, "bad_confidence"),
        ({"margin": [1.0, 2.0, 3.0], "segment": [1, 2]}, "lengths_differ"),
        ({"margin": math.inf}, "not_finite"),
        ({"cost": ServiceCost(per_order=math.nan)}, "not_finite"),
    ],
)
def test_unusable_columns_are_refused(change: dict, code: str) -> None:
    arguments = {"margin": 20.0, "margins": MARGINS, **change}
    with pytest.raises(LifetimeValueError) as refusal:
        lifetime_value(MODEL, *CUSTOMER, **arguments)
    assert refusal.value.code == code


@pytest.mark.parametrize("change", [{"years": 0}, {"periods_per_year": 0}, {"discount_rate": -1}])
def test_a_horizon_must_make_sense(change: dict) -> None:
    with pytest.raises(LifetimeValueError, match="above zero"):
        Horizon(**change)
