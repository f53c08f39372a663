"""The climb to the peak of a likelihood, on hills whose peak is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from profitability.lifetime_value.likelihood import HIGHEST, Objective, maximise, shapes_and_means

PEAK = np.array([1.0, -2.0])


def hill(peak: NDArray[np.float64] = PEAK, steepness: float = 1.0) -> Objective:
    """A smooth hill that is not a parabola, so that Newton needs more than one step."""

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        away = point - peak
        return -steepness * float(np.log(np.cosh(away)).sum()), -steepness * np.tanh(away)

    return objective


def test_the_peak_and_its_spread_are_found() -> None:
    top = maximise(hill(), np.zeros(2), observations=400)
    assert top.log_parameters == pytest.approx(PEAK, abs=1e-10)
    assert top.log_likelihood == pytest.approx(0, abs=1e-15)
    assert top.covariance == pytest.approx(np.eye(2) / 400, abs=1e-8)


@pytest.mark.parametrize(
    "rough",
    [
        pytest.param(hill(PEAK + 0.01, 1.02), id="a fair part"),
        pytest.param(hill(PEAK + 3, 0.01), id="too flat: the first step overshoots"),
        pytest.param(hill(PEAK - 0.5, 50.0), id="too steep: steps are too short"),
    ],
)
def test_a_part_leads_but_the_whole_decides(rough: Objective) -> None:
    top = maximise(hill(), np.zeros(2), observations=400, rough=rough)
    assert top.log_parameters == pytest.approx(PEAK, abs=1e-6)
    assert top.covariance == pytest.approx(np.eye(2) / 400, abs=1e-8)


def test_a_plain_has_no_spread() -> None:
    flat: Objective = lambda point: (0.0, np.zeros(2))  # noqa: E731
    assert maximise(flat, np.zeros(2), observations=400).covariance is None


def shape_and_mean(best: float) -> Objective:
    """Of log shape and log scale: the mean is best at 1, and 1 / shape at `best`, which may be nothing at all."""

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mean, spread = point[0] - point[1], np.exp(-point[0])
        by_mean, by_shape = -(mean - 1), (spread - best) * spread
        value = -((mean - 1) ** 2) / 2 - (spread - best) ** 2 / 2
        return value, np.array([by_mean + by_shape, -by_mean])

    return objective


@pytest.mark.parametrize("rough", [None, shape_and_mean(0.0)])
def test_a_shape_that_grows_without_bound_is_held_and_the_mean_is_known(rough: Objective | None) -> None:
    top = maximise(shape_and_mean(0.0), np.zeros(2), 400, axes=shapes_and_means(1), rough=rough)
    assert top.log_parameters[0] - top.log_parameters[1] == pytest.approx(1, abs=1e-6)
    assert top.log_parameters[0] == HIGHEST
    assert top.boundless.tolist() == [True, True]
    assert np.isnan(top.errors).all()
    assert top.covariance == pytest.approx(np.array([[0, 0], [0, 1 / 400]]), rel=1e-4)


def test_what_a_part_takes_for_boundless_is_released_where_the_whole_knows_better() -> None:
    whole = shape_and_mean(0.005)  # worth 12.5 in 10^6 customers, at a shape of 200
    top = maximise(whole, np.zeros(2), 10**6, axes=shapes_and_means(1), rough=shape_and_mean(-0.01))
    assert np.exp(top.log_parameters[0]) == pytest.approx(200, rel=1e-3)
    assert not top.boundless.any()


def test_what_chance_explains_does_not_make_a_shape() -> None:
    whole = shape_and_mean(0.005)  # worth 1.25 in 10^5 customers
    top = maximise(whole, np.zeros(2), 10**5, axes=shapes_and_means(1))
    assert top.log_parameters[0] == HIGHEST
