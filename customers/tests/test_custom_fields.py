"""The fields that a company adds to its customers, and what is noted of somebody's preferences."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from customers import custom_fields
from customers.models import Customer, CustomField, Tag
from customers.tests.factories import CompanyFactory, CustomerFactory, CustomFieldFactory, user_with

NEW = "/customers/new/"
ENTRIES = {"kind": "person", "reference": "K1", "name": "Dupont", "given_name": "Marie"}


@pytest.fixture
def own_fields(db: None) -> list[CustomField]:
    """One field of each kind."""
    CustomFieldFactory(code="nickname", name="Nickname", name_fr="Surnom")
    CustomFieldFactory(code="shoe", name="Shoe size", kind="number")
    CustomFieldFactory(code="since", name="Reader since", kind="date")
    CustomFieldFactory(code="colour", name="Colour", kind="choice", choices="Red\n\nBlue\nRed\n")
    CustomFieldFactory(code="parking", name="Has parking", kind="yes_no")
    return custom_fields.fields()


FILLED = {"nickname": "Mimi", "shoe": "38.5", "since": "2020-02-29", "colour": "Blue", "parking": "no"}
KEPT = {"nickname": "Mimi", "shoe": "38.5", "since": "2020-02-29", "colour": "Blue", "parking": False}


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    CompanyFactory()
    rights = ("view_customer", "see_all_customers", "add_customer", "change_customer", "export_customer")
    client.force_login(user_with(*(f"customers.{right}" for right in rights)))
    return client


def in_form(values: dict[str, str]) -> dict[str, str]:
    return {custom_fields.PREFIX + code: value for code, value in values.items()}


def entries_of(editor: Client, customer: Customer, **changes: Any) -> dict[str, Any]:
    form = editor.get(f"/customers/{customer.pk}/edit/").context["form"]
    entries = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in entries.items()} | changes


def test_entries_are_kept_exactly_by_their_kind(own_fields: list[CustomField]) -> None:
    assert custom_fields.clean(FILLED) == KEPT
    assert custom_fields.clean({"shoe": "12345678901234567.100"}) == {"shoe": "12345678901234567.1"}
    assert custom_fields.clean({"shoe": "100"}) == {"shoe": "100"}
    assert custom_fields.clean({"shoe": "0.00"}) == {"shoe": "0"}


def test_an_emptied_field_is_none_and_a_code_of_no_field_is_left_out(own_fields: list[CustomField]) -> None:
    assert custom_fields.clean({"nickname": " ", "parking": "", "nonsense": "x"}) == {"nickname": None, "parking": None}
    assert custom_fields.merged(KEPT, {"nickname": None, "shoe": "40"}) == {
        "shoe": "40", "since": "2020-02-29", "colour": "Blue", "parking": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("shoe", "large"),
        ("shoe", "NaN"),
        ("shoe", "1.1234567"),
        ("since", "30 February"),
        ("colour", "Green"),
        ("parking", "maybe"),
        ("nickname", "x" * 501),
        ("nickname", "a\x00b"),
    ],
)
def test_a_wrong_entry_is_refused_at_its_field(
    editor: Client, own_fields: list[CustomField], code: str, value: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        custom_fields.clean({code: value})
    assert list(refusal.value.message_dict) == [code]
    response = editor.post(NEW, ENTRIES | in_form({code: value}))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [custom_fields.PREFIX + code]
    assert not Customer.objects.exists()


def test_a_new_customer_keeps_the_companys_own_fields(editor: Client, own_fields: list[CustomField]) -> None:
    assert editor.post(NEW, ENTRIES | in_form(FILLED)).status_code == 302
    assert Customer.objects.get().custom == KEPT


def test_saving_unchanged_keeps_all_values_even_of_a_choice_taken_away(
    editor: Client, own_fields: list[CustomField]
) -> None:
    values = KEPT | {"colour": "Violet", "field_that_was_deleted": 7}
    customer = CustomerFactory(custom=values)
    assert editor.post(f"/customers/{customer.pk}/edit/", entries_of(editor, customer)).status_code == 302
    customer.refresh_from_db()
    assert customer.custom == values


def test_the_second_of_two_savers_of_an_own_field_or_tag_is_told(editor: Client, own_fields: list[CustomField]) -> None:
    customer = CustomerFactory(custom=KEPT)
    tag = Tag.objects.create(name="VIP")
    url = f"/customers/{customer.pk}/edit/"
    mine = entries_of(editor, customer, custom_shoe="44")
    for change in ({"custom_shoe": "39"}, {"tags": [tag.pk]}):
        assert editor.post(url, entries_of(editor, customer, **change)).status_code == 302
        response = editor.post(url, mine)
        assert response.status_code == 422
        assert "Somebody else has changed this" in response.content.decode()
        mine = entries_of(editor, customer, custom_shoe="44")
    customer.refresh_from_db()
    assert (customer.custom["shoe"], list(customer.tags.all())) == ("39", [tag])


def test_values_are_shown_by_their_kind_and_unknown_ones_as_unknown(own_fields: list[CustomField]) -> None:
    facts = {fact.label: fact.value for fact in custom_fields.shown(CustomerFactory(custom=KEPT))}
    assert facts == {
        "Nickname": "Mimi", "Shoe size": "38.5", "Reader since": "29 Feb 2020", "Colour": "Blue", "Has parking": "No",
    }  # fmt: skip
    assert {fact.value for fact in custom_fields.shown(CustomerFactory())} == {""}
    with translation.override("fr"):
        assert custom_fields.shown(CustomerFactory(custom=KEPT))[0].label == "Surnom"


def test_a_value_that_no_longer_suits_its_field_is_shown_as_it_was_entered(own_fields: list[CustomField]) -> None:
    spoilt = CustomerFactory(custom={"shoe": "large", "since": "soon", "parking": "behind"})
    assert [fact.value for fact in custom_fields.shown(spoilt)] == ["", "large", "soon", "", "behind"]
    assert [column.read(spoilt) for column in custom_fields.columns(own_fields)] == [None, None, None, None, "behind"]


def test_the_file_shows_own_fields_and_preferences(editor: Client, own_fields: list[CustomField]) -> None:
    customer = CustomerFactory(
        custom={"nickname": "<b>Mimi</b>"},
        best_time="mornings",
        preferred_channel="chat",
        birth_date=dt.date(1980, 5, 6),
    )
    customer.tags.add(Tag.objects.create(name="VIP"))
    response = editor.get(f"/customers/{customer.pk}/")
    page = response.content.decode()
    assert "&lt;b&gt;Mimi&lt;/b&gt;" in page
    assert [fact.value for fact in response.context["preferences"]] == ["Chat", "mornings", "6 May 1980"]
    assert response.context["tags"] == ["VIP"]
    assert len(response.context["further_facts"]) == 5


def test_preferences_are_edited_in_the_form(editor: Client) -> None:
    tag = Tag.objects.create(name="VIP")
    wishes = {"preferred_channel": "phone", "best_time": "evenings", "needs": "Quiet seat", "birth_date": "1990-01-02"}
    assert editor.post(NEW, ENTRIES | wishes | {"tags": [tag.pk]}).status_code == 302
    customer = Customer.objects.get()
    assert (customer.preferred_channel, customer.best_time, customer.needs) == ("phone", "evenings", "Quiet seat")
    assert (customer.birth_date, list(customer.tags.all())) == (dt.date(1990, 1, 2), [tag])
    editor.post(f"/customers/{customer.pk}/edit/", entries_of(editor, customer, tags=[], needs=""))
    customer.refresh_from_db()
    assert (customer.needs, customer.tags.count()) == ("", 0)


def test_nobody_is_born_tomorrow(editor: Client) -> None:
    response = editor.post(NEW, ENTRIES | {"birth_date": "2999-01-01"})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["birth_date"]


def test_own_fields_are_columns_of_the_list_when_chosen(editor: Client, own_fields: list[CustomField]) -> None:
    CustomerFactory(custom=KEPT)
    assert "Shoe size" not in [column.label for column in editor.get("/customers/").context["table"].columns]
    chosen = [custom_fields.PREFIX + field.code for field in own_fields]
    table = editor.get("/customers/", {"col": chosen}).context["table"]
    assert [cell.text for cell in table.rows[0].cells[1:]] == ["Mimi", "38.5", "29 Feb 2020", "Blue", "No"]


def test_own_fields_are_exported_as_plain_values(editor: Client, own_fields: list[CustomField]) -> None:
    customer = CustomerFactory(custom=KEPT | {"nickname": "=1+1"})
    chosen = [custom_fields.PREFIX + field.code for field in own_fields]
    response = editor.get("/customers/", {"col": chosen, "format": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    heads, row = csv.reader(io.StringIO(text))
    assert heads[1:] == ["Reference", "Nickname", "Shoe size", "Reader since", "Colour", "Has parking"]
    assert row[1:] == [customer.reference, "'=1+1", "38.5", "2020-02-29", "Blue", "No"]
    assert Decimal(row[3]) == Decimal("38.5")
