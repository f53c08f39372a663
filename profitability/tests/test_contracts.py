"""Lifetime value under contract: expected discounted renewals, exact to the last digit, with an honest interval."""

from typing import Any

import numpy as np
import pytest

from profitability.lifetime_value import (
    GammaGamma,
    Horizon,
    LifetimeValueError,
    LifetimeValues,
    ServiceCost,
    ShiftedBetaGeometric,
    Subscribers,
    ValueNote,
    contract_value,
    fit_or_assume_sbg,
)

MODEL = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
MARGINS = GammaGamma(p=6.25, q=3.744, v=15.44)
YEAR = 365.25
HORIZON = Horizon(years=3, discount_rate=0.10)


def subscribers(renewed: Any = 2, due_in: Any = 100, gone: Any = False, term: float = YEAR) -> Subscribers:
    return Subscribers(renewed=renewed, due_in=due_in, gone=gone, term=term)


def value(whose: Subscribers, margin: Any = 20.0, model: ShiftedBetaGeometric = MODEL, **given: Any) -> LifetimeValues:
    return contract_value(model, whose, margin, margins=MARGINS, margin_orders=3, **{"horizon": HORIZON, **given})


def test_the_worked_example_of_the_formulas() -> None:
    """Renewed twice, the next renewal due in 100 days: three fall within three years."""
    found = value(subscribers(), cost=ServiceCost(per_order=5, per_period=0.5))
    kept = [5.806 / 6.474, 6.806 / 7.474, 7.806 / 8.474]
    chances = np.cumprod(kept)
    discounts = [1.1 ** -((100 + year * YEAR) / YEAR) for year in range(3)]
    assert found.orders[0] == pytest.approx(chances @ discounts)
    assert found.orders[0] == pytest.approx(2.2027, abs=5e-5)
    active = [1 if month * YEAR / 12 < 100 else chances[int((month * YEAR / 12 - 100) // YEAR)] for month in range(36)]
    upkeep = sum(0.5 * chance * 1.1 ** (-(month + 1) / 12) for month, chance in enumerate(active))
    margin = (6.25 * 15.44 + 6.25 * 3 * 20) / (6.25 * 3 + 2.744)
    assert found.value[0] == pytest.approx(found.orders[0] * (margin - 5) - upkeep)
    assert found.value[0] == pytest.approx(23.97, abs=0.005)
    assert (found.note[0], found.probability_alive[0]) == (ValueNote.CONTRACT, 1)


def test_at_a_yearly_horizon_renewals_are_those_of_the_model() -> None:
    renewed = np.arange(6)
    found = value(subscribers(renewed, due_in=YEAR - 1e-6), horizon=Horizon(years=4, discount_rate=0.2))
    assert found.orders == pytest.approx(MODEL.expected_renewals(renewed, 4, discount_rate=0.2), rel=1e-6)
    assert (np.diff(found.value) > 0).all()  # the longer one has stayed, the more one is worth


def test_many_futures_come_out_as_the_value_and_its_interval_say() -> None:
    """Single subscribers whose futures are thrown many times: mean, second moment, and four in five within."""
    rng, times = np.random.default_rng(11), 200_000
    found = value(subscribers(3, 10, term=YEAR / 12), margin=20.0)
    leaves = rng.beta(MODEL.alpha, MODEL.beta + 3, times)
    renewals = rng.geometric(leaves) - 1
    when = (10 + np.arange(36) * YEAR / 12) / YEAR
    discounted = np.append(0, np.cumsum(np.where(when < 3, 1.1**-when, 0)))[renewals.clip(max=36)]
    assert found.orders[0] == pytest.approx(discounted.mean(), rel=0.005)
    worth = discounted * found.contribution[0]
    assert np.mean((worth >= found.low[0]) & (worth <= found.high[0])) >= 0.8
    assert found.low[0] < worth.mean() < found.high[0]


def test_a_subscriber_among_many_is_worth_the_same_as_alone() -> None:
    renewed, due, gone = [0, 5, 5, 0], [30, 10, 10, 0], [False, False, False, True]
    many = value(subscribers(renewed, due, gone))
    for place in range(4):
        alone = value(subscribers(renewed[place], due[place], gone[place]))
        for name in ("value", "low", "high", "orders", "periods", "probability_alive"):
            assert getattr(many, name)[place] == pytest.approx(getattr(alone, name)[0], rel=1e-12)


def test_whoever_did_not_renew_is_worth_nothing_and_one_who_is_late_a_little_less() -> None:
    gone, late, running = (value(subscribers(2, due, left)) for due, left in ((0, True), (0, False), (1, False)))
    assert (gone.value[0], gone.low[0], gone.high[0], gone.probability_alive[0]) == (0, 0, 0, 0)
    assert gone.note[0] == ValueNote.CONTRACT_ENDED
    assert late.probability_alive[0] == pytest.approx(5.806 / 6.474)
    assert running.probability_alive[0] == 1


@pytest.mark.parametrize(
    ("margin", "model", "note"),
    [
        (20.0, MODEL, ValueNote.CONTRACT),
        (-20.0, MODEL, ValueNote.NEGATIVE_MARGIN),
        (20.0, fit_or_assume_sbg([1, 2], [True, False]), ValueNote.CONTRACT_FEW_RENEWALS),
    ],
)
def test_every_value_says_how_it_was_reached(margin: float, model: ShiftedBetaGeometric, note: ValueNote) -> None:
    found = value(subscribers(), margin, model)
    assert found.note[0] == note
    assert found.low[0] <= found.value[0] <= found.high[0]


def test_few_renewals_give_an_assumed_model_that_keeps_the_churn_seen() -> None:
    model = fit_or_assume_sbg([1, 3, 2, 0], [True, False, False, False])
    assert model.assumed
    assert float(1 - model.retention(1)) == pytest.approx((1 + 0.5) / (6 + 1))
    nobody_left = fit_or_assume_sbg(np.full(40, 6), np.zeros(40, bool))
    assert nobody_left.assumed  # however many: that nobody ever leaves is no forecast
    assert float(1 - nobody_left.retention(1)) == pytest.approx(0.5 / 241)


def test_errors_of_estimation_widen_the_interval() -> None:
    sure = value(subscribers(), model=MODEL)
    unsure = value(subscribers(), model=ShiftedBetaGeometric(alpha=0.668, beta=3.806, covariance=np.eye(2) * 0.25))
    assert unsure.value[0] == sure.value[0]
    assert unsure.high[0] - unsure.low[0] > sure.high[0] - sure.low[0]
    assert unsure.equity.high - unsure.equity.low > sure.equity.high - sure.equity.low


def test_what_cannot_be_forecast_is_refused() -> None:
    for whose, code in ((subscribers(term=0), "bad_term"), (subscribers(-1), "bad_renewals")):
        with pytest.raises(LifetimeValueError) as refusal:
            value(whose)
        assert refusal.value.code == code
