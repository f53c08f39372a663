"""The list of orders and the page of one."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Order
from customers.tests.factories import (
    CustomerFactory,
    ImportFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    user_with,
)

URL = "/orders/"


def numbers(response: Any) -> list[str]:
    return [row.cells[0].text for row in response.context["table"].rows]


def test_the_latest_order_comes_first_with_its_amount(visitor: Client) -> None:
    OrderFactory(number="A", ordered_on=dt.date(2026, 1, 1), lines=1)
    OrderFactory(number="B", ordered_on=dt.date(2026, 1, 2), lines=3)
    response = visitor.get(URL)
    assert numbers(response) == ["B", "A"]
    assert [cell.text for cell in response.context["table"].rows[0].cells[3:]] == ["3", "€30.00"]


@pytest.mark.parametrize("sort", ["number", "-number", "ordered_on", "-ordered_on"])
def test_every_sort_pages_through_all_orders(visitor: Client, sort: str) -> None:
    for n in range(30):
        OrderFactory(ordered_on=dt.date(2026, 1, 1 + n % 3))
    first = visitor.get(URL, {"sort": sort})
    second = visitor.get(URL + first.context["paging"].next_url)
    assert len({*numbers(first), *numbers(second)}) == 30


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"q": "ab"}, ["AB1"]),
        ({"q": "AB1"}, ["AB1"]),
        ({"q": "B1"}, []),
        ({"q": "%"}, []),
        ({"since": "2026-02-01"}, ["CD1"]),
        ({"until": "2026-01-31"}, ["AB1"]),
        ({"since": "2026-01-01", "until": "2026-12-31"}, ["CD1", "AB1"]),
    ],
)
def test_orders_are_found_by_number_and_day(visitor: Client, parameters: dict[str, str], expected: list[str]) -> None:
    OrderFactory(number="AB1", ordered_on=dt.date(2026, 1, 5))
    OrderFactory(number="CD1", ordered_on=dt.date(2026, 2, 5))
    assert numbers(visitor.get(URL, parameters)) == expected


def test_the_orders_of_one_customer(visitor: Client) -> None:
    order = OrderFactory()
    OrderFactory()
    assert numbers(visitor.get(URL, {"customer": order.customer_id})) == [order.number]


@pytest.mark.parametrize(
    "parameters", [{"since": "soon"}, {"customer": "x"}, {"customer": str(2**63)}, {"sort": "net"}]
)
def test_what_cannot_be_used_is_said_and_left_out(visitor: Client, parameters: dict[str, str]) -> None:
    OrderFactory(number="A")
    response = visitor.get(URL, parameters)
    assert (numbers(response), len(response.context["faults"])) == (["A"], 1)


def test_an_anonymous_sale_says_so(visitor: Client) -> None:
    order = OrderFactory(customer=None, lines=1)
    assert "Anonymous sale" in visitor.get(URL).content.decode()
    assert "Anonymous sale" in visitor.get(f"/orders/{order.pk}/").content.decode()


def test_orders_cost_the_same_queries_for_few_and_for_many(visitor: Client) -> None:
    counts = []
    for size in (25, 50):
        for _ in range(30):
            OrderFactory(lines=2)
        visitor.get(URL)
        with CaptureQueriesContext(connection) as queries:
            assert len(numbers(visitor.get(URL, {"size": size}))) == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_an_order_shows_lines_totals_customer_and_import(visitor: Client) -> None:
    customer: Customer = CustomerFactory(name="Dupont", given_name="Marie")
    order = OrderFactory(number="A7", customer=customer, source=ImportFactory(file_name="june.csv"))
    OrderLineFactory(order=order, quantity=2, discount=Decimal("1.50"), product=ProductFactory(name="Tea", sku="T-1"))
    OrderLineFactory(order=order, quantity=Decimal("-0.5"))
    response = visitor.get(f"/orders/{order.pk}/")
    page = response.content.decode()
    for text in ("A7", "Marie Dupont", "june.csv", "Tea", "T-1", f'href="/customers/{customer.pk}/"'):
        assert text in page
    amounts = {fact.label: fact.value for fact in response.context["amounts"]}
    assert amounts == {
        "Units": "2",
        "Gross sales": "€15.00",
        "Discounts": "€1.50",
        "Net amount": "€13.50",
        "Cost of goods": "€9.00",
        "Gross margin": "€4.50",
    }


def test_the_margin_is_unknown_when_a_cost_is(visitor: Client) -> None:
    order = OrderFactory(lines=1)
    OrderLineFactory(order=order, unit_cost=None)
    amounts = {fact.label: fact.value for fact in visitor.get(f"/orders/{order.pk}/").context["amounts"]}
    assert (amounts["Cost of goods"], amounts["Gross margin"]) == ("—", "—")


def test_an_order_in_another_currency_says_its_rate(visitor: Client) -> None:
    order = OrderFactory(currency="GBP", exchange_rate=Decimal("1.17"), lines=1)
    page = visitor.get(f"/orders/{order.pk}/").content.decode()
    assert "GBP" in page
    assert "Exchange rate 1.1700" in page


def test_an_order_without_lines_is_shown_as_empty(visitor: Client) -> None:
    assert "This order has no lines" in visitor.get(f"/orders/{OrderFactory().pk}/").content.decode()


def test_orders_are_for_whoever_may_see_them(client: Client, db: None) -> None:
    order = OrderFactory()
    client.force_login(user_with("customers.view_customer"))
    assert client.get(URL).status_code == 403
    assert client.get(f"/orders/{order.pk}/").status_code == 403


def test_an_order_that_does_not_exist_is_not_found(visitor: Client) -> None:
    assert visitor.get("/orders/999999/").status_code == 404


def test_orders_of_subscriptions_are_marked_filtered_and_exported(visitor: Client) -> None:
    OrderFactory(number="A")
    renewal = OrderFactory(number="B", contract=Order.Contract.RENEWAL)
    assert numbers(visitor.get(URL, {"contract": "renewal"})) == ["B"]
    assert "Renews a subscription" in visitor.get(renewal.get_absolute_url()).content.decode()
    listed = visitor.get(URL, {"col": ["number", "contract"], "contract": "renewal"}).content.decode()
    assert "Renews a subscription" in listed


def test_filters_in_force_are_told_in_words(visitor: Client) -> None:
    customer, source = CustomerFactory(name="Aubert", given_name="Adèle"), ImportFactory(file_name="june.csv")
    OrderFactory(customer=customer, source=source, ordered_on=dt.date(2026, 1, 5))
    asked = {"customer": str(customer.pk), "source": str(source.pk), "since": "2026-01-01"}
    told = {chip.label: chip.value for chip in visitor.get(URL, asked).context["filters"].chips}
    assert (told["Customer"], told["From day"]) == ("Adèle Aubert", "1 Jan 2026")
    assert told["Import"] == str(source.pk), "An import that the reader may not see is not named."
    nobody = {chip.label: chip.value for chip in visitor.get(URL, {"customer": "99"}).context["filters"].chips}
    assert nobody == {"Customer": "99"}
