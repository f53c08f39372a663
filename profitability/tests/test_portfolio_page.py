"""The portfolio of a run and its pages: sums worked out by hand, two years of two sources, what is refused and why."""

import datetime as dt
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.lib.remembered import Forgettable
from customers.models import AcquisitionSource, Customer, Run
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, CustomerFactory, SegmentFactory, user_with
from profitability.models import PortfolioAnalysis, RunPortfolio, Scenario
from profitability.permissions import SEE_VALUE
from profitability.portfolio_actions import Question, answer_to, compute_portfolio, portfolio_for, whole_months
from profitability.portfolio_statements import MOST_GROUPS
from profitability.portfolio_totals import OTHERS, GroupMonths, History, SingleCustomers
from profitability.reports.portfolio import GROUPED
from profitability.tests.published import publish
from profitability.tests.shop import Shop, bought, recomputed
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db

URL = "/portfolio/"
SEE_ALL = "customers.see_all_customers"
FEBRUARY = dt.date(2024, 2, 1)
TODAY = dt.date(2026, 1, 31)


class TwoYears:
    """Twenty-four months of a fair (12 and 10 for goods of 8) and of the web (9, 9, 12 and 12 for goods of 6)."""

    def __init__(self) -> None:
        CompanyFactory(currency="EUR")
        self.fair, self.web = (AcquisitionSource.objects.create(name=name) for name in ("Fair", "Web"))
        self.ada = CustomerFactory(name="Ada", given_name="", source=self.fair)
        self.bob = CustomerFactory(name="Bob", given_name="", source=self.web)
        for month in range(24):
            day = dt.date(2024 + (1 + month) // 12, (1 + month) % 12 + 1, 5)
            bought(self.ada, day, {"unit_price": 12 - 2 * (month % 2), "unit_cost": 8})
            bought(self.bob, day, {"unit_price": 9 + 3 * (month // 2 % 2), "unit_cost": 6})
        self.run = recomputed(TODAY)


def reader(*rights: str) -> AbstractUser:
    return user_with(SEE_VALUE, "customers.view_customer", "customers.view_segment", SEE_ALL, *rights)


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(reader(EXPORT))
    return client


def portfolio_of(run: Run) -> RunPortfolio:
    return portfolio_for(run=run, totals=RunTotals.from_json(run.totals), by=reader())


def history_of(run: Run) -> History:
    return History.from_json(portfolio_of(run).history)


def by_key(groups: tuple[GroupMonths, ...]) -> dict[str, GroupMonths]:
    return {group.key: group for group in groups}


def texts(table: Any) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table.rows]


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


def test_the_page_tells_groups_correlations_and_mixes(manager: Client) -> None:
    years = TwoYears()
    context = manager.get(f"{URL}?by=source").context
    assert texts(context["returns"])[0][:3] == ["Fair", "1", "24"]
    assert context["returns"].rows[0].cells[0].url == f"/ranking/?source={years.fair.pk}"
    assert [cell.text for cell in context["correlations"].rows[0].cells] == ["1", "0.00"]
    assert "hardly move together" in " ".join(context["notes"])
    assert texts(context["moves"])[0][0] == "Fair"
    assert context["returns_chart"].kind == "scatter"
    assert len(context["returns_chart"].as_table().rows) == 2 + 15 + 2  # groups, frontier, today's mix and a better one


def test_every_better_mix_can_be_looked_at(manager: Client) -> None:
    TwoYears()
    page = manager.get(f"{URL}?by=source&aim=least_risk&reach=100&over=average&months=24")
    shares = [row[4] for row in texts(page.context["moves"])]
    assert page.context["aim_label"] == "Least risk"
    assert shares == ["80.0%", "20.0%"]


def test_strange_filters_are_those_of_the_start(manager: Client) -> None:
    TwoYears()
    context = manager.get(f"{URL}?by=colour&over=moon&months=x&reach=7&aim=fame").context
    assert context["by"] == "source"  # the first grouping that tells customers apart
    chosen = {choice["name"]: [key for key, _l, on in choice["options"] if on] for choice in context["choices"]}
    assert chosen == {"over": ["average"], "months": [0], "reach": [50], "aim": ["best"]}


def test_fewer_than_24_months_are_said_and_still_tell_return_and_risk(manager: Client) -> None:
    Shop()
    recomputed()
    context = manager.get(f"{URL}?by=category").context
    assert "2 whole months" in context["notes"][0]
    assert (context["correlations"], "moves" in context) == (None, False)
    assert texts(context["returns"])[-1] == [
        "All customers together", "2", "2", "€49.33", "€11.67", "23.7%", "55.4%", "0.43",
    ]  # fmt: skip


def test_segments_that_a_reader_may_not_see_are_not_told(manager: Client) -> None:
    years = TwoYears()
    SegmentFactory(name="Secret", query=f"source={years.fair.pk}")
    assert "Secret" in manager.get(f"{URL}?by=segment").content.decode()
    stranger = Client()
    stranger.force_login(user_with(SEE_VALUE, "customers.view_segment"))
    assert "Secret" not in stranger.get(f"{URL}?by=segment").content.decode()


def test_months_without_costs_are_said(manager: Client) -> None:
    years = TwoYears()
    costed = [month.pk for month in years.run.months.all()[:20]]
    years.run.months.filter(pk__in=costed).update(entered=1, company_level=1)
    assert "For 4 of the months nothing was entered" in " ".join(manager.get(f"{URL}?by=source").context["notes"])


def test_customers_are_points_that_open_their_files(manager: Client) -> None:
    years = TwoYears()
    context = manager.get("/portfolio/customers/").context
    assert sorted(context["points"].links) == sorted(
        reverse("customer", args=[one.pk]) for one in (years.ada, years.bob)
    )
    assert [row[0] for row in texts(context["fields"])] == [
        "Return more, but less steadily",
        "Return less, but steadily",
    ]


def test_customers_that_a_reader_may_not_see_are_not_named() -> None:
    TwoYears()
    Customer.objects.update(owner=reader())
    stranger = Client()
    stranger.force_login(user_with(SEE_VALUE, "customers.view_customer"))
    for page in ("/portfolio/customers/", "/portfolio/concentration/"):
        content = stranger.get(page).content.decode()
        assert "Ada" not in content, page
        assert "Bob" not in content, page


def test_concentration_and_what_would_be_lost(manager: Client) -> None:
    # Bob makes 24 × 4.50 = 108, Ada 24 × 3 = 72: 60 % of 180; index 0.52; without costs to serve nothing stands idle.
    TwoYears()
    context = manager.get("/portfolio/concentration/").context
    assert [figure.value for figure in context["figures"]] == ["60.0%", "100.0%", "1.9", "2.0"]
    assert texts(context["outlooks"])[1] == [
        "The best one left", "€72.00", "€108.00", "€108.00", "€0.00", "100.0%", "1"
    ]  # fmt: skip
    assert context["second"] == "Ada"
    assert [row[0] for row in texts(context["best"])] == ["Bob", "Ada"]


@pytest.mark.parametrize(("leaving", "levers"), [("1", 1), ("10", 2), ("strange", 1)])
def test_a_what_if_lets_the_best_go(manager: Client, leaving: str, levers: int) -> None:
    years = TwoYears()
    manager.get("/portfolio/concentration/")
    response = manager.post("/portfolio/let-go/", {"leaving": leaving})
    scenario = Scenario.objects.get()
    assert response["Location"] == scenario.get_absolute_url()
    assert (scenario.levers[0]["kind"], scenario.levers[0]["row"]) == ("let_go", str(years.bob.pk))
    assert len(scenario.levers) == levers
    assert scenario.computed_at is not None


def test_a_what_if_without_figures_leads_back(manager: Client) -> None:
    CompanyFactory()
    assert manager.post("/portfolio/let-go/").headers["Location"] == "/portfolio/concentration/"
    assert not Scenario.objects.exists()


@pytest.mark.parametrize(
    ("address", "table", "lines"),
    [
        (f"{URL}?by=source", "returns", 4),
        (f"{URL}?by=source", "correlations", 3),
        (f"{URL}?by=source", "compared", 5),
        (f"{URL}?by=source", "moves", 3),
        ("/portfolio/customers/?", "customers", 3),
        ("/portfolio/customers/?", "fields", 3),
        ("/portfolio/concentration/?", "best", 3),
        ("/portfolio/concentration/?", "outlooks", 3),
    ],
)
def test_every_table_is_a_file(manager: Client, address: str, table: str, lines: int) -> None:
    TwoYears()
    assert manager.get(address).context["files"][table].csv_url.endswith(f"table={table}&format=csv")
    answer = manager.get(f"{address}&table={table}&format=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(text.splitlines()) == lines
    workbook = manager.get(f"{address}&table={table}&format=xlsx")
    content = b"".join(workbook.streaming_content) if workbook.streaming else workbook.content  # type: ignore[attr-defined]
    assert "xl/workbook.xml" in ZipFile(BytesIO(content)).namelist()


def test_files_are_for_those_who_may_export() -> None:
    TwoYears()
    looking = Client()
    looking.force_login(reader())
    assert looking.get(f"{URL}?by=source").context["files"] == {}
    assert looking.get(f"{URL}?by=source&table=returns&format=csv").status_code == 403


def test_many_customers_are_added_up_in_the_background(monkeypatch: pytest.MonkeyPatch, manager: Client) -> None:
    TwoYears()
    monkeypatch.setattr("profitability.portfolio_actions.AT_ONCE", 1)
    for page in (URL, "/portfolio/customers/", "/portfolio/concentration/"):
        waiting = manager.get(page)
    job = Job.objects.get(kind="portfolio")
    assert reverse("job-progress", args=[job.pk]) in waiting.content.decode()
    run_job(job.pk)
    assert "Ada" in manager.get("/portfolio/concentration/").content.decode()


def test_before_a_recompute_there_is_nothing_to_tell(manager: Client) -> None:
    CompanyFactory()
    assert "Nothing was computed yet" in manager.get(URL).content.decode()


def test_a_run_without_rows_has_no_portfolio(manager: Client) -> None:
    CompanyFactory()
    Run.objects.filter(pk=publish(10).pk).update(has_rows=False)
    assert "Nothing was computed yet" in manager.get("/portfolio/customers/").content.decode()


def test_without_a_whole_month_the_page_says_so(manager: Client) -> None:
    CompanyFactory()
    bought(CustomerFactory(), dt.date(2026, 6, 20), {"unit_price": Decimal(3)})
    recomputed(dt.date(2026, 6, 29))
    assert "No groups yet" in manager.get(URL).content.decode()
    assert manager.get("/portfolio/customers/").status_code == 200
    assert "make" in manager.get("/portfolio/concentration/").content.decode()


@pytest.mark.parametrize(
    ("address", "queries"), [(f"{URL}?by=source", 6), ("/portfolio/customers/", 5), ("/portfolio/concentration/", 5)]
)
def test_pages_ask_the_same_few_queries_every_time(
    manager: Client, address: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    TwoYears()
    manager.get(address)
    with django_assert_num_queries(queries):
        manager.get(address)


def test_records_without_costs_have_no_returns_and_say_what_is_missing(manager: Client) -> None:
    CompanyFactory()
    for month in range(24):
        for customer in Customer.objects.all() or (CustomerFactory(city="Lyon"), CustomerFactory(city="Pau")):
            day = dt.date(2024 + (1 + month) // 12, (1 + month) % 12 + 1, 5)
            bought(customer, day, {"unit_price": 10, "unit_cost": None})
    recomputed(TODAY)
    context = manager.get(f"{URL}?by=town").context
    assert context["finding"].startswith("No group has a month with cost above zero")
    assert "once unit costs of goods" in context["notes"][0]
    assert texts(context["returns"])[0] == ["Lyon", "1", "0", "€0.00", "€10.00", "", "", ""]
    assert context["returns_chart"] is None
    assert "No customer has a cost above zero" in manager.get("/portfolio/customers/").context["finding"]
    leaving = manager.get("/portfolio/concentration/").context["leaving"]
    assert leaving.endswith("left, the company would miss €240 of gross margin.")
