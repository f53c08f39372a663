"""The ranking: order, filters, pages, files, and who may read it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Run, Scorecard
from customers.models.scorecard import Stage
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, CustomerFactory, ScorecardFactory, user_with
from profitability.permissions import SEE_VALUE
from profitability.tests.published import publish

pytestmark = pytest.mark.django_db

URL = "/ranking/"
PROFITS = (500, 400, 300, 200, 100, *[20] * 14, 0, -100, -150, -200, -250, -300)
QUERIES = 9


@pytest.fixture
def manager() -> Client:
    return client_with(SEE_VALUE, EXPORT, "customers.view_customer")


def client_with(*permissions: str) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def names(client: Client, query: str = "") -> list[str]:
    return [row.cells[0].text for row in client.get(URL + query).context["table"].rows]


def test_the_most_profitable_customer_stands_first(manager: Client) -> None:
    publish(*PROFITS)
    assert names(manager) == [f"Rank{rank}" for rank in range(1, 26)]


def test_a_row_tells_rank_figures_share_category_and_value(manager: Client) -> None:
    publish(*PROFITS)
    cells = [cell.text for cell in manager.get(URL).context["table"].rows[1].cells]
    expected = ["Rank2", "2", "€100.00", "€400.00", "€0.00", "€400.00", "115.4%", "Most profitable", "€10.00"]
    assert cells == expected


def test_the_sentence_and_the_curve_stand_above_the_list(manager: Client) -> None:
    publish(*PROFITS)
    page = manager.get(URL)
    assert page.context["finding"].text.startswith("20% of customers make 192% of the profit")
    assert page.context["whale"].series[0].values[-1] == 1


@pytest.mark.parametrize("query", ["", "?category=2", "?category=3", "?stage=customer", "?sign=loss", "?from_rank=20"])
def test_the_totals_know_how_many_pass_a_filter(manager: Client, query: str) -> None:
    publish(*PROFITS)
    page = manager.get(URL + query).context
    assert page["paging"].count == len(page["table"].rows)


@pytest.mark.parametrize(
    ("query", "ranks"),
    [
        ("?category=1", range(1, 6)),
        ("?category=2", range(6, 20)),
        ("?category=3", range(20, 26)),
        ("?category=4", ()),
        ("?sign=profit", range(1, 20)),
        ("?sign=zero", (20,)),
        ("?sign=loss", range(21, 26)),
        ("?from_rank=24", (24, 25)),
        ("?sort=-rank&sign=loss", range(25, 20, -1)),
        ("?q=rank7", (7,)),
    ],
)
def test_filters_narrow_the_ranking(manager: Client, query: str, ranks: tuple[int, ...]) -> None:
    publish(*PROFITS)
    assert names(manager, query) == [f"Rank{rank}" for rank in ranks]


def test_categories_three_and_four_are_told_apart_below_the_others(manager: Client) -> None:
    run = publish(*PROFITS)
    Scorecard.objects.in_run(run).filter(place__in=(21, 24)).update(category=4)
    run.totals["categories"][2]["customers"], run.totals["categories"][3]["customers"] = 4, 2
    run.save()
    assert names(manager, "?category=4") == ["Rank21", "Rank24"]
    assert names(manager, "?category=3") == ["Rank20", "Rank22", "Rank23", "Rank25"]


def test_former_customers_are_found_by_stage(manager: Client) -> None:
    run = publish(*PROFITS, active=24, former=1)
    Scorecard.objects.in_run(run).filter(place=3).update(stage=Stage.FORMER)
    assert names(manager, "?stage=former") == ["Rank3"]


def test_prospects_are_not_ranked(manager: Client) -> None:
    run = publish(30, 20, 10)
    prospect = CustomerFactory(name="Prospect", given_name="")
    nowhere = dict.fromkeys(("place", "cumulative_profit", "category"))
    ScorecardFactory(run=run, customer=prospect, stage=Stage.PROSPECT, **nowhere)
    assert names(manager) == ["Rank1", "Rank2", "Rank3"]


def test_the_next_page_goes_on_where_this_one_ends(manager: Client) -> None:
    publish(*range(60, 0, -1))
    first = manager.get(URL).context["paging"]
    assert names(manager, first.next_url) == [f"Rank{rank}" for rank in range(26, 51)]
    assert (first.shown, first.count) == (25, 60)


def test_customers_with_the_same_profit_are_neither_lost_nor_repeated(manager: Client) -> None:
    publish(*[10] * 60)
    seen: list[str] = []
    query = "?sort=-profit"
    while query:
        seen += names(manager, query)
        query = manager.get(URL + query).context["paging"].next_url
    assert sorted(seen) == sorted(Customer.objects.values_list("name", flat=True))
    assert len(seen) == len(set(seen))


def test_the_list_is_a_file_too(manager: Client) -> None:
    publish(*PROFITS)
    response = manager.get(URL + "?format=csv&category=1")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 6
    assert lines[1].startswith('"Rank1",1,100.00,500.00,0.00,500.00,')


def test_a_file_needs_the_right_to_export() -> None:
    publish(*PROFITS)
    assert client_with(SEE_VALUE, "customers.view_customer").get(URL + "?format=csv").status_code == 403


def test_without_a_run_the_page_says_what_is_missing(manager: Client) -> None:
    assert "Nothing was computed yet" in manager.get(URL).content.decode()


def test_a_run_without_customers_is_an_empty_ranking(manager: Client) -> None:
    publish()
    assert "there is nothing to rank" in manager.get(URL).content.decode()


def test_only_those_who_may_see_value_are_let_in() -> None:
    publish(30, 20, 10)
    assert client_with("customers.view_customer").get(URL).status_code == 403


def test_customers_that_somebody_may_not_see_are_not_named() -> None:
    publish(30, 20, 10)
    assert names(client_with(SEE_VALUE)) == []


def test_the_number_of_queries_does_not_grow_with_the_rows(manager: Client) -> None:
    publish(30, 20, 10)
    few = queries(manager)
    Run.objects.update(is_current=False)
    publish(*range(1, 60))
    assert queries(manager) == few <= QUERIES


def queries(client: Client) -> int:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return len(captured)
