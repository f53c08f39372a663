"""The shifted-beta-geometric model against the published fits of two groups of subscribers."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from profitability.lifetime_value import CustomerLoss, LifetimeValueError, ShiftedBetaGeometric, fit_sbg
from profitability.lifetime_value.sbg import sbg_objective

# Of 1,000 subscribers, how many were left after 0, 1, ... 7 years (Fader & Hardie 2007, figure 1).
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def subscribers(left_over: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """How often each was asked, and who left."""
    lost, last = -np.diff(left_over), left_over[-1]
    asked = np.concatenate([np.repeat(np.arange(1, len(left_over)), lost), np.full(last, len(left_over) - 1)])
    return asked, np.arange(len(asked)) < lost.sum()


@pytest.mark.parametrize(
    ("left_over", "alpha", "beta", "log_likelihood", "after_twelve"),
    [(HIGH_END, 0.668, 3.806, -1_611.16, 0.378), (REGULAR, 0.704, 1.182, -1_680.27, 0.170)],
)
def test_published_fits(
    left_over: list[int], alpha: float, beta: float, log_likelihood: float, after_twelve: float
) -> None:
    model = fit_sbg(*subscribers(left_over))
    assert (model.alpha, model.beta) == pytest.approx((alpha, beta), abs=5e-4)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=5e-3)
    assert float(model.survival(12)) == pytest.approx(after_twelve, abs=5e-4)
    assert model.customers == 1_000
    assert all(0 < error < 1 for error in model.standard_errors.values())


def test_retention_rises_and_its_product_is_survival() -> None:
    model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    renewals = np.arange(1, 8)
    assert float(model.retention(1)) == pytest.approx(3.806 / 4.474)  # the worked example of the formulas
    assert (np.diff(model.retention(renewals)) > 0).all()
    assert np.cumprod(model.retention(renewals)) == pytest.approx(model.survival(renewals))


def test_renewals_to_come_are_more_the_longer_one_has_stayed() -> None:
    model = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    new, old = model.expected_renewals([0, 5], 2, discount_rate=0.1)
    assert new == pytest.approx(float(model.survival(1)) / 1.1 + float(model.survival(2)) / 1.21)
    assert new < old < 1 / 1.1 + 1 / 1.21


def test_nobody_leaving_is_said_not_raised() -> None:
    model = fit_sbg([1, 3, 0], [False, False, True])
    assert (model.loss, model.alpha, model.customers) == (CustomerLoss.NONE, 0, 2)
    assert model.retention([1, 10]).tolist() == [1, 1]
    assert model.expected_renewals(4, 5).tolist() == [5]


def test_the_gradient_is_the_slope_of_the_likelihood() -> None:
    objective = sbg_objective(np.array([1.0, 2, 5, 5]), np.array([True, True, True, False]), np.full(4, 0.25))
    assert check_grad(lambda p: objective(p)[0], lambda p: objective(p)[1], np.array([0.3, -0.4])) < 1e-6


@pytest.mark.parametrize(
    ("asked", "left", "code"),
    [([1, 2], [True], "lengths_differ"), ([1.5], [True], "bad_renewals"), ([0, 0], [False, False], "no_renewals")],
)
def test_what_cannot_be_fitted_is_refused(asked: list[float], left: list[bool], code: str) -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        fit_sbg(asked, left)
    assert refusal.value.code == code
