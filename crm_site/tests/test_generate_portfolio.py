from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from customers.models import ContactMoment, Customer, Order, OrderLine
from customers.tests.factories import CustomerFactory
from profitability.models import Costing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> None:
    call_command("generate_portfolio", customers=120, orders=500, seed=7, stdout=StringIO())


def indexes() -> set[str]:
    """Names of the indexes and constraints of the tables that are filled."""
    tables = ["customers_customer", "customers_order", "customers_orderline", "customers_contactmoment"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s)", [tables])
        found = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = ANY(%s::regclass[])", [tables])
        return found | {name for (name,) in cursor.fetchall()}


def test_it_makes_exactly_what_was_asked_for(portfolio: None) -> None:
    counts = [model.objects.count() for model in (Customer, Order, OrderLine, ContactMoment)]
    assert counts == [120, 500, 1250, 360]
    assert not Customer.objects.filter(is_synthetic=False).exists()
    assert Costing.objects.current() is not None


def test_customers_are_found_and_sorted_like_those_that_people_enter(portfolio: None) -> None:
    for customer in Customer.objects.all():
        made = (customer.sort_key, customer.search_text)
        customer.fill_search_columns()
        assert (customer.sort_key, customer.search_text) == made


def test_records_are_plausible(portfolio: None) -> None:
    assert OrderLine.objects.filter(quantity__lt=0).exists()
    assert OrderLine.objects.filter(discount__gt=0).exists()
    assert Order.objects.filter(customer=None).exists()
    assert Customer.objects.filter(orders=None).exists()
    assert ContactMoment.objects.filter(minutes=None).exists()


def test_new_records_go_on_after_the_generated_ones(portfolio: None) -> None:
    assert CustomerFactory().pk > 120


def test_indexes_and_constraints_are_as_before() -> None:
    before = indexes()
    call_command("generate_portfolio", customers=10, orders=10, stdout=StringIO())
    assert indexes() == before


def test_it_spans_as_many_months_as_asked_for() -> None:
    call_command("generate_portfolio", customers=60, orders=300, months=36, stdout=StringIO())
    days = Order.objects.order_by("ordered_on").values_list("ordered_on", flat=True)
    assert 34 * 30 < (days[len(days) - 1] - days[0]).days < 36 * 31
    with pytest.raises(CommandError, match="from 1 to 240 months"):
        call_command("generate_portfolio", customers=5, orders=5, months=0, force=True)


def test_the_seed_decides(portfolio: None) -> None:
    first = list(Order.objects.order_by("id").values_list("customer", "ordered_on"))
    for model in (OrderLine, ContactMoment, Order, Customer):
        model.objects.all().delete()
    call_command("generate_portfolio", customers=120, orders=500, seed=8, stdout=StringIO())
    assert list(Order.objects.order_by("id").values_list("customer", "ordered_on")) != first


def test_a_database_with_customers_is_left_alone_unless_forced() -> None:
    CustomerFactory()
    with pytest.raises(CommandError, match="There are customers already"):
        call_command("generate_portfolio", customers=5, orders=5)
    call_command("generate_portfolio", customers=5, orders=5, force=True, stdout=StringIO())
    assert Customer.objects.count() == 6


@pytest.mark.parametrize("numbers", [{"customers": 0, "orders": 5}, {"customers": 5, "orders": 4}])
def test_impossible_numbers_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="at least one customer"):
        call_command("generate_portfolio", **numbers)
