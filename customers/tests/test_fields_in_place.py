"""Changing one field of a customer on the file itself."""

import json
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory, UserFactory, user_with

IN_PLACE = {"HX-Request": "true"}


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    CompanyFactory()
    client.force_login(user_with("customers.view_customer", "customers.see_all_customers", "customers.change_customer"))
    return client


@pytest.fixture
def customer(editor: Client) -> Customer:
    return CustomerFactory(email="old@example.com", phone="", city="Lyon", custom={"shoe": "38"})


def url_of(customer: Customer, name: str) -> str:
    return f"/customers/{customer.pk}/fields/{name}/"


def entry(editor: Client, customer: Customer, name: str, value: Any) -> dict[str, Any]:
    """What the opened field sends."""
    form = editor.get(url_of(customer, name), headers=IN_PLACE).context["form"]
    assert list(form.fields) == [name, "version", "seen"]
    return {name: value} | {each: form[each].value() for each in ("version", "seen")}


def test_the_file_offers_the_fields_even_where_nothing_is_known(editor: Client, customer: Customer) -> None:
    page = editor.get(customer.get_absolute_url()).content.decode()
    for name in ("email", "phone", "city", "owner"):
        assert f'href="{url_of(customer, name)}"' in page


def test_whoever_only_reads_is_offered_no_change(client: Client, customer: Customer) -> None:
    client.force_login(user_with("customers.view_customer", "customers.see_all_customers"))
    assert "/fields/" not in client.get(customer.get_absolute_url()).content.decode()
    assert client.post(url_of(customer, "city"), {"city": "Metz"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "value"), [("email", "new@example.com"), ("phone", "+33 1"), ("city", "Metz"), ("city", "")]
)
def test_a_field_is_changed_in_its_place_and_nothing_else(
    editor: Client, customer: Customer, name: str, value: str
) -> None:
    before = Customer.objects.filter(pk=customer.pk).values("name", "email", "phone", "city", "custom").get()
    response = editor.post(url_of(customer, name), entry(editor, customer, name, value), headers=IN_PLACE)
    assert response.status_code == 200
    assert value in response.content.decode()
    assert "<html" not in response.content.decode()
    assert json.loads(response.headers["HX-Trigger"])["toast"]["level"] == "success"
    after = Customer.objects.filter(pk=customer.pk).values("name", "email", "phone", "city", "custom").get()
    assert after == before | {name: value}
    assert not value or Customer.objects.matching(value).get() == customer


def test_another_owner_is_chosen_among_active_staff(editor: Client, customer: Customer) -> None:
    owner, gone = UserFactory(), UserFactory(is_active=False)
    url = url_of(customer, "owner")
    refused = editor.post(url, entry(editor, customer, "owner", gone.pk), headers=IN_PLACE)
    assert refused.status_code == 422
    assert str(owner) in editor.post(url, entry(editor, customer, "owner", owner.pk), headers=IN_PLACE).content.decode()
    customer.refresh_from_db()
    assert customer.owner == owner


def test_a_wrong_entry_comes_back_with_its_reason(editor: Client, customer: Customer) -> None:
    url, mine = url_of(customer, "email"), entry(editor, customer, "email", "no address")
    response = editor.post(url, mine, headers=IN_PLACE)
    assert response.status_code == 422
    assert "valid email" in response.content.decode()
    assert 'value="no address"' in response.content.decode()


def test_the_second_of_two_editors_is_told(editor: Client, customer: Customer) -> None:
    mine = entry(editor, customer, "city", "Metz")
    editor.post(url_of(customer, "phone"), entry(editor, customer, "phone", "0123"), headers=IN_PLACE)
    response = editor.post(url_of(customer, "city"), mine, headers=IN_PLACE)
    assert response.status_code == 422
    assert "Somebody else has changed this" in response.content.decode()
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Lyon", "0123")


def test_without_scripts_the_field_has_a_page_of_its_own(editor: Client, customer: Customer) -> None:
    url = url_of(customer, "city")
    assert "<html" in editor.get(url).content.decode()
    response = editor.post(url, entry(editor, customer, "city", "Metz"))
    assert (response.status_code, response.headers["Location"]) == (302, customer.get_absolute_url())


def test_other_fields_and_customers_are_not_found(editor: Client, customer: Customer) -> None:
    assert editor.get(url_of(customer, "reference")).status_code == 404
    assert editor.get(url_of(Customer(pk=999999), "city")).status_code == 404
