"""`manage.py load_demo`: staff who can sign in, the same data for the same seed, never into a company's own data."""

import hashlib
import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import TestCase

from crm_site.lib.accounts.models import User
from crm_site.lib.trail.models import Change
from crm_site.roles import ADMIN, DEMO_PASSWORD, ROLES
from customers.models import Customer, Order
from customers.tests.factories import AcquisitionSourceFactory, CustomerFactory, ProductFactory, TouchpointFactory

# All that was loaded, without the numbers that the database gives.
CONTENT = """
    SELECT c.reference, c.kind, c.given_name, c.name, c.email, c.phone, c.street, c.city, c.acquisition_cost,
        c.created_at::text, o.number, p.sku, p.unit_cost, l.quantity, l.unit_price, l.unit_cost
    FROM customers_customer c JOIN customers_order o ON o.customer_id = c.id
    JOIN customers_orderline l ON l.order_id = o.id JOIN customers_product p ON p.id = l.product_id
    ORDER BY o.number COLLATE "C", p.sku
"""
MOMENTS = """
    SELECT c.reference, t.name, m.occurred_at::text, m.minutes, u.username, m.summary
    FROM customers_contactmoment m JOIN customers_customer c ON c.id = m.customer_id
    JOIN customers_touchpoint t ON t.id = m.touchpoint_id LEFT JOIN accounts_user u ON u.id = m.employee_id
    ORDER BY 1, 2, 3, 4, 5
"""


def load(customers: int = 40, seed: int = 1997) -> str:
    """What the command said."""
    said = io.StringIO()
    call_command("load_demo", customers=customers, seed=seed, stdout=said, skip_checks=True)
    return said.getvalue()


def loaded_content(seed: int) -> str:
    """A fingerprint of what a seed loads; the database is left as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        load(seed=seed)
        rows = []
        for statement in (CONTENT, MOMENTS):
            cursor.execute(statement)
            rows += cursor.fetchall()
        transaction.set_rollback(True)
    return hashlib.sha256(repr(rows).encode()).hexdigest()


class TestStaff(TestCase):
    """The people that the demonstration brings along."""

    @classmethod
    def setUpTestData(cls) -> None:
        load()

    def test_one_person_of_each_role_can_sign_in(self) -> None:
        for role in ROLES:
            person = authenticate(username=role.demo_login, password=DEMO_PASSWORD)
            assert person is not None
            assert [group.name for group in person.groups.all()] == [role.name]

    def test_some_files_were_changed_by_staff_and_nothing_else_stands_in_the_trail(self) -> None:
        changes = Change.objects.all()
        assert changes.exists()
        assert not changes.exclude(kind="changed", model="customers.customer").exists()
        assert not changes.filter(user=None).exists()

    def test_nobody_else_can(self) -> None:
        others = User.objects.exclude(username__in=[role.demo_login for role in ROLES])
        assert others.count() == 6
        assert not any(person.has_usable_password() for person in others)

    def test_only_the_administrator_enters_the_admin_pages_and_nobody_is_above_permissions(self) -> None:
        assert [person.username for person in User.objects.filter(is_staff=True)] == [ADMIN.demo_login]
        assert not User.objects.filter(is_superuser=True).exists()

    def test_mail_to_staff_goes_nowhere(self) -> None:
        assert not User.objects.exclude(email__endswith="@example.com").exists()

    def test_customers_are_looked_after_by_sales_staff(self) -> None:
        owners = User.objects.filter(customers__isnull=False)
        assert set(owners.values_list("groups__name", flat=True)) == {"Sales"}


@pytest.mark.django_db
def test_a_second_load_is_refused_and_changes_nothing() -> None:
    load()
    orders = Order.objects.count()
    with pytest.raises(CommandError, match="customers here already"):
        load()
    assert Order.objects.count() == orders


@pytest.mark.django_db
def test_a_company_with_customers_of_its_own_is_left_alone() -> None:
    CustomerFactory()
    with pytest.raises(CommandError, match="without customers"):
        load()
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_touchpoints_sources_and_products_that_are_here_already_stay() -> None:
    kept = [
        TouchpointFactory(name="Delivery", position=3),
        AcquisitionSourceFactory(name="Direct mail"),
        ProductFactory(),
    ]
    load()
    assert [type(thing).objects.get(pk=thing.pk) for thing in kept] == kept
    assert type(kept[0]).objects.get(name="Delivery").position == 3


@pytest.mark.django_db
def test_no_customers_at_all_is_no_demonstration() -> None:
    with pytest.raises(CommandError, match="at least one"):
        load(customers=0)


@pytest.mark.django_db
def test_one_customer_is_a_demonstration() -> None:
    load(customers=1)
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_progress_is_told() -> None:
    assert "40 invented identities" in load()


@pytest.mark.django_db
def test_the_same_seed_loads_the_same_and_another_seed_something_else() -> None:
    first = loaded_content(seed=1997)
    assert loaded_content(seed=1997) == first
    assert loaded_content(seed=1998) != first
