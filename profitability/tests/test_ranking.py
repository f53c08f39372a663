"""The whale curve and what is read off it, by tables of published and hand-made figures."""

import doctest
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from profitability import ranking
from profitability.ranking import (
    Category,
    CategoryThresholds,
    RankingError,
    best_first,
    categorise,
    chart_points,
    customers_in,
    gini,
    whale_curve,
)
from profitability.tests.purchases import cdnow_master, cdnow_sample

PROFITS = st.lists(st.integers(-(10**9), 10**9), max_size=60)


def test_the_worked_example_of_the_module_is_true() -> None:
    assert doctest.testmod(ranking).failed == 0


@pytest.mark.parametrize(
    ("spent", "customers", "share", "concentration"),
    [
        pytest.param(lambda: cdnow_master().spent, 4_714, 0.677774, 0.634571, id="master"),
        pytest.param(lambda: cdnow_sample().spent, 472, 0.674550, None, id="sample"),
    ],
)
def test_best_fifth_of_cdnow_holds_the_published_share(
    spent: Callable[[], NDArray[np.int64]], customers: int, share: float, concentration: float | None
) -> None:
    values = spent()
    curve = whale_curve(values)
    assert curve.best.customers == customers
    assert curve.best_share == pytest.approx(share, abs=5e-7)
    if concentration:
        assert gini(values) == pytest.approx(concentration, abs=5e-7)


@pytest.mark.parametrize(
    ("profits", "best", "last", "peak", "peak_at"),
    [
        ([100], 1.0, 1.0, 1.0, 1.0),
        ([50, 50], 0.5, 0.5, 1.0, 1.0),
        ([0, 100, -50, 50, 0], 1.0, -0.5, 1.5, 0.4),
        ([225, 5, 0, -30, -100], 2.25, -1.0, 2.3, 0.4),  # the pattern of Kanthal: 20 % make 225 %
        ([6, 5, 4, 3, 2, 1], 11 / 21, 3 / 21, 1.0, 1.0),  # 0.2 of 6 is 2, rounded up
    ],
)
def test_shares_are_those_of_total_profit(
    profits: list[int], best: float, last: float, peak: float, peak_at: float
) -> None:
    curve = whale_curve(profits)
    assert (curve.best_share, curve.last_share) == pytest.approx((best, last))
    assert (curve.peak_share, curve.peak_at) == pytest.approx((peak, peak_at))


@pytest.mark.parametrize("profits", [[], [0, 0], [-5, -3], [10, -10], [4, -9]])
def test_without_a_positive_total_there_are_amounts_but_no_shares(profits: list[int]) -> None:
    curve = whale_curve(profits)
    assert curve.cumulative_share is None
    assert curve.best_share is curve.last_share is curve.peak_share is curve.middle.share is None
    assert curve.break_even is None
    assert curve.total == sum(profits)
    assert curve.peak.profit == sum(profit for profit in profits if profit > 0)
    assert chart_points(curve).share is None


def test_ties_keep_their_order_and_are_counted() -> None:
    curve = whale_curve([7, 9, 7, -1, 7, 0, 0, 2, 9, 1])
    assert curve.order.tolist() == [1, 8, 0, 2, 4, 7, 9, 5, 6, 3]
    assert curve.counts.tied == 2 + 3 + 2
    assert curve.counts.tied_across_best == 0
    assert (curve.counts.profitable, curve.counts.zero, curve.counts.losing) == (7, 2, 1)


def test_equal_profits_on_both_sides_of_the_mark_are_said() -> None:
    assert whale_curve([5, 5, 5, 1, 0]).counts.tied_across_best == 2


def test_break_even_is_where_the_best_have_made_the_final_profit() -> None:
    curve = whale_curve([60, 40, 30, -20, -10])
    assert curve.break_even is not None
    assert (curve.break_even.customers, curve.break_even.profit) == (2, 100)
    assert curve.losses == -30


def test_any_share_of_the_best_can_be_asked_for() -> None:
    curve = whale_curve(range(100))
    assert curve.of_best(0.07).customers == 7
    assert curve.of_best(0.07).profit == sum(range(93, 100))
    assert whale_curve(range(10), best_share=0.5).best.customers == 5


@pytest.mark.parametrize(("share", "customers", "whole"), [(0.2, 7, 2), (0.07, 100, 7), (0, 9, 0), (1.5, 9, 9)])
def test_a_share_of_customers_is_whole_people(share: float, customers: int, whole: int) -> None:
    assert customers_in(share, customers) == whole


@given(PROFITS)
def test_cents_add_up_whatever_the_profits(profits: list[int]) -> None:
    curve = whale_curve(profits)
    assert curve.best.profit + curve.middle.profit + (curve.last.profit if len(profits) > 1 else 0) == sum(profits)
    assert curve.peak.profit + curve.losses == sum(profits)
    assert curve.peak.profit == max([0, *curve.cumulative_profit.tolist()])


@given(PROFITS, st.randoms(use_true_random=False))
def test_the_curve_does_not_depend_on_the_order_of_customers(profits: list[int], random: Random) -> None:
    shuffled = random.sample(profits, len(profits))
    first, second = whale_curve(profits), whale_curve(shuffled)
    assert first.cumulative_profit.tolist() == second.cumulative_profit.tolist()
    assert (first.best, first.middle, first.last, first.counts) == (
        second.best,
        second.middle,
        second.last,
        second.counts,
    )


@given(PROFITS)
def test_the_curve_rises_to_its_peak_and_never_again(profits: list[int]) -> None:
    steps = np.diff(whale_curve(profits).cumulative_profit)
    assert (np.diff(steps) <= 0).all()


def test_a_chart_keeps_the_marks_and_stays_small() -> None:
    profits = np.random.default_rng(1).normal(10, 100, 20_000).round(2)
    curve = whale_curve(profits)
    points = chart_points(curve)
    assert curve.break_even is not None
    marks = {0, 4_000, curve.peak.customers, curve.break_even.customers, 16_000, 20_000}
    assert len(points.customers) <= 500
    assert marks <= set(points.customers.tolist())
    assert points.profit[0] == 0
    assert points.profit[-1] == pytest.approx(curve.total)
    drawn = np.interp(np.arange(1, 20_001), points.customers, points.profit)
    assert np.abs(drawn - curve.cumulative_profit).max() < 0.001 * curve.peak.profit


@given(PROFITS, st.integers(8, 30))
def test_a_chart_never_has_more_points_than_asked(profits: list[int], limit: int) -> None:
    points = chart_points(whale_curve(profits), limit)
    assert len(points.customers) <= limit
    assert (np.diff(points.customers) > 0).all()
    assert points.customers[[0, -1]].tolist() == [0, len(profits)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 1, 1, 1], 0.0), ([0, 0, 0, 1], 0.75), ([1, 3], 0.25), ([0, 0], None), ([], None)],
)
def test_gini_by_hand(values: list[int], expected: float | None) -> None:
    assert gini(values) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: gini([1, -1]), "negative_value"),
        (lambda: whale_curve([1.0, float("nan")]), "not_finite"),
        (lambda: whale_curve([[1, 2]]), "not_a_list"),
        (lambda: categorise([1, 2], [1]), "lengths_differ"),
    ],
)
def test_what_cannot_be_ranked_is_refused(call: Callable[[], object], code: str) -> None:
    with pytest.raises(RankingError) as refusal:
        call()
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("profit", "lifetime_value", "potential", "category"),
    [
        (900, 0, False, Category.MOST_PROFITABLE),  # the best of five
        (500, 0, False, Category.FAIRLY_PROFITABLE),
        (0, 1, False, Category.DESIRABLE),  # zero profit is not above zero
        (-50, 0, True, Category.DESIRABLE),
        (-60, 0, False, Category.UNPROFITABLE),
    ],
)
def test_each_customer_has_one_of_four_categories(
    profit: int, lifetime_value: float, potential: bool, category: Category
) -> None:
    profits, values, wanted = [900, 500, 0, -50, -60], [0, 0, 1, 0, 0], [False, False, False, True, False]
    at = profits.index(profit)
    assert (values[at], wanted[at]) == (lifetime_value, potential)
    assert categorise(profits, values, potential=wanted)[at] == category


def test_thresholds_are_the_companys_own() -> None:
    thresholds = CategoryThresholds(best_share=0.5, fair_profit=40, desirable_value=100)
    assert categorise([90, 60, 45, 40], [0, 0, 0, 101], thresholds).tolist() == [1, 1, 2, 3]
    assert categorise([90, 60, 45, 40], [0, 0, 0, 100], thresholds).tolist() == [1, 1, 2, 4]


def test_the_best_of_a_losing_base_are_not_called_profitable() -> None:
    assert categorise([-1, -2, -3], [0, float("nan"), 5]).tolist() == [4, 4, 3]


def test_a_known_order_is_not_computed_again() -> None:
    profits = np.array([3, 9, 1, 5, 7])
    assert categorise(profits, np.zeros(5), order=whale_curve(profits).order).tolist() == [2, 1, 2, 2, 2]


@pytest.mark.parametrize("highest", [3, 10**6, 2**61, 2**63 - 1])
def test_whole_numbers_of_any_size_are_ranked_like_any_others(highest: int) -> None:
    profits = np.random.default_rng(5).integers(-highest, highest, 1_000, endpoint=True)
    assert best_first(profits).tolist() == sorted(range(1_000), key=lambda place: (-int(profits[place]), place))
