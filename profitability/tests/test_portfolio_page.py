"""The pages of the portfolio: what they tell, what is refused and why, and their files."""

import datetime as dt
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Run
from customers.tests.factories import CompanyFactory, CustomerFactory, SegmentFactory, user_with
from profitability.models import Scenario
from profitability.permissions import SEE_VALUE
from profitability.tests.portfolio_shop import TODAY, TwoYears, manager, reader, texts
from profitability.tests.published import publish
from profitability.tests.shop import Shop, bought, recomputed

pytestmark = pytest.mark.django_db
__all__ = ["manager"]

URL = "/portfolio/"
FEBRUARY = dt.date(2024, 2, 1)


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
