"""Adding and changing a customer, and noting a contact moment."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.models import ContactMoment, Customer, Tag
from customers.tests.factories import CompanyFactory, CustomerFactory, TouchpointFactory, UserFactory, user_with

NEW = "/customers/new/"
WRITING = ("view_customer", "add_customer", "change_customer", "add_contactmoment")
ENTRIES = {"kind": "person", "reference": "K1", "name": "Dupont", "given_name": "Marie"}


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    CompanyFactory()
    client.force_login(
        user_with(
            "customers.view_customer",
            "customers.add_customer",
            "customers.change_customer",
            "customers.add_contactmoment",
        )
    )
    return client


def edit_url(customer: Customer) -> str:
    return f"/customers/{customer.pk}/edit/"


def entries_of(editor: Client, customer: Customer, **changes: Any) -> dict[str, Any]:
    """What the form of a customer holds when it is opened, with some changes."""
    form = editor.get(edit_url(customer)).context["form"]
    entries = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in entries.items()} | changes


def test_a_new_customer_is_added_and_shown(editor: Client) -> None:
    response = editor.post(NEW, ENTRIES)
    customer = Customer.objects.get(reference="K1")
    assert response.headers["Location"] == f"/customers/{customer.pk}/"
    assert customer.sort_key == "dupont marie"


def test_the_form_suggests_a_free_reference(editor: Client) -> None:
    last = CustomerFactory()
    assert editor.get(NEW).context["form"]["reference"].value() == f"C{last.pk + 1:06d}"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("reference", "TAKEN", "already a customer with this reference"),
        ("reference", "", "required"),
        ("name", "", "required"),
        ("email", "not an address", "valid email"),
        ("acquisition_cost", "-1", "cannot be negative"),
        ("member_of", "nobody", "You see no household or company"),
        ("member_of", "TAKEN", "You see no household or company"),
        ("kind", "robot", "valid choice"),
        ("name", "x" * 161, "160"),
    ],
)
def test_a_wrong_entry_is_refused_with_a_reason(editor: Client, field: str, value: str, words: str) -> None:
    CustomerFactory(reference="TAKEN")
    response = editor.post(NEW, ENTRIES | {field: value})
    assert response.status_code == 422
    assert words in str(response.context["form"].errors)
    assert Customer.objects.count() == 1


def test_a_change_is_saved(editor: Client) -> None:
    customer = CustomerFactory(name="Old")
    household = CustomerFactory(kind="household", reference="H1")
    editor.post(edit_url(customer), entries_of(editor, customer, name="New", member_of="H1"))
    customer.refresh_from_db()
    assert (customer.name, customer.member_of, customer.sort_key[:3]) == ("New", household, "new")


def test_opening_and_saving_changes_nothing(editor: Client) -> None:
    household = CustomerFactory(kind="household")
    customer = CustomerFactory(
        member_of=household, acquired_on=dt.date(2026, 2, 3), acquisition_cost="12.50", language="fr"
    )
    before = Customer.objects.filter(pk=customer.pk).values().get()
    assert editor.post(edit_url(customer), entries_of(editor, customer)).status_code == 302
    assert Customer.objects.filter(pk=customer.pk).values().get() == before


def test_a_country_is_shown_in_the_readers_language_and_kept_by_one_name(editor: Client) -> None:
    customer = CustomerFactory(country="Germany")
    editor.cookies["django_language"] = "fr"
    assert entries_of(editor, customer)["country"] == "Allemagne"
    editor.post(edit_url(customer), entries_of(editor, customer, country="États-Unis"))
    customer.refresh_from_db()
    assert customer.country == "United States"


def test_the_second_of_two_savers_is_told_and_overwrites_nothing(editor: Client) -> None:
    customer = CustomerFactory(name="First", city="Lyon")
    mine = entries_of(editor, customer, city="Metz")
    editor.post(edit_url(customer), entries_of(editor, customer, name="Second"))
    response = editor.post(edit_url(customer), mine)
    assert response.status_code == 422
    assert "Somebody else has changed this" in response.content.decode()
    assert 'value="Metz"' in response.content.decode()
    customer.refresh_from_db()
    assert (customer.name, customer.city) == ("Second", "Lyon")


def test_a_form_without_its_version_saves_nothing(editor: Client) -> None:
    customer = CustomerFactory(name="First")
    assert editor.post(edit_url(customer), entries_of(editor, customer, name="Second", version="")).status_code == 422
    customer.refresh_from_db()
    assert customer.name == "First"


@pytest.mark.parametrize("address", [NEW, "/customers/1/edit/", "/customers/1/moments/new/"])
def test_whoever_may_only_read_changes_nothing(client: Client, db: None, address: str) -> None:
    CustomerFactory(pk=1)
    client.force_login(user_with("customers.view_customer"))
    assert client.get(address).status_code == 403
    assert client.post(address, ENTRIES).status_code == 403


def moment_entries(**changes: Any) -> dict[str, Any]:
    now = timezone.localtime(timezone.now())
    return {
        "touchpoint": TouchpointFactory().pk,
        "direction": "inbound",
        "occurred_at": now.strftime("%Y-%m-%dT%H:%M"),
        "minutes": "4.5",
        "summary": "Called about an invoice.",
    } | changes


def test_a_contact_moment_is_noted_by_whoever_is_signed_in(editor: Client) -> None:
    customer = CustomerFactory()
    response = editor.post(f"/customers/{customer.pk}/moments/new/", moment_entries())
    assert response.status_code == 302
    moment = ContactMoment.objects.get()
    assert (moment.customer, str(moment.minutes), moment.employee_id) == (
        customer,
        "4.50",
        int(editor.session["_auth_user_id"]),
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("occurred_at", "2999-01-01T00:00", "time that has passed"),
        ("occurred_at", "yesterday", "valid date"),
        ("minutes", "-1", "cannot be negative"),
        ("minutes", "long", "Enter a number"),
        ("touchpoint", "", "required"),
        ("direction", "sideways", "valid choice"),
    ],
)
def test_a_wrong_moment_is_refused_with_a_reason(editor: Client, field: str, value: str, words: str) -> None:
    response = editor.post(f"/customers/{CustomerFactory().pk}/moments/new/", moment_entries(**{field: value}))
    assert response.status_code == 422
    assert words in str(response.context["form"].errors)
    assert not ContactMoment.objects.exists()


# --- Owners


def test_people_to_choose_stand_by_name_and_whoever_has_left_stays_the_owner(client: Client, db: None) -> None:
    CompanyFactory()
    client.force_login(user_with(*(f"customers.{name}" for name in (*WRITING, "see_all_customers"))))
    gone = UserFactory(first_name="Bea", is_active=False)
    UserFactory(first_name="Zoe")
    UserFactory(first_name="Abe")
    customer = CustomerFactory(owner=gone)
    form = client.get(edit_url(customer)).context["form"]
    offered = [label.split()[0] for _pk, label in form.fields["owner"].choices][1:]
    assert offered.index("Abe") < offered.index("Bea") < offered.index("Zoe")
    client.post(edit_url(customer), entries_of(client, customer, city="Lyon"))
    customer.refresh_from_db()
    assert (customer.city, customer.owner) == ("Lyon", gone)
    assert "Bea" not in str(client.get(NEW).context["form"].fields["owner"].choices)


# --- Tags -------------------------------------------------------------------------------------------------------------


def test_tags_are_offered_once_there_are_some(editor: Client) -> None:
    assert "tags" not in editor.get(NEW).context["form"].fields
    tag = Tag.objects.create(name="Collector")
    assert "Collector" in editor.get(NEW).content.decode()
    editor.post(NEW, ENTRIES | {"tags": [tag.pk]})
    assert list(Customer.objects.get(reference="K1").tags.all()) == [tag]


def test_who_can_make_the_first_tag_is_told_how(client: Client, db: None) -> None:
    CompanyFactory()
    client.force_login(user_with(*(f"customers.{name}" for name in WRITING), "customers.change_many_customers"))
    assert "choose “Add a tag” to make the first" in client.get(NEW).content.decode()
