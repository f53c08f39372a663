"""The portfolio of a run: sums worked out by hand, two years of two sources."""

import datetime as dt

import pytest

from crm_site.lib.remembered import Forgettable
from customers.models import Customer, Run
from customers.tests.factories import CompanyFactory, CustomerFactory, SegmentFactory
from profitability.models import PortfolioAnalysis, RunPortfolio
from profitability.portfolio_actions import Question, answer_to, compute_portfolio, whole_months
from profitability.portfolio_statements import MOST_GROUPS
from profitability.portfolio_totals import OTHERS, GroupMonths, History, SingleCustomers
from profitability.reports.portfolio import GROUPED
from profitability.tests.portfolio_shop import TODAY, TwoYears, portfolio_of
from profitability.tests.shop import Shop, bought, recomputed
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db

FEBRUARY = dt.date(2024, 2, 1)


def history_of(run: Run) -> History:
    return History.from_json(portfolio_of(run).history)


def by_key(groups: tuple[GroupMonths, ...]) -> dict[str, GroupMonths]:
    return {group.key: group for group in groups}


def test_the_shop_month_by_month() -> None:
    # Ada: 31.00 of 115 in May; in June goods for 10 came back, so 0.67 less than nothing was spent on her.
    shop = Shop()
    Customer.objects.filter(pk=shop.ada.pk).update(city="Lyon")
    Customer.objects.filter(pk=shop.bob.pk).update(city="Pau")
    found = history_of(recomputed())
    assert found.months == ("2026-05-01", "2026-06-01")
    assert found.whole == GroupMonths(key="", customers=2, profit=(3100, -766), cost=(8400, 1466))
    towns = by_key(found.groupings["town"])
    assert (towns["Lyon"].profit, towns["Lyon"].cost) == ((3100, -133), (8400, -67))
    assert (towns["Pau"].profit, towns["Pau"].cost) == ((0, -633), (0, 1533))


def test_groups_of_every_kind_come_to_all_customers() -> None:
    found = history_of(TwoYears().run)
    assert found.whole is not None
    for by, groups in found.groupings.items():
        assert sum(group.customers for group in groups) == 2, by
        assert tuple(map(sum, zip(*(group.profit for group in groups), strict=True))) == found.whole.profit, by


def test_every_grouping_that_is_offered_is_added_up() -> None:
    assert set(history_of(TwoYears().run).groupings) == set(GROUPED)


def test_what_is_beyond_the_largest_groups_stands_together() -> None:
    CompanyFactory()
    for at in range(MOST_GROUPS + 3):
        bought(CustomerFactory(city=f"Town {at:02}"), dt.date(2026, 6, 1), {"unit_price": 100, "unit_cost": 90 - at})
    groups = history_of(recomputed()).groupings["town"]
    assert [group.key for group in groups] == [*(f"Town {at:02}" for at in range(MOST_GROUPS)), OTHERS]
    assert (groups[-1].customers, sum(groups[-1].cost)) == (3, (78 + 77 + 76) * 100)


def test_sizes_are_fifths_by_revenue_the_largest_first() -> None:
    CompanyFactory()
    for price in range(10, 20):
        bought(CustomerFactory(), dt.date(2026, 6, 1), {"unit_price": price})
    groups = history_of(recomputed()).groupings["size"]
    assert [(group.key, group.customers) for group in groups] == [
        ("1700:1900", 3), ("1500:1600", 2), ("1300:1400", 2), ("1100:1200", 2), ("1000:1000", 1)
    ]  # fmt: skip


def test_segments_overlap_and_whoever_is_in_none_stands_apart() -> None:
    years = TwoYears()
    everybody, fairs = SegmentFactory(query="kind=person"), SegmentFactory(query=f"source={years.fair.pk}")
    found = by_key(history_of(years.run).groupings["segment"])
    assert {key: group.customers for key, group in found.items()} == {str(everybody.pk): 2, str(fairs.pk): 1}
    everybody.delete()
    RunPortfolio.objects.all().delete()
    Forgettable.forget_everything()
    found = by_key(history_of(years.run).groupings["segment"])
    assert {key: group.customers for key, group in found.items()} == {"": 1, str(fairs.pk): 1}


@pytest.mark.parametrize(
    ("first", "last", "as_of", "months"),
    [
        (dt.date(2026, 5, 4), dt.date(2026, 6, 30), dt.date(2026, 6, 30), ["2026-05-01", "2026-06-01"]),
        (dt.date(2026, 5, 4), dt.date(2026, 6, 29), dt.date(2026, 6, 29), ["2026-05-01"]),  # June is not over
        (dt.date(2026, 5, 8), dt.date(2026, 6, 30), dt.date(2026, 6, 30), ["2026-06-01"]),  # May was begun late
        (dt.date(2026, 6, 8), dt.date(2026, 6, 29), dt.date(2026, 6, 29), []),
        (dt.date(2026, 5, 4), dt.date(2026, 6, 9), dt.date(2026, 8, 31), ["2026-05-01"]),  # the records end in June
        (dt.date(2026, 5, 4), dt.date(2026, 6, 26), dt.date(2026, 8, 31), ["2026-05-01", "2026-06-01"]),
    ],
)
def test_only_whole_months_count(first: dt.date, last: dt.date, as_of: dt.date, months: list[str]) -> None:
    CompanyFactory()
    customer = CustomerFactory()
    bought(customer, first)
    bought(customer, last)
    run = recomputed(as_of)
    window = whole_months(run, RunTotals.from_json(run.totals))
    assert [month.isoformat() for month in window.months] == months if window else months == []


def test_two_years_by_hand() -> None:
    # Fair: 0.5 and 0.25 by turns; web: 0.5, 0.5, 1 and 1. Over 24 months they have nothing to do with each other.
    years = TwoYears()
    found = answer_to(portfolio=portfolio_of(years.run), question=Question("source", "month", 0, 50)).analysis
    fair, web = sorted(found.groups, key=lambda group: group.key)
    assert (fair.months, fair.cost, fair.profit, fair.mean) == (24, 8, 3, pytest.approx(0.375))
    assert fair.risk == pytest.approx(0.125 * (24 / 23) ** 0.5)
    assert (web.mean, web.risk) == (pytest.approx(0.75), pytest.approx(0.25 * (24 / 23) ** 0.5))
    assert found.correlations[0][1] == pytest.approx(0, abs=1e-9)
    assert found.mixes is not None
    assert found.mixes.today.weights == pytest.approx((8 / 14, 6 / 14))
    # Without bounds the least risk would be at 4 : 1; half of the web's share may go, so 3/14 of it stay.
    assert found.mixes.least_risk.weights == pytest.approx((11 / 14, 3 / 14), abs=1e-5)


def test_a_question_is_answered_once_and_a_run_added_up_once() -> None:
    years = TwoYears()
    portfolio, question = portfolio_of(years.run), Question("source", "month", 0, 50)
    first = answer_to(portfolio=portfolio, question=question)
    RunPortfolio.objects.update(history={})
    assert answer_to(portfolio=RunPortfolio.objects.get(), question=question) == first
    assert compute_portfolio(portfolio_id=portfolio.pk).computed_at == portfolio.computed_at
    assert PortfolioAnalysis.objects.count() == 1


def test_single_customers_by_hand() -> None:
    # Over an average month's cost: Ada (4 + 2) ÷ 2 ÷ 8, Bob (3 + 3 + 6 + 6) ÷ 4 ÷ 6; together 7.5 ÷ 14.
    years = TwoYears()
    found = SingleCustomers.from_json(portfolio_of(years.run).customers)
    ada, bob = sorted(found.points, key=lambda point: point.customer)
    assert (ada.months, ada.revenue, ada.cost, ada.mean) == (24, 11, 8, pytest.approx(0.375))
    assert ada.risk == pytest.approx(0.125 * (24 / 23) ** 0.5)
    assert bob.mean == pytest.approx(0.75)
    assert found.mean == pytest.approx(7.5 / 14)
    assert [(field.returns_more, field.is_steadier, field.customers) for field in found.fields] in (
        [(False, True, 1), (True, False, 1)],
        [(True, False, 1), (False, True, 1)],
    )


def test_customers_of_few_months_are_not_told() -> None:
    Shop()
    found = SingleCustomers.from_json(portfolio_of(recomputed()).customers)
    assert (found.points, found.told, found.too_new) == ((), 0, 2)


def test_who_ordered_before_the_first_whole_month_has_lived_through_all_of_them() -> None:
    """Eve ordered in the month that was begun already, and again a year later; Fay never again."""
    years = TwoYears()
    eve, fay = (CustomerFactory(name=name, given_name="", source=years.web) for name in ("Eve", "Fay"))
    before = dt.date(2024, 1, 20)
    for customer, day in ((eve, before), (fay, before), (eve, dt.date(2025, 6, 5))):
        bought(customer, day, {"unit_price": 36, "unit_cost": 24})
    found = SingleCustomers.from_json(portfolio_of(recomputed(TODAY)).customers)
    months = {point.customer: point.months for point in found.points}
    assert months == {years.ada.pk: 24, years.bob.pk: 24, eve.pk: 24}
    assert (found.too_new, found.without_cost) == (0, 1)
    point = next(point for point in found.points if point.customer == eve.pk)
    assert (point.revenue, point.cost, point.mean) == (1.5, 1, pytest.approx(0.5))
