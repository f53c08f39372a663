"""Figures that are older than the records they come from are marked: on the file, its account, and in the list."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customers.freshness import outdated
from customers.models import Customer, Order, Product, Run
from customers.permissions import VIEW_CUSTOMERS, VIEW_FIGURES
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.actions import recompute_if_changed
from profitability.changes import NOTES, changed_since, state_of_database
from profitability.permissions import SEE_VALUE
from profitability.tests.shop import bought, recomputed

# Notes are compared by transactions, so that each step here must be one of its own.
pytestmark = pytest.mark.django_db(transaction=True)

SAID = "Records of this customer have changed since these figures were computed."
DAY = dt.date(2026, 6, 15)


@pytest.fixture
def ada() -> Customer:
    CompanyFactory()
    customer = CustomerFactory(name="Ada")
    bought(customer, DAY)
    return customer


@pytest.fixture
def bob(ada: Customer) -> Customer:
    customer = CustomerFactory(name="Bob")
    bought(customer, DAY)
    return customer


@pytest.fixture
def manager(ada: Customer) -> Client:
    client = Client()
    client.force_login(user_with(VIEW_CUSTOMERS, VIEW_FIGURES, SEE_VALUE, "customers.see_all_customers"))
    return client


def marked(manager: Client) -> set[str]:
    """The customers whom the list marks."""
    rows = manager.get("/customers/", {"col": ["name", "profit"]}).context["table"].rows
    return {row.cells[0].text for row in rows if row.cells[1].note}


def test_an_order_marks_its_customer_until_the_next_recompute(ada: Customer, bob: Customer, manager: Client) -> None:
    recomputed()
    pages = (ada.get_absolute_url(), f"/customers/{ada.pk}/profit-and-loss/")
    assert marked(manager) == set()
    assert all(SAID not in manager.get(page).content.decode() for page in pages)
    bought(ada, DAY)
    assert marked(manager) == {ada.full_name}
    assert all(SAID in manager.get(page).content.decode() for page in pages)
    assert SAID not in manager.get(bob.get_absolute_url()).content.decode()
    recomputed()
    assert marked(manager) == set()
    assert all(SAID not in manager.get(page).content.decode() for page in pages)


def test_what_no_figure_comes_from_marks_nobody(ada: Customer, manager: Client) -> None:
    recomputed()
    Customer.objects.filter(pk=ada.pk).update(phone="01 23 45 67 89")
    assert marked(manager) == set()
    Order.objects.filter(customer=ada).update(contract=Order.Contract.RENEWAL)
    assert marked(manager) == {ada.full_name}


def test_a_change_that_concerns_everybody_marks_everybody(ada: Customer, bob: Customer, manager: Client) -> None:
    recomputed()
    Product.objects.filter(lines__order__customer=ada).update(kind=Product.Kind.FEE)
    assert marked(manager) == {ada.full_name, bob.full_name}


def test_the_account_of_a_household_is_marked_with_its_members(ada: Customer, bob: Customer, manager: Client) -> None:
    house = CustomerFactory(kind=Customer.Kind.HOUSEHOLD)
    Customer.objects.filter(pk=ada.pk).update(member_of=house)
    recomputed()
    bought(ada, DAY)
    assert SAID in manager.get(f"/customers/{house.pk}/profit-and-loss/").content.decode()


def test_nobody_is_marked_without_figures_or_by_figures_of_old(ada: Customer) -> None:
    assert outdated(None, [ada.pk]) == set()
    run = recomputed()
    bought(ada, DAY)
    del run.totals["scope"]
    run.save()
    assert outdated(run, [ada.pk]) == set()
    assert outdated(run, []) == set()


def test_notes_of_a_large_import_are_not_all_read_for_a_page(ada: Customer) -> None:
    run = recomputed()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {NOTES} (customer_id) SELECT {ada.pk} + n FROM generate_series(0, 20000) n")
        cursor.execute(f"ANALYZE {NOTES}")
        with CaptureQueriesContext(connection) as asked:
            assert outdated(run, [ada.pk]) == {ada.pk}
        cursor.execute("EXPLAIN " + asked[0]["sql"])
        plan = "\n".join(line for (line,) in cursor)
    assert f"Seq Scan on {NOTES}" not in plan


def test_changes_are_seen_by_a_connection_that_wrote_nothing(ada: Customer) -> None:
    recomputed()
    state = state_of_database()
    assert not changed_since(state)
    bought(ada, DAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned()")
        assert cursor.fetchone() == (None,)
    assert changed_since(state)
    job = recompute_if_changed()
    assert job is not None
    assert job.params["reason"] == Run.Reason.CHANGES
