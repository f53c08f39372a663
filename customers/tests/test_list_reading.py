"""However rows of the customer list are found, it shows what a plain reading of all tables shows, in the same order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.accounts.models import Team, User
from customers.models import Customer, Run, Scorecard
from customers.models.scorecard import Category, Stage
from customers.permissions import VIEW_CUSTOMERS, VIEW_FIGURES
from customers.tests.factories import CustomerFactory, RunFactory, ScorecardFactory, UserFactory, user_with
from customers.views import WALKED_ANYHOW

CUSTOMERS = 50
ROWS = 5  # of a page
EVERYBODY, TEAM = "customers.see_all_customers", "customers.see_team_customers"
# The figures that lists are sorted by, and the column of each.
SORTS = {
    "name": "",
    "profit": "profit",
    "net_revenue": "net_revenue",
    "gross_margin": "gross_margin",
    "cost_to_serve": "cost_to_serve",
    "lifetime_value": "lifetime_value",
    "order_count": "orders",
    "last_order_on": "last_order_on",
    "probability_alive": "probability_alive",
    "rank": "place",
}
Test = Callable[[Customer, Any], bool]
# Filters as they stand in the address, and what each means.
SIMPLE: dict[tuple[str, str], Test] = {
    ("kind", "company"): lambda customer, card: customer.kind == "company",
    ("stage", "customer"): lambda customer, card: card.stage == "customer",
    ("category", "2"): lambda customer, card: card.category == 2,
    ("category", "4"): lambda customer, card: card.category == 4,
    ("profit_min", "0"): lambda customer, card: card.profit >= 0,
    ("profit_max", "3.50"): lambda customer, card: card.profit <= Decimal("3.50"),
    ("value_min", "20"): lambda customer, card: card.lifetime_value is not None and card.lifetime_value >= 20,
}
CONDITIONS: dict[str, Test] = {
    "profit:most:0": lambda customer, card: card.profit <= 0,
    "lifetime_value:least:20": lambda customer, card: card.lifetime_value is not None and card.lifetime_value >= 20,
    "lifetime_value:empty": lambda customer, card: card.lifetime_value is None,
    "category:in:1,3": lambda customer, card: card.category in {1, 3},
    "order_count:between:1,3": lambda customer, card: 1 <= card.orders <= 3,
    "city:is:Lyon": lambda customer, card: customer.city == "Lyon",
    "kind:not:person": lambda customer, card: customer.kind != "person",
}


@pytest.fixture
def run(db: None) -> Run:
    """A run of customers with few different figures, some of them unknown; half of everybody is looked after."""
    made, chance = RunFactory(), Random(1)
    former = RunFactory(is_current=False)
    team, other = Team.objects.create(name="North"), Team.objects.create(name="South")
    owners = [None, None, UserFactory(team=team), UserFactory(team=team), UserFactory(team=other)]
    for n in range(CUSTOMERS):
        customer = CustomerFactory(
            name=chance.choice(["Aubert", "Zola", "Émile"]), given_name="", city=chance.choice(["Lyon", "Gap"]),
            kind=chance.choice(["person", "person", "company"]), owner=chance.choice(owners),
            team=chance.choice([None, other]),
        )  # fmt: skip
        figures = chance_figures(chance)
        ScorecardFactory(run=made, customer=customer, place=n + 1, **figures)
        ScorecardFactory(run=former, customer=customer, profit=Decimal(1000 - n))
    return made


def chance_figures(chance: Random) -> dict[str, Any]:
    profit = Decimal(chance.randint(-3, 8))
    return {
        "stage": chance.choice(Stage.values),
        "category": chance.choice([*Category.values, None]),
        "profit": profit,
        "net_revenue": Decimal(chance.randint(0, 4)),
        "cost_to_serve": Decimal(chance.randint(0, 3)),
        "orders": chance.randint(0, 5),
        "lifetime_value": chance.choice([None, profit * 5, Decimal(7)]),
        "last_order_on": chance.choice([None, dt.date(2026, 1, 1), dt.date(2026, 1, 2)]),
        "probability_alive": chance.choice([None, 0.25, 0.5, 0.75]),
    }


@pytest.fixture
def readers(run: Run) -> dict[str, User]:
    north = Team.objects.get(name="North")
    return {
        "all": user_with(VIEW_CUSTOMERS, VIEW_FIGURES, EVERYBODY),
        "team": user_with(VIEW_CUSTOMERS, VIEW_FIGURES, TEAM, team=north),
        "own": user_with(VIEW_CUSTOMERS, VIEW_FIGURES, team=north),
    }


def sees(scope: str, reader: User, customer: Customer) -> bool:
    unowned = customer.owner_id is None and customer.team_id is None
    if scope == "all" or unowned or customer.owner_id == reader.pk:
        return True
    owner = customer.owner
    return scope == "team" and bool(
        customer.team_id == reader.team_id or (owner and owner.team_id == reader.team_id)  # type: ignore[attr-defined]
    )


def chosen(chance: Random) -> tuple[dict[str, str], Test]:
    """Some filters, of which all hold, and perhaps groups of conditions besides; and what they mean together."""
    simple = dict(chance.sample(sorted(SIMPLE), chance.randint(0, 2)))
    tests: list[Test] = [SIMPLE[pair] for pair in simple.items()]
    if chance.random() < 0.5:
        groups = [chance.sample(sorted(CONDITIONS), 2) for _ in range(2)]
        joints = [chance.choice(["all", "any"]) for _ in groups]
        either = chance.random() < 0.5
        text = ";".join(f"{joint}({';'.join(group)})" for joint, group in zip(joints, groups, strict=True))
        simple["where"] = f"either({text})" if either else text
        meant = [
            lambda customer, card, joint=joint, group=group: {"all": all, "any": any}[joint](
                CONDITIONS[each](customer, card) for each in group
            )
            for joint, group in zip(joints, groups, strict=True)
        ]
        tests.append(lambda customer, card: (any if either else all)(test(customer, card) for test in meant))
    return simple, lambda customer, card: all(test(customer, card) for test in tests)


def plainly(scope: str, reader: User, run: Run, sort: str, test: Test) -> list[int]:
    """The keys of the list, from all rows of both tables."""
    cards = {card.customer_id: card for card in Scorecard.objects.in_run(run)}
    found = [
        customer
        for customer in Customer.objects.select_related("owner")
        if sees(scope, reader, customer) and test(customer, cards[customer.pk])
    ]
    column = SORTS[sort.removeprefix("-")]
    value = lambda customer: getattr(cards[customer.pk], column) if column else customer.sort_key  # noqa: E731
    known = sorted(
        (customer for customer in found if value(customer) is not None),
        key=lambda customer: (value(customer), customer.pk),
        reverse=sort.startswith("-"),
    )
    unknown = sorted(customer.pk for customer in found if value(customer) is None)
    return [customer.pk for customer in known] + (unknown[::-1] if sort.startswith("-") else unknown)


def turned(browser: Client, address: dict[str, str]) -> Iterator[tuple[list[int], Any]]:
    """The pages of a list one after the other, and from its end back; of each the keys and what it says of itself."""
    page = browser.get("/customers/", address).context
    yield keys(page), page["paging"]
    for direction in ("next_url", "previous_url"):
        for _ in range(CUSTOMERS):
            if not (url := getattr(page["paging"], direction)):
                break
            page = browser.get("/customers/" + url).context
            yield keys(page), page["paging"]


def keys(page: Any) -> list[int]:
    return [int(row.cells[0].url.split("/")[2]) for row in page["table"].rows]


@pytest.fixture(params=["counted", "walked", "walked in vain", "sorted"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How pages are found: few rows are counted and sorted, many are met along an index, perhaps not soon enough."""
    monkeypatch.setattr("crm_site.lib.views.PAGE_SIZES", (ROWS, 50))
    if request.param != "counted":
        monkeypatch.setattr("crm_site.lib.counting.COUNT_LIMIT", 3)
        monkeypatch.setattr("crm_site.lib.views.TOLD_LIMIT", 0)
        monkeypatch.setattr("customers.views.COUNT_LIMIT", 0)
        monkeypatch.setattr("crm_site.lib.views.SORTED_LIMIT", CUSTOMERS if request.param == "sorted" else 0)
        monkeypatch.setattr("customers.views.WALKED_ANYHOW", {"walked": CUSTOMERS, "sorted": 1}.get(request.param, 15))
    return str(request.param)


@pytest.mark.parametrize("seed", range(8))
def test_every_page_of_every_list_holds_what_a_plain_reading_finds(
    client: Client, run: Run, readers: dict[str, User], way: str, seed: int
) -> None:
    chance = Random(f"{seed} {way}")
    scope, sort = chance.choice(sorted(readers)), chance.choice(["", "-"]) + chance.choice(sorted(SORTS))
    filters, test = chosen(chance)
    client.force_login(readers[scope])
    expected = plainly(scope, readers[scope], run, sort, test)
    pages = list(turned(client, filters | {"sort": sort}))
    turning = -(-len(expected) // ROWS) or 1
    assert [key for found, _ in pages[:turning] for key in found] == expected, (filters, sort, scope)
    assert [found for found, _ in pages[turning:]] == [found for found, _ in pages[: turning - 1]][::-1]
    for _, paging in pages:
        assert paging.estimated or (paging.count < len(expected) if paging.capped else paging.count == len(expected))


def test_a_page_is_met_along_the_index_and_no_further_than_worth_while(
    client: Client, run: Run, readers: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_site.lib.views.TOLD_LIMIT", 0)
    monkeypatch.setattr("customers.views.COUNT_LIMIT", 0)
    client.force_login(readers["all"])
    asked = []
    for limit in (CUSTOMERS, 5):
        monkeypatch.setattr("customers.views.WALKED_ANYHOW", limit)
        with CaptureQueriesContext(connection) as queries:
            client.get("/customers/", {"profit_min": "0", "sort": "-profit"})
        asked.append([query["sql"] for query in queries if "ORDER BY" in query["sql"] and "card" in query["sql"]])
    assert [len(statements) for statements in asked] == [1, 2]
    assert all(f"LIMIT {limit}) card ON" in found[0] for limit, found in zip((CUSTOMERS, 5), asked, strict=True))


@pytest.mark.parametrize("sort", ["-profit", "lifetime_value"])
def test_of_a_category_only_its_own_part_of_an_index_is_followed(
    client: Client, run: Run, readers: dict[str, User], monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr("crm_site.lib.views.TOLD_LIMIT", 0)
    monkeypatch.setattr("customers.views.COUNT_LIMIT", 0)
    client.force_login(readers["all"])
    with CaptureQueriesContext(connection) as queries:
        client.get("/customers/", {"category": "4", "sort": sort})
    (walked,) = [query["sql"] for query in queries if ") card ON" in query["sql"]]
    followed = walked.partition(") card ON")[0]
    assert '"customers_scorecard"."category" = 4' in followed
    assert f"LIMIT {WALKED_ANYHOW}" in followed


def test_many_rows_of_one_condition_are_told_from_statistics_and_said_to_be_about_so_many(
    client: Client, run: Run, readers: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_site.lib.views.TOLD_LIMIT", 0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer")
    client.force_login(readers["all"])
    companies = Customer.objects.filter(kind="company").count()
    told = client.get("/customers/", {"kind": "company"}).context["paging"]
    assert (told.estimated, told.count) == (True, companies)
    assert not client.get("/customers/", {"kind": "company", "q": "aubert"}).context["paging"].estimated
    client.force_login(readers["own"])
    assert not client.get("/customers/", {"kind": "company"}).context["paging"].estimated


def test_that_there_are_many_is_remembered_and_a_small_number_is_not(
    client: Client, run: Run, readers: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_site.lib.counting.COUNT_LIMIT", 3)
    client.force_login(readers["all"])
    counts = []
    monkeypatch.setattr("customers.views.FOUND_LIMIT", 3)
    for address in ({"profit_min": "0", "kind": "person"}, {"q": "zola", "kind": "person"}, {"q": "zola"}):
        client.get("/customers/", address)
        with CaptureQueriesContext(connection) as queries:
            client.get("/customers/", address | {"size": "50"})
        counts.append(sum("COUNT(*)" in query["sql"] and "WHERE" in query["sql"] for query in queries))
    assert counts == [0, 0, 0]
    with CaptureQueriesContext(connection) as queries:
        client.get("/customers/", {"profit_min": "100", "kind": "person"})
        client.get("/customers/", {"profit_min": "100", "kind": "person"})
    assert sum("COUNT(*)" in query["sql"] for query in queries) == 2


def test_a_list_that_is_asked_for_again_is_neither_counted_nor_estimated_again(
    client: Client, run: Run, readers: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_site.lib.views.TOLD_LIMIT", 0)
    monkeypatch.setattr("customers.views.COUNT_LIMIT", 0)
    monkeypatch.setattr("crm_site.lib.views.PAGE_SIZES", (ROWS, 50))
    client.force_login(readers["all"])
    client.get("/customers/", {"category": "2", "sort": "-lifetime_value"})
    with CaptureQueriesContext(connection) as queries:
        client.get("/customers/", {"category": "2", "sort": "-lifetime_value"})
    assert len(queries) == 8
    assert not [query for query in queries if "EXPLAIN" in query["sql"]]
