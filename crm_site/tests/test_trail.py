"""The trail of changes: what the database writes down by itself, and who is named."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from crm_site.lib.trail.actions import erase_changes, unrecorded
from crm_site.lib.trail.actor import Actor, acting, importing
from crm_site.lib.trail.models import Change
from crm_site.lib.trail.registry import tracked
from crm_site.lib.trail.triggers import install
from customers.import_actions import import_people
from customers.importing.subjects import Wish
from customers.importing.undoing import take_back
from customers.models import Customer, Import, Tag, Task
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    CustomFieldFactory,
    ImportFactory,
    TaskFactory,
    UserFactory,
    user_with,
)
from profitability.models import Costing, CostPool, CostPoolAmount

pytestmark = pytest.mark.django_db


def latest() -> Change:
    change = Change.objects.order_by("-id").first()
    assert change
    return change


def test_a_changed_field_is_recorded_with_both_values() -> None:
    customer = CustomerFactory(email="old@example.org", city="Lille")
    customer.email = "new@example.org"
    customer.save()
    change = latest()
    assert (change.model, change.object_id, change.customer_id) == ("customers.customer", customer.pk, customer.pk)
    assert (change.kind, change.title) == ("changed", customer.full_name)
    assert change.fields == {"email": ["old@example.org", "new@example.org"]}


def test_saving_without_a_change_records_nothing() -> None:
    customer = CustomerFactory()
    before = Change.objects.count()
    customer.save()
    assert Change.objects.count() == before


def test_search_words_and_sort_keys_are_nobody_s_change() -> None:
    customer = CustomerFactory()
    before = Change.objects.count()
    Customer.objects.filter(pk=customer.pk).update(sort_key="x", search_text="y")
    assert Change.objects.count() == before


def test_changes_of_many_rows_are_recorded_one_by_one() -> None:
    customers = CustomerFactory.create_batch(3, city="Lille")
    Customer.objects.filter(pk__in=[each.pk for each in customers]).update(city="Paris")
    changes = Change.objects.filter(kind="changed")
    assert {change.customer_id for change in changes} == {each.pk for each in customers}
    assert all(change.fields == {"city": ["Lille", "Paris"]} for change in changes)


def test_plain_sql_is_recorded_too() -> None:
    customer = CustomerFactory(phone="1")
    with connection.cursor() as cursor:
        cursor.execute("WITH found AS (SELECT 1) UPDATE customers_customer SET phone = '2'")
    assert latest().fields == {"phone": ["1", "2"]}
    assert latest().customer_id == customer.pk


def test_what_becomes_empty_or_was_empty_is_told_from_nothing() -> None:
    customer = CustomerFactory(birth_date=None)
    Customer.objects.update(birth_date=dt.date(1980, 5, 1))
    assert latest().fields == {"birth_date": [None, "1980-05-01"]}
    Customer.objects.filter(pk=customer.pk).update(birth_date=None)
    assert latest().fields == {"birth_date": ["1980-05-01", None]}


def test_further_fields_are_recorded_one_by_one() -> None:
    CustomFieldFactory(code="size")
    CustomerFactory(custom={"size": "9", "colour": "red"})
    Customer.objects.update(custom={"size": "10", "colour": "red", "since": "2020-01-01"})
    assert latest().fields == {"custom.size": ["9", "10"], "custom.since": [None, "2020-01-01"]}


def test_tags_are_recorded_as_changes_of_the_customer() -> None:
    customer = CustomerFactory()
    first, second = Tag.objects.create(name="one"), Tag.objects.create(name="two")
    customer.tags.add(first, second)
    assert latest().fields == {"tags": [[], [first.pk, second.pk]]}
    customer.tags.remove(first)
    assert (latest().customer_id, latest().fields) == (customer.pk, {"tags": [[first.pk], []]})


def test_what_is_removed_is_recorded_with_what_it_held() -> None:
    task = TaskFactory(title="Call back", note="")
    key, customer = task.pk, task.customer_id
    task.delete()
    change = latest()
    assert (change.model, change.object_id, change.customer_id, change.kind) == (
        "customers.task",
        key,
        customer,
        "removed",
    )
    assert change.fields["title"] == ["Call back", None]
    assert "note" not in change.fields


def test_a_moment_that_a_file_brought_is_told_by_its_import() -> None:
    before = Change.objects.filter(model="customers.contactmoment").count()
    ContactMomentFactory(source=ImportFactory())
    assert Change.objects.filter(model="customers.contactmoment").count() == before
    ContactMomentFactory()
    assert Change.objects.filter(model="customers.contactmoment").count() == before + 1


def test_who_changed_a_cost_pool_is_known() -> None:
    manager = UserFactory()
    pool = CostPool.objects.create(costing=Costing.objects.create(name="2026"), name="Warehouse")
    amount = CostPoolAmount.objects.create(pool=pool, month=dt.date(2026, 1, 1), amount=100)
    amount.amount = 120
    with acting(Actor(user=manager.pk)):
        amount.save()
    change = latest()
    assert (change.user, change.title, change.customer_id) == (manager, "Warehouse · 2026-01", None)
    assert change.fields == {"amount": [10000, 12000]}


# --- Who --------------------------------------------------------------------------------------------------------------


def test_nobody_is_named_for_what_the_system_does() -> None:
    CustomerFactory()
    assert (latest().user_id, latest().job, latest().file_name) == (None, "", "")


def test_a_name_does_not_outlast_its_block() -> None:
    somebody = UserFactory()
    with acting(Actor(user=somebody.pk)):
        customer = CustomerFactory()
    assert latest().user_id == somebody.pk
    Customer.objects.filter(pk=customer.pk).update(city="Paris")
    assert latest().user_id is None


def test_a_file_is_named_with_whatever_characters() -> None:
    somebody = UserFactory()
    with acting(Actor(user=somebody.pk, job="import-customers")), importing("l'été 100%s \\ «é».csv"):
        CustomerFactory()
    change = latest()
    assert (change.user_id, change.job, change.file_name) == (somebody.pk, "import-customers", "l'été 100%s \\ «é».csv")


def test_a_page_names_whoever_is_signed_in(client: Client) -> None:
    seller = user_with("customers.view_customer", "customers.change_customer")
    client.force_login(seller)
    customer = CustomerFactory(owner=seller, phone="1")
    form = client.get(reverse("customer-field", args=[customer.pk, "phone"])).context["form"]
    entries = {"version": form["version"].value(), "phone": "2"}
    client.post(reverse("customer-field", args=[customer.pk, "phone"]), entries)
    assert (latest().user, latest().fields) == (seller, {"phone": ["1", "2"]})


@pytest.mark.django_db(transaction=True)
def test_a_change_outside_a_transaction_is_named_and_leaves_no_name_behind() -> None:
    somebody = UserFactory()
    with acting(Actor(user=somebody.pk)):
        customer = CustomerFactory()
    assert latest().user_id == somebody.pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET city = 'Nice' WHERE id = %s", [customer.pk])
    assert latest().user_id is None


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_trail() -> None:
    customer = CustomerFactory(city="Lille")
    before = Change.objects.count()
    with transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(city="Paris")
        transaction.set_rollback(True)
    assert Change.objects.count() == before


# --- The trail itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["UPDATE trail_change SET title = ''", "DELETE FROM trail_change"])
def test_the_trail_cannot_be_altered(statement: str) -> None:
    CustomerFactory()
    with pytest.raises(IntegrityError, match="cannot be altered"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_changes_of_one_customer_can_be_erased_and_only_those() -> None:
    customer, other = CustomerFactory(), CustomerFactory()
    TaskFactory(customer=customer)
    assert erase_changes(customer_ids=[customer.pk]) == 2
    assert list(Change.objects.filter(model="customers.customer").values_list("customer_id", flat=True)) == [other.pk]
    with pytest.raises(IntegrityError), transaction.atomic():
        Change.objects.all().delete()


def test_what_is_left_out_on_purpose_is_not_recorded_and_what_follows_is() -> None:
    customer = CustomerFactory(city="Lille")
    before = Change.objects.count()
    with unrecorded():
        Customer.objects.update(city="Paris")
    assert Change.objects.count() == before
    Customer.objects.filter(pk=customer.pk).update(city="Nice")
    assert latest().fields == {"city": ["Paris", "Nice"]}


def test_a_failure_while_something_is_left_out_does_not_silence_the_trail() -> None:
    CustomerFactory(city="Lille")
    with pytest.raises(ValueError, match="stop"), unrecorded():
        raise ValueError("stop")
    Customer.objects.update(city="Nice")
    assert latest().fields == {"city": ["Lille", "Nice"]}


def triggers() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'trail\\_of\\_%'")
        return int(cursor.fetchone()[0])


def test_every_declared_table_has_its_three_triggers_and_they_are_put_back() -> None:
    wanted = 3 * sum(1 + len(each.links) for each in tracked().values())
    assert triggers() == wanted
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION trail_of_customers_task CASCADE")
    assert triggers() == wanted - 3
    install()
    assert triggers() == wanted
    TaskFactory(title="Again")
    assert latest().title == "Again"


# Computed from other columns, or told by another trail: nobody edits them by hand.
NOT_TRACKED: dict[type[Any], set[str]] = {
    Customer: {"id", "source_import", "created_at", "sort_key", "search_text", "search_vector"},
    Task: {"id", "reminded_at", "follows", "aims_at_day", "created_by", "created_at"},
}


@pytest.mark.parametrize("model", NOT_TRACKED)
def test_a_new_field_is_tracked_or_left_out_on_purpose(model: type[Any]) -> None:
    declared = tracked()[model._meta.label_lower]
    names = {field.name for field in model._meta.concrete_fields}
    assert names - set(declared.fields) == NOT_TRACKED[model]


def test_changes_of_customers_who_are_gone_are_erased_by_a_command() -> None:
    customer = CustomerFactory()
    key = customer.pk
    customer.delete()
    said = io.StringIO()
    call_command("erase_changes", str(key), stdout=said)
    assert said.getvalue() == "2 changes were erased.\n"
    assert not Change.objects.filter(customer_id=key).exists()


def test_an_import_is_named_and_undoing_it_leaves_no_values_behind(tmp_path: Path) -> None:
    CompanyFactory()
    CustomerFactory(reference="K1", city="Lille")
    file = tmp_path / "people.csv"
    file.write_text("Reference,Name,Town\nK1,Known,Paris\nN1,New,Nice\n", encoding="utf-8")
    source = ImportFactory(file_name="people.csv")
    import_people(path=file, wish=Wish(Import.Kind.CUSTOMERS, Import.Mode.BOTH, Import.Key.REFERENCE), source=source)
    changes = Change.objects.filter(file_name="people.csv", model="customers.customer")
    assert sorted(changes.values_list("kind", flat=True)) == ["added", "changed"]
    assert changes.get(kind="changed").fields["city"] == ["Lille", "Paris"]
    take_back(import_id=source.pk, watch=lambda: None)
    assert not Change.objects.filter(kind="removed").exists()
    assert Change.objects.filter(model="customers.import", kind="changed").exists()


def test_old_rows_meet_new_ones_by_a_hash_whatever_plan_was_made_first() -> None:
    """Each with each, 10,000 changed rows took half a minute."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname, proconfig FROM pg_proc WHERE proname LIKE 'trail\\_of\\_%'")
        settings = dict(cursor.fetchall())
    rows = {f"trail_of_{each.model._meta.db_table}" for each in tracked().values()}
    assert {name for name, setting in settings.items() if setting == ["enable_nestloop=off"]} == rows
