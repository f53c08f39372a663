"""The climb to the peak of a likelihood, on hills whose peak is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from profitability.lifetime_value.likelihood import Objective, maximise

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
