"""The pages about a period: what they show, where their figures lead, their files, and who may see them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Run, Scorecard, Segment
from customers.permissions import EXPORT
from customers.tests.factories import SegmentFactory, user_with
from profitability import period_actions
from profitability.models import PeriodFigure, PeriodRanking
from profitability.permissions import SEE_VALUE
from profitability.tests.portfolio import a_portfolio
from profitability.tests.published import publish
from profitability.tests.shop import recomputed

pytestmark = pytest.mark.django_db

RANKING, GROUPS, SIZES = "/ranking/", "/ranking/groups/", "/ranking/sizes/"
PAGES = (RANKING, GROUPS, SIZES)


@pytest.fixture
def run() -> Run:
    a_portfolio()
    return recomputed()


@pytest.fixture
def manager(run: Run) -> Client:
    return client_with(
        SEE_VALUE, EXPORT, "customers.view_customer", "customers.see_all_customers", "customers.view_segment"
    )


def client_with(*permissions: str) -> Client:
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def names(client: Client, url: str) -> list[str]:
    return [row.cells[0].text for row in client.get(url).context["table"].rows]


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_period_has_its_own_order_and_curve(manager: Client) -> None:
    whole, part = manager.get(RANKING).context, manager.get(RANKING + "?period=2026-02").context
    assert part["whale"].series[0].values != whole["whale"].series[0].values
    assert 0 < part["paging"].count < whole["paging"].count
    profits = [row.cells[5].text for row in part["table"].rows]
    assert profits != [row.cells[5].text for row in whole["table"].rows]


@pytest.mark.parametrize("filters", ["category=1", "category=3", "sign=loss", "from_rank=3", "country=BE", "town=Lyon"])
def test_a_period_is_narrowed_like_the_whole(manager: Client, filters: str) -> None:
    page = manager.get(f"{RANKING}?period=2026-q1&size=100&{filters}").context
    assert page["paging"].count == len(page["table"].rows)
    everybody = names(manager, f"{RANKING}?period=2026-q1&size=100")
    found = [row.cells[0].text for row in page["table"].rows]
    assert set(found) < set(everybody)
    assert [name for name in everybody if name in found] == found


def test_the_period_stays_in_every_link_of_the_page(manager: Client) -> None:
    page = manager.get(RANKING + "?period=2026-q1&category=1").context
    assert all("period=2026-q1" in chip.remove_url for chip in page["filters"].chips)
    assert "period=2026-q1" in page["filters"].clear_url
    assert ("period", "2026-q1") in page["filters"].hidden
    assert all("period=2026-q1" in link for link in page["whale"].links)


def test_a_period_nobody_knows_is_said_and_all_months_are_shown(manager: Client) -> None:
    page = manager.get(RANKING + "?period=someday")
    assert "This period is not known" in page.content.decode()
    assert page.context["paging"].count == manager.get(RANKING).context["paging"].count


def test_the_picker_offers_what_has_figures(manager: Client) -> None:
    choices = {one.code for group in manager.get(RANKING).context["periods"] for one in group.choices}
    months = {f"2026-{month:02d}" for month in range(1, 7)}
    assert choices == {"", "12m", "before-12m", "2026", "2026-q1", "2026-q2"} | months


@pytest.mark.parametrize("period", ["", "2026-q2"])
def test_a_customer_is_found_on_the_curve(manager: Client, period: str) -> None:
    page = manager.get(f"{RANKING}?period={period}&here=c03").context
    rank = names(manager, f"{RANKING}?period={period}&size=100").index(page["here"].customer.full_name) + 1
    assert page["here"].customer.rank == rank
    assert f"stands at rank {rank} of" in page["place"].text
    assert page["whale"].marks[-1].label.startswith("You are here")
    run = Run.objects.get(is_current=True)
    figures: Any = PeriodFigure.objects if period else run.with_shares(Scorecard.objects.ranked_in(run))
    share = figures.get(customer=page["here"].customer, rank=rank).cumulative_share
    assert page["whale"].marks[-1].y == pytest.approx(share)


def test_a_customer_who_is_not_ranked_is_not_found(manager: Client) -> None:
    assert "No ranked customer matches" in manager.get(RANKING + "?here=C23").content.decode()


def test_the_ranking_of_a_period_is_a_file_too(manager: Client) -> None:
    page = manager.get(RANKING + "?period=2026-q2&format=csv")
    lines = b"".join(page.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) - 1 == manager.get(RANKING + "?period=2026-q2").context["paging"].count


@pytest.mark.parametrize("by", ["owner", "source", "family", "country", "postal", "town", "category"])
def test_a_group_opens_just_its_customers(manager: Client, by: str) -> None:
    page = manager.get(f"{GROUPS}?period=2026-q2&by={by}").context
    assert page["table"].rows
    for row in page["table"].rows:
        assert manager.get(row.cells[0].url).context["paging"].count == int(row.cells[1].text)


def test_a_segment_opens_just_its_customers(manager: Client) -> None:
    SegmentFactory(kind=Segment.Kind.DYNAMIC, query="country=FR", name="French")
    row = manager.get(f"{GROUPS}?by=segment").context["table"].rows[0]
    assert row.cells[0].text == "French"
    assert manager.get(row.cells[0].url).context["paging"].count == int(row.cells[1].text)


def test_a_segment_that_somebody_may_not_see_is_not_named(run: Run) -> None:
    SegmentFactory(kind=Segment.Kind.DYNAMIC, query="country=FR", name="Secret")
    client = client_with(SEE_VALUE, "customers.view_customer", "customers.view_segment")
    assert "Secret" not in client.get(f"{GROUPS}?by=segment").content.decode()


def test_a_size_opens_just_its_customers(manager: Client) -> None:
    page = manager.get(f"{SIZES}?period=2026").context
    rows = page["table"].rows
    assert len(rows) >= 5
    for row in rows:
        assert manager.get(row.cells[0].url).context["paging"].count == int(row.cells[1].text)


@pytest.mark.parametrize("url", [GROUPS + "?by=town", SIZES, RANKING + "?table=whale_curve"])
def test_tables_are_files(manager: Client, url: str) -> None:
    asked = url + ("&" if "?" in url else "?") + "format=csv"
    lines = b"".join(manager.get(asked).streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) > 2
    assert b"".join(manager.get(asked.replace("csv", "xlsx")).streaming_content)[:2] == b"PK"


def test_files_need_the_right_to_export(run: Run) -> None:
    client = client_with(SEE_VALUE, "customers.view_customer")
    assert client.get(SIZES + "?format=csv").status_code == 403
    assert "format=csv" not in client.get(SIZES).content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_pages_are_for_those_who_may_see_value(url: str, run: Run) -> None:
    assert client_with("customers.view_customer").get(url).status_code == 403


@pytest.mark.parametrize("url", PAGES)
def test_without_a_run_pages_say_what_is_missing(url: str) -> None:
    a_portfolio(2)
    assert "Nothing was computed yet" in client_with(SEE_VALUE).get(url).content.decode()


@pytest.mark.parametrize("url", PAGES)
def test_a_large_base_is_waited_for(manager: Client, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(period_actions, "AT_ONCE", 3)
    page = manager.get(url + "?period=2026-q1")
    assert page.templates[0].name == "profitability/ranking_waiting.html"
    assert page.context["job"].active
    assert PeriodRanking.objects.get().job.params["query"] == "period=2026-q1"


@pytest.mark.parametrize(
    ("url", "most"),
    [(RANKING + "?period=2026-q2", 10), (GROUPS + "?period=2026-q2&by=town", 5), (SIZES + "?period=2026", 5)],
)
def test_the_number_of_queries_is_known(manager: Client, url: str, most: int) -> None:
    assert queries(manager, url) <= most


def test_a_run_of_nobody_is_an_empty_page(manager: Client) -> None:
    Run.objects.update(is_current=False)
    publish()
    for url in PAGES:
        assert manager.get(url).status_code == 200
