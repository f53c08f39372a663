"""Two people at one form: the second is told who changed what, and loses nothing of what was typed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm_site.lib.accounts.models import User
from crm_site.lib.trail.actor import Actor, acting
from customers.models import Customer, CustomField, Segment, Tag, Task, Touchpoint
from customers.tests.factories import (
    CompanyFactory,
    CustomerFactory,
    CustomFieldFactory,
    OpportunityFactory,
    SegmentFactory,
    TaskFactory,
    TouchpointFactory,
    UserFactory,
)
from profitability.models import Costing, CostPool

pytestmark = pytest.mark.django_db


@pytest.fixture
def first(db: None) -> User:
    """Who saves first."""
    CompanyFactory()
    return UserFactory(first_name="Ann", last_name="First")


@pytest.fixture
def second(client: Client, admin_user: User, first: User) -> Client:
    """The browser of the one who saves second."""
    client.force_login(admin_user)
    return client


def opened(client: Client, address: str) -> dict[str, Any]:
    """What a form sends when nothing is touched."""
    form = client.get(address).context["form"]
    entries: dict[str, Any] = {}
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        if isinstance(value, list):
            entries[bound.html_name] = list(map(str, value))
        elif value not in (None, "", False):
            written = bound.field.widget.format_value(value)
            entries[bound.html_name] = written[0] if isinstance(written, list) else written
    return entries


def sent_by(response: Any) -> dict[str, str]:
    """What a browser would send of the inputs that the answer really draws."""
    inputs = re.findall(r"<input\b[^>]*>", response.content.decode())
    pairs = [(re.search(r'\bname="([^"]+)"', tag), re.search(r'\bvalue="([^"]*)"', tag)) for tag in inputs]
    return {name[1]: value[1] if value else "" for name, value in pairs if name}


def shown(response: Any) -> dict[str, Any]:
    """What the form shows when it comes back."""
    assert response.status_code == 422
    return {bound.html_name: bound.value() for bound in response.context["form"]}


def told(response: Any) -> str:
    return " ".join(response.context["form"].non_field_errors())


def change(thing: Any, first: User, **values: Any) -> None:
    with acting(Actor(user=first.pk)):
        type(thing)._base_manager.filter(pk=thing.pk).update(**values)


def test_a_customer_s_form_tells_who_changed_what_and_keeps_both(second: Client, first: User) -> None:
    customer = CustomerFactory(city="Lyon", phone="1")
    address = reverse("customer-edit", args=[customer.pk])
    mine = opened(second, address) | {"phone": "222"}
    change(customer, first, city="Paris")
    response = second.post(address, mine)
    assert "Ann First" in told(response)
    assert "Town: Lyon → Paris" in told(response)
    again = shown(response)
    assert (again["city"], again["phone"]) == ("Paris", "222")
    assert second.post(address, mine | {name: again[name] for name in ("city", "version", "seen")}).status_code == 302
    customer.refresh_from_db()
    assert (customer.city, customer.phone) == ("Paris", "222")


def test_a_field_that_both_changed_keeps_the_second_s_entry_and_says_so(second: Client, first: User) -> None:
    customer = CustomerFactory(city="Lyon")
    address = reverse("customer-edit", args=[customer.pk])
    mine = opened(second, address) | {"city": "Metz"}
    change(customer, first, city="Paris")
    response = second.post(address, mine)
    assert shown(response)["city"] == "Metz"
    assert "somebody else as well" in str(response.context["form"].errors["city"])
    customer.refresh_from_db()
    assert customer.city == "Paris"


def test_further_fields_people_and_tags_are_brought_up_to_date(second: Client, first: User) -> None:
    CustomFieldFactory(code="vip", kind=CustomField.Kind.YES_NO)
    CustomFieldFactory(code="size", kind=CustomField.Kind.NUMBER)
    home, tag = CustomerFactory(kind="household", reference="HOME"), Tag.objects.create(name="fair")
    customer = CustomerFactory(custom={"vip": False, "size": "9"}, owner=None)
    address = reverse("customer-edit", args=[customer.pk])
    mine = opened(second, address) | {"custom_size": "11", "phone": "5"}
    change(customer, first, custom={"vip": True, "size": "9"}, owner=first, member_of=home)
    customer.tags.add(tag)
    response = second.post(address, mine)
    again = shown(response)
    assert (again["custom_vip"], again["custom_size"], again["phone"]) == ("yes", "11", "5")
    assert (again["owner"], again["member_of"], again["tags"]) == (str(first.pk), f"{home} (HOME)", [str(tag.pk)])


def test_a_field_in_its_place_tells_what_was_changed(second: Client, first: User) -> None:
    customer = CustomerFactory(city="Lyon", phone="1")
    address = reverse("customer-field", args=[customer.pk, "city"])
    in_place = {"HX-Request": "true"}
    mine = sent_by(second.get(address, headers=in_place)) | {"city": "Metz"}
    change(customer, first, phone="2")
    response = second.post(address, mine, headers=in_place)
    assert "Phone: 1 → 2" in response.content.decode()
    assert shown(response)["city"] == "Metz"
    assert second.post(address, sent_by(response)).status_code == 302
    assert Customer.objects.get(pk=customer.pk).city == "Metz"


def test_a_task_s_form_tells_what_was_changed(second: Client, first: User) -> None:
    task = TaskFactory(title="Call", note="")
    address = reverse("task-edit", args=[task.pk])
    mine = opened(second, address) | {"note": "ring twice"}
    change(task, first, title="Call today")
    response = second.post(address, mine)
    assert "Title: Call → Call today" in told(response)
    again = shown(response)
    assert (again["title"], again["note"]) == ("Call today", "ring twice")
    assert Task.objects.get(pk=task.pk).note == ""
    assert second.post(address, mine | {"title": again["title"], "seen": again["seen"]}).status_code == 302
    saved = Task.objects.get(pk=task.pk)
    assert (saved.title, saved.note) == ("Call today", "ring twice")


def test_an_opportunity_s_form_tells_what_was_changed(second: Client, first: User) -> None:
    opportunity = OpportunityFactory(title="Old", expected_value=100)
    address = reverse("opportunity-edit", args=[opportunity.pk])
    mine = opened(second, address) | {"title": "Mine"}
    change(opportunity, first, expected_value=250, version=2)
    response = second.post(address, mine)
    assert "Expected value: €100.00 → €250.00" in told(response)
    again = shown(response)
    assert (again["title"], again["expected_value"], again["version"]) == ("Mine", "250.00", "2")


def test_a_segment_s_form_tells_what_was_changed(second: Client, first: User) -> None:
    segment = SegmentFactory(name="Best", policy="Call often", channels=["phone"])
    address = reverse("segment-edit", args=[segment.pk])
    mine = opened(second, address) | {"name": "Better"}
    change(segment, first, policy="Call seldom", channels=["email", "phone"])
    response = second.post(address, mine)
    assert "Call often → Call seldom" in told(response)
    again = shown(response)
    assert (again["name"], again["policy"], again["channels"]) == ("Better", "Call seldom", ["email", "phone"])
    assert Segment.objects.get(pk=segment.pk).name == "Best"


def test_saving_without_a_change_by_others_saves(second: Client) -> None:
    task = TaskFactory()
    address = reverse("task-edit", args=[task.pk])
    assert second.post(address, opened(second, address) | {"title": "New"}).status_code == 302
    assert Task.objects.get(pk=task.pk).title == "New"


# --- In the administration --------------------------------------------------------------------------------------------


def admin_entries(client: Client, address: str) -> dict[str, Any]:
    """What a page of the administration sends when nothing is touched, its parts included."""
    context = client.get(address).context
    entries: dict[str, Any] = {}
    formsets = [each.formset for each in context["inline_admin_formsets"]]
    forms = [context["adminform"].form, *(each.management_form for each in formsets)]
    for form in [*forms, *(part for formset in formsets for part in formset.forms)]:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                entries[bound.html_name] = getattr(value, "isoformat", lambda value=value: value)()
    return entries


def faults(response: Any) -> str:
    assert response.status_code == 200
    forms = [each.formset.forms for each in response.context["inline_admin_formsets"]]
    errors = [response.context["adminform"].form.errors, *(form.errors for those in forms for form in those)]
    return " ".join(map(str, errors))


def test_a_touchpoint_in_the_administration_tells_what_was_changed(second: Client, first: User) -> None:
    touchpoint = TouchpointFactory(name="Call", position=1)
    address = reverse("admin:customers_touchpoint_change", args=[touchpoint.pk])
    mine = admin_entries(second, address) | {"name": "Phone call"}
    change(touchpoint, first, position=7)
    response = second.post(address, mine)
    assert "Ann First" in faults(response)
    assert response.context["adminform"].form["position"].value() == "7"
    assert response.context["adminform"].form["name"].value() == "Phone call"
    assert Touchpoint.objects.get(pk=touchpoint.pk).name == "Call"


def test_the_amount_of_a_cost_pool_is_not_overwritten_unseen(second: Client, first: User) -> None:
    pool = CostPool.objects.create(costing=Costing.objects.create(name="2026"), name="Warehouse")
    amount = pool.amounts.create(month="2026-01-01", amount=100)
    address = reverse("admin:profitability_costpool_change", args=[pool.pk])
    mine = admin_entries(second, address)
    assert mine["amounts-0-amount"] == 100
    change(amount, first, amount=130)
    response = second.post(address, mine | {"amounts-0-amount": "110"})
    assert "Amount: €100.00 → €130.00" in faults(response)
    amount.refresh_from_db()
    assert amount.amount == 130
    saved = second.post(address, admin_entries(second, address) | {"amounts-0-amount": "110"})
    assert saved.status_code == 302
    amount.refresh_from_db()
    assert amount.amount == 110
