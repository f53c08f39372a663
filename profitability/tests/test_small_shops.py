"""Shops that no model was made for: each customer has a sane value, with the reason on the file and in the list."""

import datetime as dt
from decimal import Decimal
from itertools import product

import pytest
from django.test import Client

from customers.models import Customer
from customers.permissions import VIEW_CUSTOMERS
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.lifetime_value.value import ValueNote
from profitability.tests.shop import JUNE, MAY, bought, card, current_costing, pool, recomputed, shared_out

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 6, 15)


@pytest.fixture
def ada() -> Customer:
    CompanyFactory()
    return CustomerFactory(name="Ada")


@pytest.fixture
def reader() -> Client:
    client = Client()
    client.force_login(user_with(VIEW_CUSTOMERS, "customers.see_all_customers", "customers.view_scorecard"))
    return client


def many(customers: int, *, orders: int = 3, kind: str = Customer.Kind.PERSON, price: int = 10) -> list[Customer]:
    """A base that orders again, so that models can be fitted."""
    people = [CustomerFactory(kind=kind) for _ in range(customers)]
    for place, turn in product(range(customers), range(orders)):
        day = dt.date(2025, 9, 1) + dt.timedelta(days=(place * 7 + turn * (20 + place)) % 300)
        bought(people[place], day, {"unit_price": price + place % 5, "unit_cost": 4})
    return people


def shown(reader: Client, customer: Customer, *, file: str, listed: str) -> None:
    """What the file and the list say of how the value was reached."""
    assert file in reader.get(customer.get_absolute_url()).content.decode()
    rows = reader.get("/customers/", {"col": ["name", "lifetime_value"]}).context["table"].rows
    row = next(row for row in rows if row.cells[0].text == customer.full_name)
    assert row.cells[1].note == listed


def value_is_sane(customer: Customer) -> None:
    found = card(customer)
    assert found.lifetime_value is not None
    assert found.lifetime_value_low <= found.lifetime_value <= found.lifetime_value_high
    assert found.lifetime_value_note in {note.name.lower() for note in ValueNote}


def test_one_order_among_many_is_estimated_from_comparable_customers(ada: Customer, reader: Client) -> None:
    companies = many(40, kind=Customer.Kind.COMPANY, price=500)
    people = many(40)
    lone_company = CustomerFactory(kind=Customer.Kind.COMPANY, name="Lone")
    for one in (ada, lone_company):
        bought(one, DAY, {"unit_price": 10, "unit_cost": 4})
    recomputed()
    for one in (ada, lone_company, companies[0], people[0]):
        value_is_sane(one)
    assert card(ada).lifetime_value_note == "few_orders_segment_mean"
    # The same order promises more of a company, since companies spend more.
    assert card(lone_company).order_margin > 3 * card(ada).order_margin
    shown(reader, ada, file="estimated from the margin of comparable customers", listed="few orders: estimated")


def test_nobody_who_never_ordered_has_a_value_and_the_file_says_why(ada: Customer, reader: Client) -> None:
    bought(CustomerFactory(), DAY)
    recomputed()
    assert (card(ada).lifetime_value, card(ada).lifetime_value_note) == (None, "no_orders")
    shown(reader, ada, file="no order yet: nothing to forecast from", listed="")


def test_orders_that_lose_money_have_a_value_below_nothing(ada: Customer, reader: Client) -> None:
    many(40)
    for month in (3, 4, 5, 6):
        bought(ada, dt.date(2026, month, 10), {"unit_price": 5, "unit_cost": 60})
    recomputed()
    value_is_sane(ada)
    assert card(ada).lifetime_value < 0
    shown(reader, ada, file="the orders so far lose money", listed="orders lose money")


def test_a_few_large_companies_are_valued_each_by_its_own_orders(ada: Customer, reader: Client) -> None:
    """Six companies, one of which makes most of the sales: too few to fit, enough for a sane value of each."""
    clients = [CustomerFactory(kind=Customer.Kind.COMPANY, name=f"Client {size}") for size in (1, 2, 4, 8, 16, 400)]
    for size, client in zip((1, 2, 4, 8, 16, 400), clients, strict=True):
        for month in range(1, 7):
            bought(client, dt.date(2026, month, 5), {"quantity": size, "unit_price": 1000, "unit_cost": 700})
    costing = current_costing()
    shared_out(costing, pool(costing, "Visits", {MAY: "600.00", JUNE: "600.00"}), "orders")
    recomputed()
    values = [card(client).lifetime_value or Decimal(0) for client in clients]
    for client in clients:
        value_is_sane(client)
    assert values == sorted(values)
    # The largest is not drawn to the mean of the others: six orders of its own speak for it.
    assert values[-1] / values[0] > 50
    shown(reader, clients[-1], file="too few customers to fit a model", listed="small base: assumed")


@pytest.mark.parametrize("orders", [1, 2])
def test_a_base_of_one_customer_has_a_value(ada: Customer, reader: Client, orders: int) -> None:
    for turn in range(orders):
        bought(ada, DAY - dt.timedelta(days=30 * turn))
    recomputed()
    value_is_sane(ada)
    assert 0 < card(ada).lifetime_value < Decimal(1000)
    shown(reader, ada, file="too few customers to fit a model", listed="small base: assumed")


def test_orders_for_nothing_are_worth_nothing(ada: Customer, reader: Client) -> None:
    bought(ada, DAY, {"unit_price": 0, "unit_cost": 0})
    recomputed()
    assert card(ada).lifetime_value == 0
    shown(reader, ada, file="too few customers to fit a model", listed="small base: assumed")


def test_the_reason_is_a_column_that_can_be_shown_and_exported(ada: Customer, reader: Client) -> None:
    bought(ada, DAY)
    recomputed()
    rows = reader.get("/customers/", {"col": ["name", "lifetime_value_note"]}).context["table"].rows
    assert rows[0].cells[1].text == "too few customers to fit a model: usual values were assumed"
