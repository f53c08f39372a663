"""Customers by the product family that they spend most on."""

import datetime as dt

import pytest
from django.test import Client

from customers.models import Customer, Product, ProductFamily
from customers.permissions import VIEW_CUSTOMERS
from customers.tests.factories import CompanyFactory, CustomerFactory, ProductFactory, ProductFamilyFactory, user_with
from profitability.models import MainFamily
from profitability.permissions import SEE_VALUE
from profitability.tests.shop import bought, recomputed

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 6, 15)
URL = "/ranking/groups/?by=family"


@pytest.fixture
def goods() -> dict[str, Product]:
    CompanyFactory()
    return {name: ProductFactory(family=ProductFamilyFactory(name=name)) for name in ("Paper", "Pens")}


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(user_with(SEE_VALUE, VIEW_CUSTOMERS, "customers.see_all_customers"))
    return client


def buys(customer: Customer, product: Product | None, price: int, quantity: int = 1) -> None:
    line = {"unit_price": price, "quantity": quantity, "unit_cost": 1}
    bought(customer, DAY, line | ({"product": product} if product else {}))


def test_each_customer_counts_for_the_family_that_it_spends_most_on(goods: dict[str, Product], manager: Client) -> None:
    ada, bob, cy, dan = (CustomerFactory(name=name) for name in ("Ada", "Bob", "Cy", "Dan"))
    buys(ada, goods["Paper"], 50)
    buys(ada, goods["Pens"], 70)
    buys(ada, goods["Pens"], 30, quantity=-1)  # of the pens, 40 are left
    buys(bob, goods["Pens"], 10)
    buys(cy, goods["Pens"], 20)
    buys(cy, goods["Paper"], 20)  # equal: the family that was there first
    buys(dan, None, 90)
    recomputed()
    page = manager.get(URL)
    rows = {row.cells[0].text: row for row in page.context["table"].rows}
    assert {name: row.cells[1].text for name, row in rows.items()} == {"Paper": "2", "Pens": "1", "Unknown": "1"}
    for name, expected in (("Paper", {ada, cy}), ("Pens", {bob}), ("Unknown", {dan})):
        listed = manager.get(rows[name].cells[0].url).context["table"].rows
        assert {row.cells[0].text for row in listed} == {one.full_name for one in expected}
    assert "Each customer stands under the product family" in page.content.decode()


def test_the_next_recompute_brings_it_up_to_date(goods: dict[str, Product], manager: Client) -> None:
    ada = CustomerFactory(name="Ada")
    buys(ada, goods["Paper"], 50)
    recomputed()
    manager.get(URL)
    assert MainFamily.objects.get().family == goods["Paper"].family
    buys(ada, goods["Pens"], 60)
    manager.get(URL)
    assert MainFamily.objects.get().family == goods["Paper"].family  # figures and groups are of one day
    recomputed()
    manager.get(URL)
    assert MainFamily.objects.get().family == goods["Pens"].family
    ada.orders.all().delete()
    bob = CustomerFactory(name="Bob")
    buys(bob, goods["Paper"], 1)
    recomputed()
    manager.get(URL)
    assert MainFamily.objects.get().customer == bob


def test_a_period_groups_by_the_same_families(goods: dict[str, Product], manager: Client) -> None:
    ada = CustomerFactory(name="Ada")
    buys(ada, goods["Pens"], 50)
    recomputed()
    rows = manager.get(f"{URL}&period=2026-q2").context["table"].rows
    assert [row.cells[0].text for row in rows] == ["Pens"]
    assert ProductFamily.objects.count() == 2
