"""Search over customers and orders at once."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.counting import Count
from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory, OrderFactory, user_with

URL = "/search/"


def found(response: Any, group: str) -> list[str]:
    return [row.cells[0].text for row in response.context[group].rows]


def test_customers_and_orders_are_found_in_groups(visitor: Client) -> None:
    customer = CustomerFactory(name="Mercier", given_name="", reference="AB7")
    OrderFactory(number="AB71", customer=customer)
    response = visitor.get(URL, {"q": "ab7"})
    assert (found(response, "customers"), found(response, "orders")) == (["Mercier"], ["AB71"])


def test_an_exact_reference_stands_first(visitor: Client) -> None:
    CustomerFactory(name="Aaron", given_name="", reference="C10")
    CustomerFactory(name="Zola", given_name="", reference="C1")
    assert found(visitor.get(URL, {"q": "C1"}), "customers") == ["Zola", "Aaron"]


def test_each_group_is_bounded_and_leads_to_the_whole_list(visitor: Client) -> None:
    for _ in range(25):
        OrderFactory(customer=CustomerFactory(name="Mercier"))
    response = visitor.get(URL, {"q": "mercier"})
    assert len(found(response, "customers")) == 20
    assert 'href="/customers/?q=mercier"' in response.content.decode()
    assert len(found(visitor.get(URL, {"q": "o"}), "orders")) == 20


@pytest.mark.parametrize("text", ["", "  ", "%", "' OR 1=1", "\x00", "é" * 300, "<b>"])
def test_any_text_is_answered(visitor: Client, text: str) -> None:
    CustomerFactory(name="Zed", given_name="", email="", city="")
    response = visitor.get(URL, {"q": text})
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


def test_a_search_shows_only_what_the_reader_may_see(client: Client, db: None) -> None:
    CompanyFactory()
    CustomerFactory(reference="AB7")
    OrderFactory(number="AB8")
    client.force_login(user_with("customers.view_order", "customers.see_all_customers"))
    response = client.get(URL, {"q": "ab"})
    assert (found(response, "customers"), found(response, "orders")) == ([], ["AB8"])


def test_a_search_costs_the_same_queries_however_much_it_finds(visitor: Client) -> None:
    visitor.get(URL)
    counts = []
    for count in (1, 15):
        for _ in range(count):
            OrderFactory()
        with CaptureQueriesContext(connection) as queries:
            visitor.get(URL, {"q": "c0"})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_visitor_is_sent_to_the_sign_in(client: Client, db: None) -> None:
    assert client.get(URL, {"q": "a"}).status_code == 302


def test_names_that_begin_with_the_text_stand_before_other_words(visitor: Client) -> None:
    CustomerFactory(name="Aaron", given_name="Lea", city="Martigues")
    CustomerFactory(name="Martin", given_name="Zoé", city="Nice")
    assert found(visitor.get(URL, {"q": "mart"}), "customers") == ["Zoé Martin", "Lea Aaron"]
    assert found(visitor.get(URL, {"q": "martin zo"}), "customers") == ["Zoé Martin"]
    assert found(visitor.get(URL, {"q": "zoé martin"}), "customers") == ["Zoé Martin"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Παπαδόπουλος", "παπαδο"),
        ("Иванов", "ИВАН"),
        ("Алёшин", "алешин"),
        ("محمد", "محم"),
        ("山田太郎", "太郎"),
        ("김민수", "김민"),
        ("हिन्दी", "हिन"),
    ],
)
def test_names_in_other_scripts_are_found(visitor: Client, name: str, text: str) -> None:
    CustomerFactory(name=name, given_name="", email="", city="")
    CustomerFactory(name="Other", given_name="", email="", city="")
    assert found(visitor.get(URL, {"q": text}), "customers") == [name]


def test_names_from_before_are_made_searchable_by_the_migration(visitor: Client) -> None:
    customer = CustomerFactory(name="Иванов", given_name="", email="", city="")
    Customer.objects.filter(pk=customer.pk).update(search_text="", sort_key="")
    assert found(visitor.get(URL, {"q": "иван"}), "customers") == []
    import_module("customers.migrations.0018_search_words_of_any_script").write_anew(
        None, SimpleNamespace(connection=connection)
    )
    assert found(visitor.get(URL, {"q": "иван"}), "customers") == ["Иванов"]


# --- The list, searched -----------------------------------------------------------------------------------------------


def listed(visitor: Client, **parameters: str) -> Any:
    return visitor.get("/customers/", parameters).context


def names(context: Any) -> list[str]:
    return [row.cells[0].text for row in context["table"].rows]


@pytest.fixture
def martins(db: None) -> None:
    for name, given in (("Abel", "Martin"), ("Martin", "Zoe"), ("Zola", "Martine"), ("Martinez", "Ana"), ("Other", "")):
        CustomerFactory(name=name, given_name=given)


def test_who_is_called_like_that_stands_before_others_who_are_listed(visitor: Client, martins: None) -> None:
    in_order = ["Zoe Martin", "Ana Martinez", "Martin Abel", "Martine Zola"]
    assert names(listed(visitor, q="martin")) == in_order
    assert names(listed(visitor, q="martin", sort="-name")) == [
        "Martine Zola",
        "Ana Martinez",
        "Zoe Martin",
        "Martin Abel",
    ]
    assert names(listed(visitor, q="martin", kind="person")) == [
        "Martin Abel",
        "Zoe Martin",
        "Ana Martinez",
        "Martine Zola",
    ]


def test_one_turns_over_along_a_search_in_its_order(visitor: Client, martins: None) -> None:
    address, seen = "/customers/?q=martin", []
    customer = Customer.objects.get(name="Martin")
    visitor.get(customer.get_absolute_url(), headers={"Referer": f"http://testserver{address}"})
    for _ in range(3):
        customer = Customer.objects.get(
            pk=int(visitor.get(f"/customers/{customer.pk}/next/")["Location"].split("/")[2])
        )
        seen.append(customer.name)
    assert seen == ["Martinez", "Abel", "Zola"]


def test_of_frequent_words_the_number_is_told_from_statistics(
    visitor: Client, martins: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.reports.table_count", lambda model: Count(5, estimated=True))
    monkeypatch.setattr("crm_site.lib.views.lately_expected", lambda rows, known_by: 4)
    with CaptureQueriesContext(connection) as queries:
        context = listed(visitor, q="martin")
    assert (context["paging"].count, context["paging"].estimated) == (4, True)
    assert not [query for query in queries if "COUNT(*)" in query["sql"] and "WHERE" in query["sql"]]
    assert len(names(context)) == 4
    monkeypatch.setattr("customers.views.SORTED_LIMIT", 0)
    assert names(listed(visitor, q="martin")) == names(context)


@pytest.mark.parametrize(("limit", "statements"), [(1, 1), (3, 2)])
def test_finds_are_counted_no_further_than_anybody_reads(
    visitor: Client, martins: None, monkeypatch: pytest.MonkeyPatch, limit: int, statements: int
) -> None:
    monkeypatch.setattr("customers.views.FOUND_LIMIT", limit)
    with CaptureQueriesContext(connection) as queries:
        paging = listed(visitor, q="martin")["paging"]
    assert (paging.count, paging.capped) == (limit, True)
    counted = [query["sql"] for query in queries if "COUNT(*)" in query["sql"] and "WHERE" in query["sql"]]
    assert len(counted) == statements
    assert ("search_vector" in counted[-1]) == (statements == 2)
    assert len(names(listed(visitor, q="martin"))) == 4
