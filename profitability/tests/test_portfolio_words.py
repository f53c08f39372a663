"""What the portfolio says in words, of few months and few customers too."""

import datetime as dt

import pytest

from profitability.portfolio.concentration import Account, Whole, concentration
from profitability.portfolio.results import SHORT, Analysis, GroupFigures
from profitability.portfolio_actions import Question, work_out
from profitability.portfolio_totals import GroupMonths, History
from profitability.reports.portfolio_words import concentration_finding, portfolio_finding


def test_months_without_costs_are_counted_among_those_that_are_shown() -> None:
    months = tuple(dt.date(2022 + at // 12, at % 12 + 1, 1).isoformat() for at in range(48))
    group = GroupMonths(key="1", customers=2, profit=tuple(range(48)), cost=(100,) * 48)
    kept = History(months=months, uncosted=months[:20], whole=group, groupings={"source": (group,)})
    asked = [Question(by="source", over="average", months=latest, reach=50) for latest in (0, 36, 24)]
    assert [work_out(kept, question).uncosted for question in asked] == [20, 8, 0]
    # Sums that were kept when only their number was noted.
    assert History.from_json(kept.as_json() | {"uncosted": 20}) == kept


@pytest.mark.parametrize(
    ("profits", "said"),
    [
        ([585, 15, -60], "no more than ten, make the whole profit. Gains are as concentrated as if one customer"),
        ([30] * 4, "no more than ten, make the whole profit. Gains are as concentrated as if 4 customers made them in"),
        ([500] + [1] * 11, "The ten best customers make 99.6% of the profit. Gains are as concentrated as if one"),
        ([10] * 20, "The ten best customers make 50.0% of the profit. Gains are as concentrated as if 20 customers"),
    ],
)
def test_concentration_is_told_of_one_of_few_and_of_many(profits: list[int], said: str) -> None:
    gains = [profit for profit in profits if profit > 0]
    whole = Whole(
        customers=len(profits),
        profit=sum(profits),
        gains=sum(gains),
        gains_squared=sum(gain**2 for gain in gains),
    )
    best = [Account(key=str(at), gross_margin=each, cost_to_serve=0, profit=each) for at, each in enumerate(profits)]
    assert said in concentration_finding(concentration(best[:20], whole), "EUR")


def test_a_single_month_makes_no_group_the_best() -> None:
    young, old, other = (
        GroupFigures(
            key=key, customers=3, months=months, cost=10, profit=10 * mean, mean=mean, risk=risk, problem=SHORT
        )
        for key, months, mean, risk in (("Young", 1, 0.6, None), ("Old", 5, 0.2, 0.3), ("Other", 4, 0.1, 0.2))
    )

    def said(*groups: GroupFigures) -> str:
        names = {group.key: group.key for group in groups}
        return portfolio_finding(Analysis(whole=old, groups=groups, problem=SHORT), names)

    assert said(young, old, other) == (
        "“Old” returns most of its cost a month: 20.0%. The steadiest is “Other”, with a risk of 20.0%."
    )
    assert said(young, old) == "“Old” returns 20.0% of its cost a month."
    assert said(young) == "“Young” returns 60.0% of its cost a month."
