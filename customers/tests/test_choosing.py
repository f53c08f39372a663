"""Choosing a customer in a form: whom a text means, and who is offered while it is typed."""

import pytest
from django import forms
from django.test import Client

from crm_site.lib.accounts.models import User
from customers.choosing import GROUPS, CustomerField, choosable
from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory, TaskFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

ASKED = "/customers/choices/"


@pytest.fixture
def worker() -> User:
    CompanyFactory()
    return user_with("customers.view_customer", "customers.view_task", "customers.add_task", "customers.change_task")


@pytest.fixture
def elise(worker: User) -> Customer:
    return CustomerFactory(reference="K1", given_name="Élise", name="Zola", city="Nantes", owner=worker)


def chosen(worker: User, text: str) -> Customer | None:
    field = CustomerField(required=False)
    field.offer(choosable(worker))
    found: Customer | None = field.clean(text)
    return found


@pytest.mark.parametrize(
    "text", ["K1", " K1 ", "Élise Zola (K1)", "Somebody else (K1)", "elise zola", "Zola Élise", "ZOLA, elise"]
)
def test_a_customer_is_meant_by_reference_or_whole_name(worker: User, elise: Customer, text: str) -> None:
    CustomerFactory(reference="K2", given_name="Émile", name="Zola", owner=worker)
    assert chosen(worker, text) == elise


def test_a_reference_may_hold_parentheses(worker: User) -> None:
    customer = CustomerFactory(reference="A (b)", given_name="", name="Zola", owner=worker)
    assert chosen(worker, "A (b)") == customer
    assert chosen(worker, "Zola (A (b))") == customer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zola", "Several customers may be meant: Élise Zola (K1), Émile Zola (K2)."),
        ("nant", "Do you mean Élise Zola (K1)?"),
        ("elise", "Do you mean Élise Zola (K1)?"),
        ("nobody", "You see no customer with this name or reference."),
        ("()", "You see no customer with this name or reference."),
        ("Élise Zola (K9)", "You see no customer with this name or reference."),
    ],
)
def test_what_is_not_sure_is_asked_and_never_assumed(worker: User, elise: Customer, text: str, words: str) -> None:
    CustomerFactory(reference="K2", given_name="Émile", name="Zola", city="Lyon", owner=worker)
    with pytest.raises(forms.ValidationError) as refused:
        chosen(worker, text)
    assert words in " ".join(refused.value.messages)


@pytest.mark.parametrize("text", ["HIDDEN", "Hidden Person", "Hidden Person (HIDDEN)"])
def test_nobody_else_s_customers_are_told(worker: User, text: str) -> None:
    CustomerFactory(reference="HIDDEN", given_name="Hidden", name="Person", owner=UserFactory())
    with pytest.raises(forms.ValidationError) as refused:
        chosen(worker, text)
    assert refused.value.messages == ["You see no customer with this name or reference."]


def test_nothing_is_no_customer(worker: User) -> None:
    assert chosen(worker, "  \x00 ") is None


def test_customers_are_offered_while_one_is_typed(client: Client, worker: User, elise: Customer) -> None:
    CustomerFactory(reference="HIDDEN", given_name="Hidden", name="Zolado", owner=UserFactory())
    client.force_login(worker)
    answer = client.get(ASKED, {"q": "ZÓL"}).text
    assert 'data-choice="Élise Zola (K1)"' in answer
    assert "Nantes" in answer
    assert "Hidden" not in answer
    assert answer.count('role="option"') == 1
    assert "Nobody whom you may see" in client.get(ASKED, {"q": "q" * 900 + "\x00"}).text


def test_only_households_and_companies_are_offered_as_what_one_belongs_to(client: Client, worker: User) -> None:
    CustomerFactory(reference="P1", kind="person", given_name="Ann", name="Zola", owner=worker)
    CustomerFactory(reference="H1", kind="household", given_name="", name="Zola", owner=worker)
    client.force_login(worker)
    answer = client.get(ASKED, {"q": "zola", "kinds": GROUPS}).text
    assert "H1" in answer
    assert "P1" not in answer


def test_the_field_names_its_customer_and_asks_the_server(client: Client, worker: User, elise: Customer) -> None:
    client.force_login(worker)
    task = TaskFactory(owner=worker, customer=elise)
    page = client.get(f"/tasks/{task.pk}/edit/").text
    assert 'value="Élise Zola (K1)"' in page
    assert f'data-choices="{ASKED}"' in page
    assert "js/choosing.js" in page
    assert 'value="Élise Zola (K1)"' in client.get("/tasks/new/?customer=K1").text
    assert 'value="K9"' in client.get("/tasks/new/?customer=K9").text
