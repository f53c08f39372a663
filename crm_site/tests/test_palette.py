"""The command palette: what it offers to whom, and at what cost."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory, OrderFactory, user_with

pytestmark = pytest.mark.django_db
URL = "/palette/"
FINDING = ("customers.view_customer", "customers.see_all_customers", "customers.view_order")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def finder(client: Client) -> Client:
    """The browser of somebody who may read all customers and orders and do nothing."""
    CompanyFactory()
    client.force_login(user_with(*FINDING))
    return client


def offered(client: Client, text: str = "") -> dict[str, list[str]]:
    """The labels of the options by group."""
    response: Any = client.get(URL, {"q": text}, headers=HTMX)
    return {group.label: [option.label for option in group.options] for group in response.context["groups"]}


def test_customers_orders_and_pages_are_found_by_a_few_letters(finder: Client) -> None:
    customer = CustomerFactory(name="Orval", given_name="")
    OrderFactory(number="ORD1", customer=customer)
    found = offered(finder, "or")
    assert (found["Customers"], found["Orders"], found["Pages"]) == (["Orval"], ["ORD1"], ["Orders"])


def test_each_group_is_bounded(finder: Client) -> None:
    for _ in range(9):
        OrderFactory(customer=CustomerFactory(name="Mercier"))
    assert len(offered(finder, "mercier")["Customers"]) == len(offered(finder, "o0")["Orders"]) == 6


def open_file(client: Client, customer: Customer) -> None:
    """As a browser does: the page, and what it fetches once it stands."""
    client.get(customer.get_absolute_url())
    client.get(f"{customer.get_absolute_url()}more/", headers=HTMX)


def test_the_files_opened_last_are_offered_the_latest_first_and_no_more_than_ten(finder: Client) -> None:
    customers = [CustomerFactory(name=f"Visited {number:02}", given_name="") for number in range(12)]
    for customer in [*customers, customers[5]]:
        open_file(finder, customer)
    names = offered(finder)["Recent customers"]
    assert names[:3] == ["Visited 05", "Visited 11", "Visited 10"]
    assert len(names) == 10


def test_a_file_seen_before_is_not_offered_once_it_may_no_longer_be_seen(client: Client) -> None:
    CompanyFactory()
    user = user_with("customers.view_customer")
    client.force_login(user)
    customer = CustomerFactory(owner=user)
    open_file(client, customer)
    assert "Recent customers" in offered(client)
    customer.owner = user_with()
    customer.save()
    assert "Recent customers" not in offered(client)


def test_customers_of_others_are_not_found(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.view_customer"))
    CustomerFactory(name="Mercier", owner=user_with())
    assert "Customers" not in offered(client, "mercier")


def test_actions_are_offered_to_those_who_may_do_them(finder: Client, client: Client) -> None:
    assert "Actions" not in offered(finder)
    client.force_login(user_with("customers.add_customer", "customers.request_run"))
    assert offered(client)["Actions"] == ["New customer", "Recompute now"]
    assert offered(client, "recom")["Actions"] == ["Recompute now"]


def test_the_button_that_recomputes_is_sent_as_a_form(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.request_run"))
    page = client.get(URL, headers=HTMX).content.decode()
    assert '<button type="submit" form="palette-post" formaction="/runs/start/"' in page.replace("recompute/", "")


@pytest.mark.parametrize("text", ["%", "' OR 1=1", "\x00", "é" * 300, "<b>", "  "])
def test_any_text_is_answered(finder: Client, text: str) -> None:
    response = finder.get(URL, {"q": text}, headers=HTMX)
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


def test_without_scripts_the_search_page_answers(finder: Client) -> None:
    response = finder.get(URL, {"q": "a&b"})
    assert (response.status_code, response.headers["Location"]) == (302, "/search/?q=a%26b")


def test_the_palette_costs_the_same_queries_however_much_it_finds(finder: Client) -> None:
    finder.get(URL, headers=HTMX)
    counts = []
    for count in (1, 15):
        for _ in range(count):
            OrderFactory()
        with CaptureQueriesContext(connection) as queries:
            offered(finder, "c0")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
