"""The trail of changes on screen: who sees which changes, in which words, and how far back."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.models import WorkerHeartbeat
from crm_site.lib.trail.actions import unrecorded
from crm_site.lib.trail.actor import Actor, acting
from crm_site.lib.trail.models import Change
from crm_site.lib.trail.words import FieldChange, Line, in_words
from customers.duplicates.merging import merge_customers
from customers.duplicates.undoing import undo_merge
from customers.models import Customer, CustomField, Opportunity, Tag
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    CustomFieldFactory,
    OpportunityFactory,
    TaskFactory,
    UserFactory,
    user_with,
)
from profitability.models import Costing, CostPool

pytestmark = pytest.mark.django_db

SEEING = ("customers.view_customer", "customers.view_task", "customers.view_contactmoment", "trail.view_change")


@pytest.fixture
def manager() -> User:
    with unrecorded():
        CompanyFactory()
    return user_with(
        *SEEING, "customers.see_all_customers", "customers.export_customer", "trail.see_company_changes",
        "profitability.view_profitability", username="manager",
    )  # fmt: skip


@pytest.fixture
def desk(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def lines_of(client: Client, customer: Customer, query: str = "") -> list[Line]:
    response = client.get(reverse("customer-changes", args=[customer.pk]) + query)
    assert response.status_code == 200
    return [line for line, _whose in response.context["lines"]]


def only_line() -> Line:
    (line,) = in_words(Change.objects.filter(kind="changed").select_related("user"))
    return line


# --- In words ---------------------------------------------------------------------------------------------------------


def test_values_are_written_as_the_reader_s_language_writes_them() -> None:
    first, second = UserFactory(first_name="Ann", last_name="One"), UserFactory(first_name="Ben", last_name="Two")
    CustomerFactory(owner=first, kind="person", birth_date=dt.date(1980, 5, 1), acquisition_cost="12.50")
    Customer.objects.update(owner=second, kind="household", birth_date=None, acquisition_cost="1234.5")
    with override("fr"):
        fields = {field.label: (field.before, field.after) for field in only_line().fields}
    assert ("Ann One", "Ben Two") in fields.values()
    assert ("1er mai 1980", "") in fields.values()
    assert ("12,5", "1\u202f234,5") in fields.values()
    assert set(fields) == {"Type", "Responsable", "Date de naissance", "Coût de recrutement"}


def test_amounts_bear_the_currency_and_unknown_names_say_so() -> None:
    gone = UserFactory()
    OpportunityFactory(owner=gone, expected_value=100)
    Opportunity.objects.update(owner=None, expected_value=250)
    number = gone.pk
    gone.delete()
    fields = {field.label: (field.before, field.after) for field in only_line().fields}
    assert fields == {"Expected value": ("€100.00", "€250.00"), "Owner": (f"no longer here (number {number})", "")}


def test_further_fields_and_tags_bear_their_names() -> None:
    CustomFieldFactory(code="vip", name="Very important", kind=CustomField.Kind.YES_NO)
    customer = CustomerFactory(custom={})
    Customer.objects.update(custom={"vip": True})
    assert only_line().fields == (FieldChange("Very important", "", "Yes"),)
    customer.tags.add(Tag.objects.create(name="fair"))
    line, _first = in_words(Change.objects.filter(kind="changed").order_by("-id"))
    assert line.fields == (FieldChange("Tags", "", "fair"),)


def test_a_field_that_was_taken_away_keeps_its_code() -> None:
    CustomerFactory(custom={"shoe": "9"})
    Customer.objects.update(custom={})
    assert only_line().fields == (FieldChange("shoe", "9", ""),)


def test_who_and_by_what_means() -> None:
    ann = UserFactory(first_name="Ann", last_name="One")
    CustomerFactory(city="a")
    with acting(Actor(user=ann.pk, job="bulk-change")):
        Customer.objects.update(city="b")
    assert (only_line().who, only_line().means) == ("Ann One", "Change of many customers")
    ann.delete()
    assert only_line().who == "Somebody who has left"


# --- On a file --------------------------------------------------------------------------------------------------------


def test_the_file_asks_for_its_changes_afterwards(desk: Client) -> None:
    customer = CustomerFactory()
    address = reverse("customer-changes", args=[customer.pk])
    assert f'hx-get="{address}"' in desk.get(customer.get_absolute_url()).content.decode()


def test_the_panel_shows_what_changed_on_the_file_newest_first(desk: Client) -> None:
    customer = CustomerFactory(city="Lille")
    TaskFactory(customer=customer, title="Call back")
    ContactMomentFactory(customer=customer)
    CustomerFactory()
    Customer.objects.filter(pk=customer.pk).update(city="Paris")
    assert [(line.kind, line.thing) for line in lines_of(desk, customer)] == [
        ("Changed", "Customer"),
        ("Added", "Contact moment"),
        ("Added", "Task"),
        ("Added", "Customer"),
    ]


def test_the_panel_goes_on_by_key_and_comes_alone_to_scripts(desk: Client) -> None:
    customer = CustomerFactory(city="0")
    for number in range(1, 15):
        Customer.objects.filter(pk=customer.pk).update(city=str(number))
    address = reverse("customer-changes", args=[customer.pk])
    first = desk.get(address)
    assert "<html" in first.content.decode()
    further = desk.get(f"{address}?after={first.context['next']}", headers={"HX-Request": "true"})
    assert "<html" not in further.content.decode()
    assert "<section" not in further.content.decode()
    shown = [line.fields for line, _whose in [*first.context["lines"], *further.context["lines"]]]
    assert len(shown) == 15
    assert shown[0] == (FieldChange("Town", "13", "14"),)
    assert further.context["next"] == ""


def test_an_unknown_place_shows_the_beginning(desk: Client) -> None:
    assert lines_of(desk, CustomerFactory(), "?after=nonsense")


def test_the_number_of_queries_does_not_grow(desk: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    customer = CustomerFactory()
    for _each in range(8):
        Customer.objects.filter(pk=customer.pk).update(owner=UserFactory())
    desk.get(reverse("customer-changes", args=[customer.pk]))
    # Session, person, rights (2), the customer, merges, changes with who, owners: the company is remembered.
    with django_assert_num_queries(7):
        desk.get(reverse("customer-changes", args=[customer.pk]), headers={"HX-Request": "true"})


def test_a_household_shows_what_changed_with_its_members(desk: Client) -> None:
    home = CustomerFactory(kind="household")
    member = CustomerFactory(member_of=home, name="Younger", given_name="Yves")
    TaskFactory(customer=member, title="Call Yves")
    response = desk.get(reverse("customer-changes", args=[home.pk]))
    assert ("Call Yves", "Yves Younger") in [(line.title, whose) for line, whose in response.context["lines"]]


def test_opportunities_are_left_out_for_who_sees_none(desk: Client) -> None:
    opportunity = OpportunityFactory()
    assert {line.thing for line in lines_of(desk, opportunity.customer)} == {"Customer"}


def test_whoever_may_not_see_the_customer_sees_none_of_its_changes(client: Client) -> None:
    client.force_login(user_with(*SEEING))
    customer = CustomerFactory(owner=UserFactory())
    assert client.get(reverse("customer-changes", args=[customer.pk])).status_code == 404


def test_without_the_right_there_are_no_changes_and_no_place_for_them(client: Client) -> None:
    client.force_login(user_with("customers.view_customer"))
    customer = CustomerFactory()
    assert client.get(reverse("customer-changes", args=[customer.pk])).status_code == 403
    assert "changes/" not in client.get(customer.get_absolute_url()).content.decode()


def test_a_merge_is_one_line_and_brings_what_happened_to_the_other(desk: Client, manager: User) -> None:
    kept, gone = CustomerFactory(), CustomerFactory(reference="GONE", city="Lille")
    for _each in range(3):
        TaskFactory(customer=gone)
    Customer.objects.filter(pk=gone.pk).update(city="Nice")
    before = Change.objects.count()
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=manager)
    assert Change.objects.count() == before + 1
    newest, *earlier = lines_of(desk, kept)
    assert (newest.thing, newest.title, newest.kind) == ("Merge", "GONE", "Added")
    assert FieldChange("Town", "Lille", "Nice") in [field for line in earlier for field in line.fields]
    undo_merge(merge=merge, by=manager)
    assert Change.objects.count() == before + 2
    assert "Task" not in {line.thing for line in lines_of(desk, kept)}
    restored = Customer.objects.get(reference="GONE")
    assert "Task" in {line.thing for line in lines_of(desk, restored)}


def test_an_administrator_erases_the_changes_of_a_customer_after_a_question(client: Client, manager: User) -> None:
    kept, gone, other = CustomerFactory(), CustomerFactory(), CustomerFactory()
    merge_customers(kept=kept, gone=gone, fields={}, by=manager)
    client.force_login(user_with(*SEEING, "customers.see_all_customers", "trail.erase_changes"))
    address = reverse("customer-changes-erase", args=[kept.pk])
    assert client.get(address).status_code == 200
    assert Change.objects.filter(customer_id=gone.pk).exists()
    assert client.post(address).status_code == 302
    assert set(Change.objects.exclude(customer_id=None).values_list("customer_id", flat=True)) == {other.pk}


def test_nobody_else_erases_changes(desk: Client) -> None:
    assert desk.post(reverse("customer-changes-erase", args=[CustomerFactory().pk])).status_code == 403
    assert Change.objects.exists()


# --- Of the whole company ---------------------------------------------------------------------------------------------


def test_the_company_s_changes_are_found_by_who_what_and_when(desk: Client, manager: User) -> None:
    pool = CostPool.objects.create(costing=Costing.objects.create(name="2026"), name="Warehouse")
    CustomerFactory()
    with acting(Actor(user=manager.pk)):
        CostPool.objects.filter(pk=pool.pk).update(name="Depot")
    address = reverse("changes")
    for query, shown in (
        ("", 4),
        ("?what=profitability.costpool", 2),
        (f"?who={manager.pk}", 1),
        ("?who=system", 3),
        ("?kind=changed", 1),
        ("?since=2999-01-01", 0),
        ("?until=2000-01-01", 0),
        ("?since=2000-01-01&until=2999-01-01", 4),
    ):
        assert len(desk.get(address + query).context["table"].rows) == shown, query
    assert "Warehouse → Depot" in desk.get(address).content.decode()


def test_the_company_s_changes_are_read_with_few_queries(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for customer in CustomerFactory.create_batch(5):
        customer.owner = UserFactory()
        customer.save()
    desk.get(reverse("changes"))
    with django_assert_max_num_queries(10):
        desk.get(reverse("changes"))


def test_the_company_s_changes_can_be_downloaded(desk: Client) -> None:
    customer = CustomerFactory(name="Dupont", given_name="", city="Lille")
    Customer.objects.filter(pk=customer.pk).update(city="Paris")
    response = desk.get(reverse("changes") + "?format=csv&kind=changed")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heads, row = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))
    assert dict(zip(heads, row, strict=True))["Before → after"] == "Town: Lille → Paris"


def test_the_company_s_changes_are_not_for_everybody(client: Client) -> None:
    client.force_login(user_with(*SEEING, "customers.see_all_customers"))
    assert client.get(reverse("changes")).status_code == 403


def test_the_company_s_changes_stop_at_the_customers_that_one_sees(client: Client) -> None:
    CompanyFactory()
    seller = user_with(*SEEING, "trail.see_company_changes", "profitability.view_profitability")
    client.force_login(seller)
    CustomerFactory(owner=seller, name="Mine", given_name="")
    CustomerFactory(owner=UserFactory(), name="Theirs")
    Costing.objects.create(name="2026")
    rows = client.get(reverse("changes")).context["table"].rows
    assert len(rows) == 1


# --- In the administration --------------------------------------------------------------------------------------------


def test_what_is_not_tracked_and_has_a_name_for_a_key_has_a_history_all_the_same(admin_client: Client) -> None:
    WorkerHeartbeat.objects.create(worker="celery@host", seen_at=timezone.now())
    page = admin_client.get(reverse("admin:jobs_workerheartbeat_history", args=[quote("celery@host")]))
    assert page.status_code == 200


def test_the_history_of_an_object_shows_its_trail_and_that_of_its_parts(admin_client: Client, admin_user: User) -> None:
    pool = CostPool.objects.create(costing=Costing.objects.create(name="2026"), name="Warehouse")
    amount = pool.amounts.create(month=dt.date(2026, 1, 1), amount=100)
    with acting(Actor(user=admin_user.pk)):
        CostPool.objects.filter(pk=pool.pk).update(name="Depot")
        pool.amounts.filter(pk=amount.pk).update(amount=120)
    page = admin_client.get(reverse("admin:profitability_costpool_history", args=[pool.pk])).content.decode()
    assert "Warehouse" in page
    assert "Depot" in page
    assert "€100.00" in page
    assert "€120.00" in page


def test_the_trail_itself_cannot_be_edited_in_the_administration(admin_client: Client) -> None:
    CustomerFactory()
    change = Change.objects.latest("id")
    assert admin_client.get(reverse("admin:trail_change_change", args=[change.pk])).status_code == 200
    assert admin_client.get(reverse("admin:trail_change_delete", args=[change.pk])).status_code == 403
    assert admin_client.get(reverse("admin:trail_change_add")).status_code == 403
