"""RFM classes: fifths where all differ, and equal figures never parted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability.rfm import classes, rfm


def test_different_figures_fall_into_fifths() -> None:
    assert classes([10, 50, 20, 40, 30]).tolist() == [1, 5, 2, 4, 3]
    assert np.bincount(classes(np.arange(1_000))).tolist() == [0, 200, 200, 200, 200, 200]


def test_customers_with_one_order_each_stay_together() -> None:
    # The worked example of the formulas: six with one order, two with two, two with three or more.
    assert classes([1, 1, 1, 1, 1, 1, 2, 2, 3, 7]).tolist() == [2, 2, 2, 2, 2, 2, 4, 4, 5, 5]


def test_the_three_digits_are_recency_frequency_and_value() -> None:
    found = rfm([100, 200, 300, 400, 500], [5, 4, 3, 2, 1], [30, 10, 50, 20, 40])
    assert found.code.tolist() == [153, 241, 335, 422, 514]


@pytest.mark.parametrize(("figures", "expected"), [([7], [3]), ([4, 4, 4], [3, 3, 3]), ([], [])])
def test_nobody_to_compare_with_is_the_middle(figures: list[int], expected: list[int]) -> None:
    assert classes(figures).tolist() == expected


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60))
def test_order_is_kept_and_equals_are_equal(figures: list[int]) -> None:
    values, found = np.array(figures), classes(figures)
    assert ((found >= 1) & (found <= 5)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert all(len(set(found[values == value].tolist())) == 1 for value in set(figures))
