"""Return, risk, correlations, mixes, concentration: by hand, by an independent implementation, and in general."""

import doctest
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability.portfolio import concentration as concentration_module
from profitability.portfolio.analysis import analyse
from profitability.portfolio.concentration import Account, Whole, concentration, herfindahl
from profitability.portfolio.mixes import Choice, best_per_risk, least_risk, mixes_of, most_return
from profitability.portfolio.results import (
    AVERAGE_MONTH,
    FLAT,
    NO_COST,
    SAME_MONTH,
    SHORT,
    SINGULAR,
    TOO_FEW_GROUPS,
)
from profitability.portfolio.returns import Floats, History, comparable, figures_of, monthly_returns
from profitability.portfolio.shrinkage import shrunk

# Eight months around the mean, which correlate by 1/2, 1/2 and 0; three times over they are 24.
UP_AND_DOWN = np.array(
    [[1, 1, 1, 1, -1, -1, -1, -1], [1, 1, 1, -1, 1, -1, -1, -1], [1, 1, -1, 1, -1, 1, -1, -1]], dtype=float
)
TWO = Choice(np.array([0.08, 0.12]), np.array([[0.01, 0.0], [0.0, 0.04]]), np.array([0.5, 0.5]), 1.0)


def history(profit: object, cost: object, key: str = "a") -> History:
    return History(key=key, customers=3, profit=list(profit), cost=list(cost))  # type: ignore[call-overload]


def some_returns(seed: int, months: int = 30, groups: int = 5) -> Floats:
    chance = np.random.default_rng(seed)
    return chance.normal(0.1, 0.05, (months, 1)) + chance.normal(0, 0.1, (months, groups)) * chance.random(groups)


def some_groups(seed: int, months: int = 30, groups: int = 5) -> list[History]:
    cost = np.random.default_rng(seed + 1).random((months, groups)) * 100 + 50
    profit = some_returns(seed, months, groups) * cost
    return [history(profit[:, at], cost[:, at], str(at)) for at in range(groups)]


def together(groups: list[History]) -> History:
    return history(np.sum([one.profit for one in groups], axis=0), np.sum([one.cost for one in groups], axis=0), "")


def test_the_worked_example_of_the_module_is_true() -> None:
    assert doctest.testmod(concentration_module).failed == 0


@pytest.mark.parametrize(
    ("profit", "cost", "over", "returns"),
    [
        ([10, 0, 30], [100, 0, 100], SAME_MONTH, [0.1, None, 0.3]),
        ([10, 5, 30], [100, -20, 100], SAME_MONTH, [0.1, None, 0.3]),  # more goods came back than went out
        ([0, 10, 0, 30], [0, 100, 0, 80], AVERAGE_MONTH, [None, 1 / 6, 0, 0.5]),  # 60 in an average month
        ([10, 5], [100, -120], AVERAGE_MONTH, [None, None]),
        ([0, 0], [0, 0], AVERAGE_MONTH, [None, None]),
    ],
)
def test_a_month_returns_its_profit_over_its_cost_or_over_that_of_an_average_month(
    profit: list[float], cost: list[float], over: str, returns: list[float | None]
) -> None:
    found = monthly_returns(history(profit, cost), over)
    assert [None if np.isnan(one) else pytest.approx(one) for one in found] == returns


def test_return_and_risk_by_hand() -> None:
    found = figures_of(history([10, 0, 30, 20], [100, 0, 100, 100]), SAME_MONTH)
    assert (found.months, found.cost, found.profit) == (3, 100, 20)
    assert (found.mean, found.risk) == (pytest.approx(0.2), pytest.approx(0.1))
    assert (found.per_risk, found.error) == (pytest.approx(2), pytest.approx(0.1 / 3**0.5))


def test_a_group_without_cost_has_a_profit_but_no_return() -> None:
    found = figures_of(history([10, 30], [0, 0]))
    assert (found.months, found.profit, found.cost, found.mean, found.risk) == (0, 20, 0, None, None)
    assert (found.per_risk, found.error) == (None, None)


def test_over_an_average_month_the_mean_is_all_profit_over_all_cost() -> None:
    found = figures_of(history([10, -5, 40], [80, 20, 110]))
    assert found.mean == pytest.approx(45 / 210)


@pytest.mark.parametrize(
    ("profit", "cost", "problem"),
    [
        ([0.0] * 30, [0.0] * 30, NO_COST),
        ([1.0, 2.0] * 11 + [0.0] * 8, [10.0] * 22 + [0.0] * 8, SHORT),
        ([3.3] * 30, [11.0] * 30, FLAT),
        ([1.0, 2.0] * 15, [10.0] * 30, ""),
    ],
)
def test_groups_that_cannot_be_compared_say_why(profit: list[float], cost: list[float], problem: str) -> None:
    assert figures_of(history(profit, cost), SAME_MONTH).problem == problem


def test_groups_are_left_out_until_the_others_share_enough_months() -> None:
    returns = np.zeros((3, 10))
    returns[0, :3] = returns[2, 5:] = np.nan
    kept, months = comparable(returns, fewest=6)
    assert (kept, months.tolist()) == ([0, 1], [False] * 3 + [True] * 7)
    assert comparable(returns, fewest=11)[0] == []


def test_correlations_are_drawn_together_as_worked_by_hand() -> None:
    # ±1 has variance 1, so π = 2(3/4 + 3/4 + 1) = 5, ρ = 0, γ = 2(1/36 + 1/36 + 1/9) = 1/3; 15/24 with 24 months.
    found = shrunk(np.tile(UP_AND_DOWN, 3).T)
    assert (found.average, found.intensity) == (pytest.approx(1 / 3), pytest.approx(0.625))
    assert found.correlation[0, 1] == pytest.approx(0.625 / 3 + 0.375 / 2)
    assert found.correlation[1, 2] == pytest.approx(0.625 / 3)
    assert np.diag(found.covariance) == pytest.approx([24 / 23] * 3)


def test_the_intensity_is_that_of_an_independent_implementation() -> None:
    # PyPortfolioOpt 1.6, CovarianceShrinkage.ledoit_wolf("constant_correlation"), on covariances with divisor T.
    months = np.array([[((7 * t + 3 * i * t * t + i) % 11) - 5 + t % (i + 3) for i in range(4)] for t in range(24)])
    found = shrunk(months / 10)
    assert found.intensity == pytest.approx(0.9101883106088263, abs=1e-12)
    assert found.covariance * 23 / 24 == pytest.approx(
        np.array(
            [
                [0.10276042, 0.01227554, 0.00859096, 0.00708609],
                [0.01227554, 0.16359375, 0.00951833, 0.00514715],
                [0.00859096, 0.00951833, 0.08076389, 0.00723807],
                [0.00708609, 0.00514715, 0.00723807, 0.08484375],
            ]
        ),
        abs=5e-9,
    )


def test_two_groups_keep_the_correlation_of_the_sample() -> None:
    found = shrunk(UP_AND_DOWN[:2].T)
    assert (found.intensity, found.correlation[0, 1]) == (0, pytest.approx(0.5))


@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(24, 60))
def test_a_covariance_is_symmetric_has_no_negative_risk_and_keeps_the_variances(
    seed: int, groups: int, months: int
) -> None:
    returns = some_returns(seed, months, groups)
    found = shrunk(returns)
    assert np.allclose(found.covariance, found.covariance.T)
    assert np.linalg.eigvalsh(found.covariance)[0] >= -1e-12
    assert np.diag(found.covariance) == pytest.approx(returns.var(axis=0, ddof=1))
    assert 0 <= found.intensity <= 1


def test_two_unrelated_groups_as_worked_by_hand() -> None:
    # Least risk: 0.04 : 0.01; most return for each unit of risk: 0.08/0.01 : 0.12/0.04, that is 8 : 3.
    assert least_risk(TWO) == pytest.approx([0.8, 0.2], abs=1e-6)
    assert TWO.risk(least_risk(TWO)) == pytest.approx(0.008**0.5)
    best = mixes_of(TWO).best
    assert best is not None
    assert best.weights == pytest.approx((8 / 11, 3 / 11), abs=1e-5)
    assert (best.mean, best.risk) == (pytest.approx(1 / 11, abs=1e-6), pytest.approx(1 / 11, abs=1e-6))
    # Today's risk is √0.0125; the mix of 0.4 and 0.6 would return more at √0.016, too much of it.
    assert mixes_of(TWO).same_risk.risk == pytest.approx(0.0125**0.5, abs=1e-6)


def test_a_mix_beats_todays_where_chance_alone_would_hardly_do_it() -> None:
    # From half and half to 8 : 3 the difference is ±5/22 of each group: √((5/22)² × (0.01 + 0.04) ÷ 25) each month.
    choice = Choice(TWO.means, TWO.covariance, TWO.today, 1.0, months=25)
    best = mixes_of(choice).best
    assert best is not None
    assert best.error == pytest.approx(5 / 22 * 0.05**0.5 / 5, abs=1e-6)
    assert not best.beats(choice.mix(choice.today))
    assert choice.mix(np.array([0.0, 1.0])).error == pytest.approx(0.5 * 0.05**0.5 / 5)
    longer = Choice(TWO.means, TWO.covariance, TWO.today, 1.0, months=10_000)
    assert longer.mix(np.array([0.0, 1.0])).beats(longer.mix(longer.today))


def test_shares_move_no_further_than_is_realistic() -> None:
    near = Choice(TWO.means, TWO.covariance, TWO.today, 0.25)
    assert least_risk(near) == pytest.approx([0.625, 0.375])
    assert most_return(near) == pytest.approx([0.375, 0.625])


def test_where_every_group_loses_there_is_no_best_mix() -> None:
    losing = Choice(-TWO.means, TWO.covariance, TWO.today, 0.5)
    assert best_per_risk(losing, most_return(losing)) is None
    assert mixes_of(losing).best is None


@given(st.integers(0, 10**6), st.integers(2, 7), st.sampled_from([0.25, 0.5, 1.0]))
def test_no_mix_at_random_beats_those_that_are_found(seed: int, groups: int, reach: float) -> None:
    returns, chance = some_returns(seed, groups=groups), np.random.default_rng(seed)
    today = chance.dirichlet(np.ones(groups))
    choice = Choice(returns.mean(axis=0), shrunk(returns).covariance, today, reach)
    found = mixes_of(choice)
    for mix in filter(None, (found.today, found.least_risk, found.same_risk, found.best)):
        weights = np.array(mix.weights)
        assert weights.sum() == pytest.approx(1)
        assert (weights >= choice.lower - 1e-6).all()
        assert (weights <= choice.upper + 1e-6).all()
        # The variance of the mix is Σᵢ Σⱼ wᵢ wⱼ σᵢⱼ.
        pairs = [weights[i] * weights[j] * choice.covariance[i, j] for i in range(groups) for j in range(groups)]
        assert mix.risk**2 == pytest.approx(sum(pairs))
    assert found.same_risk.risk <= found.today.risk * (1 + 1e-6)
    assert found.same_risk.mean >= found.today.mean - 1e-9
    for _try in range(30):
        other = today + (chance.dirichlet(np.ones(groups)) - today) * chance.random() * 0.2
        if (other < choice.lower).any() or (other > choice.upper).any():
            continue
        assert choice.risk(other) >= found.least_risk.risk * (1 - 1e-6)
        if found.best and found.best.per_risk:
            assert choice.means @ other / choice.risk(other) <= found.best.per_risk * (1 + 1e-5)


def test_the_frontier_goes_from_least_risk_to_most_return() -> None:
    found = mixes_of(Choice(TWO.means, TWO.covariance, TWO.today, 0.5)).frontier
    means, risks = [point.mean for point in found], [point.risk for point in found]
    assert means == sorted(means)
    assert risks == sorted(risks)
    assert (means[0], means[-1]) == (pytest.approx(0.09), pytest.approx(0.11))  # 0.75 and 0.25 of the first


def test_an_analysis_of_groups_is_the_same_in_any_order() -> None:
    groups = some_groups(3)
    shuffled = list(groups)
    Random(1).shuffle(shuffled)
    one, other = analyse(together(groups), groups), analyse(together(groups), shuffled)
    assert one.mixes is not None
    assert other.mixes is not None
    by_key = dict(zip(other.compared, other.mixes.least_risk.weights, strict=True))
    assert [by_key[key] for key in one.compared] == pytest.approx(one.mixes.least_risk.weights, abs=1e-5)
    assert one.intensity == pytest.approx(other.intensity)


def test_todays_mix_over_average_months_returns_what_all_customers_do() -> None:
    groups = some_groups(5)
    found = analyse(together(groups), groups)
    assert found.mixes is not None
    assert found.mixes.today.mean == pytest.approx(found.whole.mean)
    assert found.cost == pytest.approx(found.whole.cost)


def test_too_few_months_leave_return_and_risk_alone() -> None:
    groups = some_groups(1, months=23)
    found = analyse(together(groups), groups)
    assert (found.problem, found.correlations, found.mixes) == (SHORT, (), None)
    assert all(group.mean is not None and group.risk for group in found.groups)


def test_a_group_that_never_varied_stands_apart() -> None:
    groups = [*some_groups(1, groups=2), history([5] * 30, [50] * 30, "steady")]
    found = analyse(together(groups), groups)
    assert found.compared == ("0", "1")
    assert found.groups[2].problem == FLAT


def test_a_group_that_began_late_stands_apart() -> None:
    groups = some_groups(1, months=40, groups=3)
    late = history([0] * 10 + [1, 2] * 15, [0] * 10 + [9] * 30, "late")
    gone = history([1, 2] * 15 + [0] * 10, [9] * 30 + [0] * 10, "gone")
    found = analyse(together(groups), [*groups, late, gone], over=SAME_MONTH)
    assert (found.compared, found.months) == (("0", "1", "2", "late"), 30)
    assert found.groups[-1].problem == SHORT


def test_one_group_is_no_portfolio() -> None:
    groups = some_groups(1, groups=1)
    assert analyse(groups[0], groups).problem == TOO_FEW_GROUPS


def test_groups_that_move_exactly_alike_have_no_best_mix() -> None:
    first = some_groups(1, groups=1)[0]
    double = history([2 * one for one in first.profit], first.cost, "double")
    found = analyse(together([first, double]), [first, double])
    assert (found.problem, found.mixes) == (SINGULAR, None)
    assert found.correlations[0][1] == pytest.approx(1)


def test_concentration_by_hand() -> None:
    # Profits 60, 30, 10 and −20: 80 in all. Shares of the gains 0.6, 0.3, 0.1: index 0.46, as 2.17 equal customers.
    accounts = [
        Account(key=str(profit), gross_margin=profit + 25, cost_to_serve=20, profit=profit) for profit in (60, 30, 10)
    ]
    whole = Whole(customers=4, profit=80, gains=100, gains_squared=4600, revenues=400, revenues_squared=40_000)
    found = concentration(accounts, whole)
    assert (found.share_of_best, found.share_of_ten) == (0.75, 1.25)
    assert (found.by_profit, found.effective_by_profit) == (0.46, pytest.approx(2.1739, abs=1e-4))
    assert (found.by_revenue, found.effective_by_revenue) == (0.25, 4)
    (without_best,) = found.outlooks
    assert (without_best.profit, without_best.profit_lost, without_best.margin_lost) == (20, 60, 85)
    assert (without_best.idle, without_best.share_of_ten) == (20, 2)
    assert without_best.effective == pytest.approx(1600 / 1000)  # 30 and 10 are left


def test_without_a_profit_there_are_no_shares_of_it() -> None:
    found = concentration(
        [Account(key="a", gross_margin=1, cost_to_serve=2, profit=-1)],
        Whole(customers=1, profit=-1, gains=0, gains_squared=0),
    )
    assert (found.share_of_best, found.share_of_ten, found.by_profit) == (None, None, None)
    assert found.effective_by_profit is None
    assert found.outlooks[0].effective is None


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=40))
def test_an_effective_number_is_at_most_the_number(profits: list[float]) -> None:
    index = herfindahl(profits)
    assert index is not None
    assert 1 / len(profits) * (1 - 1e-9) <= index <= 1 + 1e-9
