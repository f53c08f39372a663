"""Seasons: found where they are, not where they are not, and not mistaken for growth."""

import numpy as np
import pytest

from profitability.lifetime_value import find_season

MONTHS = np.arange(36) % 12 + 1
CHRISTMAS = np.where(MONTHS == 12, 2.0, 1.0)


def noise(seed: int) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(0, 0.1, 36))


def test_a_busy_december_is_found_with_its_size() -> None:
    found = find_season(1_000 * CHRISTMAS * noise(1), np.full(36, 1_000.0), MONTHS)
    assert found.found
    assert found.index[11] / np.mean(found.index[:11]) == pytest.approx(2.0, rel=0.1)
    assert np.mean(found.index) == pytest.approx(1)
    assert found.over([12, 12]) == found.index[11]


@pytest.mark.parametrize("seed", range(3))
def test_chance_makes_no_season(seed: int) -> None:
    found = find_season(1_000 * noise(seed), np.full(36, 1_000.0), MONTHS)
    assert not found.found
    assert found.over([12]) == 1


def test_growth_makes_no_season() -> None:
    growth = np.exp(np.linspace(0, 2, 36))
    assert not find_season(1_000 * growth * noise(5), np.full(36, 1_000.0), MONTHS).found


def test_the_test_is_wrong_one_time_in_twenty() -> None:
    found = [find_season(500 * noise(seed), np.full(36, 500.0), MONTHS).found for seed in range(400)]
    assert 0.02 < np.mean(found) < 0.09


def test_less_than_two_years_say_nothing() -> None:
    found = find_season(np.arange(23), np.arange(23), np.arange(23) % 12 + 1)
    assert (found.p_value, found.found, found.months) == (None, False, 23)


def test_a_month_without_orders_is_no_catastrophe() -> None:
    found = find_season(np.where(MONTHS == 8, 0.0, 50.0), np.full(36, 50.0), MONTHS)
    assert found.found
    assert 0 < found.index[7] < 0.05
