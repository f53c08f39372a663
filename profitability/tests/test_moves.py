"""Moves between categories: each customer in one cell, in words, as a table, and with their customers behind them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.jobs.actions import run_job
from customers.models import Run, Scorecard, Task
from customers.permissions import ADD_SEGMENT, ADD_TASK, CHANGE_MANY, EXPORT
from customers.tests.factories import user_with
from profitability.actions import request_recompute
from profitability.models import CategoryPolicy, PeriodFigure, PeriodRanking
from profitability.permissions import SEE_VALUE
from profitability.reports.move_words import moves_in_words
from profitability.tables.moves import move_table
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import TODAY, recomputed
from profitability.totals import Move

pytestmark = pytest.mark.django_db

URL = "/ranking/moves/"
QUARTERS = "?from=2026-q1&to=2026-q2"
LABELS = {
    "profit": "Profit after", "profit_before": "Profit before", "lifetime_value": "Lifetime value",
}  # fmt: skip


@pytest.fixture
def run() -> Run:
    a_portfolio()
    return recomputed()


@pytest.fixture
def manager(run: Run) -> Client:
    return client_with(SEE_VALUE, EXPORT, "customers.view_customer", "customers.see_all_customers")


def client_with(*permissions: str) -> Client:
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def move(before: int | None, after: int | None, customers: int) -> Move:
    return Move(before=before, after=after, customers=customers)


MOVES = (move(1, 1, 6), move(1, 4, 2), move(3, 1, 2), move(None, 2, 5), move(4, None, 1))


def test_every_customer_is_in_one_cell(manager: Client) -> None:
    table = manager.get(URL + QUARTERS).context["table"]
    quarters = {ranking.since.month: ranking for ranking in PeriodRanking.objects.all() if ranking.since}
    first, second = (
        dict(PeriodFigure.objects.filter(ranking=quarters[month]).values_list("customer", "category"))
        for month in (1, 4)
    )
    expected: dict[tuple[int | None, int | None], int] = {}
    for customer in first.keys() | second.keys():
        ends = (first.get(customer), second.get(customer))
        expected[ends] = expected.get(ends, 0) + 1
    heads = [category for category, _name in table.heads]
    found = {
        (row.category, after): cell.customers
        for row in table.rows
        for after, cell in zip(heads, row.cells, strict=True)
        if cell.customers
    }
    assert found == expected
    assert sum(table.sums) == len(first.keys() | second.keys())


def test_each_cell_opens_its_customers(manager: Client) -> None:
    table = manager.get(URL + QUARTERS).context["table"]
    cells = [cell for row in table.rows for cell in row.cells if cell.url]
    assert len(cells) > 3
    for cell in cells:
        assert manager.get(cell.url).context["paging"].count == cell.customers


def test_the_recompute_before_is_compared_too(manager: Client, run: Run) -> None:
    Scorecard.objects.in_run(run).filter(category=1).update(category=4)
    best = Scorecard.objects.in_run(run).filter(category=4, place__lte=3).count()
    run_job(request_recompute(reason=Run.Reason.ASKED, as_of=TODAY, full=True).pk)
    page = manager.get(URL + "?runs=1")
    moved = {(m.split(" to ")[0], m.split(" to ")[1]): v for m, v in zip(
        page.context["flow"].x_values, page.context["flow"].series[0].values, strict=True)}  # fmt: skip
    assert moved["Unprofitable", "Most profitable"] >= best > 0
    link = page.context["flow"].links[page.context["flow"].x_values.index("Unprofitable to Most profitable")]
    assert manager.get(link).context["paging"].count == moved["Unprofitable", "Most profitable"]


def test_without_a_recompute_before_the_page_says_so(manager: Client) -> None:
    assert "no recompute to compare with" in manager.get(URL + "?runs=1").content.decode()


def test_the_sentence_counts_who_stayed_rose_and_fell() -> None:
    finding = moves_in_words(MOVES)
    assert finding.text == ("Of the 10 customers ranked in both, 60% stayed in their category, 20% rose and 20% fell.")
    assert finding.notes == ("5 customers are ranked only after.", "1 customer is ranked only before.")


def test_shares_add_up_and_hide_nobody() -> None:
    thirds = moves_in_words([move(1, 1, 1), move(2, 1, 1), move(1, 2, 1)])
    assert "34% stayed in their category, 33% rose and 33% fell" in thirds.text
    few = moves_in_words([move(1, 1, 996), move(2, 1, 1), move(1, 2, 3)])
    assert "99.6% stayed in their category, 0.1% rose and 0.3% fell" in few.text


def test_nobody_on_both_sides_is_said() -> None:
    assert moves_in_words([move(None, 1, 3)]).text == "No customer is ranked in both, so nobody moved."


def test_the_shade_of_a_cell_follows_its_share_of_the_row() -> None:
    rows = move_table(MOVES, lambda one: "#").rows
    assert [cell.shade for cell in rows[0].cells] == [3, 0, 1, 0]
    assert [row.customers for row in rows] == [8, 2, 1, 5]


def test_moves_are_a_file(manager: Client) -> None:
    lines = b"".join(manager.get(f"{URL}{QUARTERS}&format=csv").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == '"Before","After","Customers"'
    assert len(lines) > 3


@pytest.mark.parametrize("query", ["?was=7&is=1", "?was=x&is=1", "?runs=1&was=1&is=1"])
def test_a_move_that_cannot_be_is_not_found(manager: Client, query: str) -> None:
    assert manager.get(f"{URL}customers/{query}").status_code == 404


def test_owners_get_a_task_for_the_customers_of_a_cell(run: Run) -> None:
    client = client_with(SEE_VALUE, CHANGE_MANY, ADD_TASK, "customers.view_customer", "customers.see_all_customers")
    cell = next(
        cell for row in client.get(URL + QUARTERS).context["table"].rows for cell in row.cells if cell.customers > 1
    )
    page = client.get(cell.url).context
    asked = client.post(
        "/customers/bulk/", {"list": page["selection"], "scope": "page", "page": page["keys"], "action": "task"}
    )
    assert f"{cell.customers} customers are selected" in asked.context["form_intro"]
    form = asked.context["form"].initial | {"title": "Call", "due_on": "2026-12-01", "priority": 2, "note": ""}
    done = client.post("/customers/bulk/", form)
    assert Task.objects.filter(title="Call").count() == cell.customers
    client.post(f"{done['Location']}undo/")
    assert not Task.objects.exists()


def test_a_category_has_its_policy_its_customers_and_its_actions(run: Run) -> None:
    CategoryPolicy.objects.update_or_create(category=1, defaults={"text": "Delight them."})
    client = client_with(
        SEE_VALUE, CHANGE_MANY, ADD_TASK, ADD_SEGMENT, "customers.view_customer", "customers.see_all_customers",
        "customers.view_scorecard",
    )  # fmt: skip
    page = client.get(URL)
    assert "Delight them." in page.content.decode()
    assert "/segments/new/?filters=category%3D1" in page.content.decode()
    assert '<input type="hidden" name="title" value="Delight them.">' in page.content.decode()
    sent = {"list": page.context["selections"][1], "scope": "all", "action": "task", "title": "Delight them."}
    asked = client.post("/customers/bulk/", sent)
    assert asked.context["form"]["title"].value() == "Delight them."
    best = Scorecard.objects.in_run(run).filter(category=1).count()
    assert f"{best} customers are selected" in asked.context["form_intro"]


def test_whoever_may_not_plan_tasks_is_offered_none(manager: Client) -> None:
    assert manager.get(URL).context["selections"] == {}


def test_pages_are_for_those_who_may_see_value(run: Run) -> None:
    client = client_with("customers.view_customer")
    assert [client.get(url).status_code for url in (URL, f"{URL}customers/?was=1&is=1")] == [403, 403]


def test_the_number_of_queries_is_known(manager: Client) -> None:
    manager.get(URL + QUARTERS)
    with CaptureQueriesContext(connection) as captured:
        assert manager.get(URL + QUARTERS).status_code == 200
    assert len(captured) <= 8


def test_moves_are_counted_once_for_a_run(manager: Client) -> None:
    first = manager.get(URL + QUARTERS).context["table"]
    with CaptureQueriesContext(connection) as captured:
        again = manager.get(URL + QUARTERS).context["table"]
    assert again == first
    assert not [query for query in captured if "FULL JOIN" in query["sql"]]


@pytest.mark.parametrize("kept", [0, 1000])
def test_many_who_moved_are_met_along_an_index_in_the_same_order_as_few(
    manager: Client, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("profitability.views.moves.MOST_WITH_TASKS", kept)
    table = manager.get(URL + QUARTERS).context["table"]
    cell = max((cell for row in table.rows for cell in row.cells), key=lambda cell: cell.customers)
    for sort in ("-profit", "profit_before", "lifetime_value"):
        column = sort.removeprefix("-")
        rows = manager.get(f"{cell.url}&sort={sort}").context["table"].rows
        place = [head.label for head in manager.get(cell.url).context["table"].columns].index(LABELS[column])
        values = [row.cells[place].value for row in rows]
        known = [value for value in values if value is not None]
        assert len(values) == cell.customers > 1
        assert values[: len(known)] == sorted(known, reverse=sort.startswith("-"))
