"""The administration: every model has pages, they stay bounded, and only staff with permission get there."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db import connection
from django.db.models import ForeignKey, ManyToManyField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm_site.lib.accounts.models import User
from crm_site.lib.admin import COUNT_LIMIT, CappedPaginator, ReadOnlyAdmin, SafeModelAdmin
from customers.models import Customer, Order, RankStep, Run, Scorecard
from customers.tests import factories
from customers.tests.factories import (
    ContactMomentFactory,
    CustomerFactory,
    ImportRejectionFactory,
    OrderFactory,
    OrderLineFactory,
    RunFactory,
    UserFactory,
    user_with,
)

ADMINS = [model_admin for model, model_admin in admin.site._registry.items() if model._meta.app_label == "customers"]
by_model = pytest.mark.parametrize("model_admin", ADMINS, ids=lambda model_admin: model_admin.opts.model_name)


@pytest.fixture
def administrator(client: Client, db: None) -> Client:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def address(model_admin: ModelAdmin, page: str, *arguments: Any) -> str:
    return reverse(f"admin:customers_{model_admin.opts.model_name}_{page}", args=arguments)


def an_object(model_admin: ModelAdmin) -> Any:
    """One row of the model, made by its factory where there is one."""
    name = f"{model_admin.model.__name__}Factory"
    return getattr(factories, name)() if hasattr(factories, name) else None


def test_every_model_has_pages_but_what_a_recompute_writes() -> None:
    models = set(apps.get_app_config("customers").get_models())
    assert models - {model_admin.model for model_admin in ADMINS} == {RankStep, Scorecard}


@by_model
def test_the_list_of_each_model_opens(administrator: Client, model_admin: ModelAdmin) -> None:
    an_object(model_admin)
    assert administrator.get(address(model_admin, "changelist")).status_code == 200


@by_model
def test_the_list_of_each_model_can_be_searched(administrator: Client, model_admin: ModelAdmin) -> None:
    an_object(model_admin)
    assert administrator.get(address(model_admin, "changelist"), {"q": "a' 1"}).status_code == 200


@by_model
def test_each_object_opens(administrator: Client, model_admin: ModelAdmin) -> None:
    if thing := an_object(model_admin):
        assert administrator.get(address(model_admin, "change", thing.pk)).status_code == 200


@by_model
def test_the_form_for_a_new_object_opens_where_people_may_add_one(
    administrator: Client, model_admin: ModelAdmin
) -> None:
    expected = 403 if isinstance(model_admin, ReadOnlyAdmin) else 200
    assert administrator.get(address(model_admin, "add")).status_code == expected


@by_model
def test_no_form_holds_a_whole_table_in_a_select(model_admin: ModelAdmin) -> None:
    assert isinstance(model_admin, SafeModelAdmin)
    fields = (*model_admin.opts.fields, *model_admin.opts.many_to_many)
    foreign = {field.name for field in fields if isinstance(field, ForeignKey | ManyToManyField) and field.editable}
    if not isinstance(model_admin, ReadOnlyAdmin):
        assert foreign <= {*model_admin.autocomplete_fields, *model_admin.readonly_fields, *(model_admin.exclude or ())}


@by_model
def test_no_list_counts_everything(model_admin: ModelAdmin) -> None:
    assert issubclass(model_admin.paginator, CappedPaginator)
    assert not model_admin.show_full_result_count


def test_customers_are_found_as_on_the_customer_list(administrator: Client) -> None:
    CustomerFactory(name="Étienne", given_name="Marie", reference="K1")
    CustomerFactory(name="Other", given_name="", reference="K2")
    response = administrator.get("/admin/customers/customer/", {"q": "etien mar"})
    assert [customer.reference for customer in response.context["cl"].result_list] == ["K1"]


def test_autocompletion_finds_a_customer(administrator: Client) -> None:
    CustomerFactory(name="Étienne", given_name="")
    CustomerFactory(name="Other", given_name="")
    parameters = {"app_label": "customers", "model_name": "order", "field_name": "customer", "term": "etie"}
    answer = administrator.get("/admin/autocomplete/", parameters).json()
    assert [result["text"] for result in answer["results"]] == ["Étienne"]


def test_a_list_costs_the_same_queries_for_five_and_for_forty_rows(administrator: Client) -> None:
    administrator.get("/admin/customers/contactmoment/")
    counts = []
    for count in (5, 35):
        for _ in range(count):
            ContactMomentFactory(employee=UserFactory())
        with CaptureQueriesContext(connection) as queries:
            administrator.get("/admin/customers/contactmoment/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_a_list_that_was_cut_off_says_so(administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_site.lib.admin.COUNT_LIMIT", 3)
    CustomerFactory.create_batch(3)
    assert "There are more than" in administrator.get("/admin/customers/customer/").content.decode()


def test_deleting_a_customer_counts_what_goes_with_it(administrator: Client) -> None:
    customer = CustomerFactory()
    ContactMomentFactory.create_batch(3, customer=customer)
    response = administrator.get(f"/admin/customers/customer/{customer.pk}/delete/")
    assert dict(response.context["model_count"])["contact moments"] == 3


def test_a_customer_with_orders_is_not_deleted(administrator: Client) -> None:
    order = OrderFactory()
    url = f"/admin/customers/customer/{order.customer_id}/delete/"
    assert order.number in administrator.get(url).content.decode()
    administrator.post(url, {"post": "yes"})
    assert Customer.objects.filter(pk=order.customer_id).exists()


def test_a_customer_without_orders_is_deleted_with_its_moments(administrator: Client) -> None:
    customer = ContactMomentFactory().customer
    administrator.post(f"/admin/customers/customer/{customer.pk}/delete/", {"post": "yes"})
    assert not Customer.objects.exists()


def test_what_the_application_writes_is_not_edited(administrator: Client) -> None:
    run, rejection = RunFactory(), ImportRejectionFactory()
    for url in (f"/admin/customers/run/{run.pk}/change/", f"/admin/customers/importrejection/{rejection.pk}/change/"):
        assert administrator.post(url, {}).status_code == 403
        assert administrator.post(url.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert Run.objects.exists()


def test_pages_of_the_administration_are_under_the_content_security_policy(administrator: Client) -> None:
    response = administrator.get("/admin/customers/customer/add/")
    assert "script-src 'self'" in response["Content-Security-Policy"]
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page


def test_visitors_sign_in_where_everybody_does(client: Client, db: None) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.mark.parametrize("staff", [False, True])
def test_nobody_without_permission_sees_a_list(client: Client, db: None, staff: bool) -> None:
    client.force_login(user_with(is_staff=staff))
    assert client.get("/admin/customers/customer/", follow=True).status_code == 403


def test_staff_with_one_permission_see_that_list_alone(client: Client, db: None) -> None:
    user: User = user_with("customers.view_product", is_staff=True)
    client.force_login(user)
    assert client.get("/admin/customers/product/").status_code == 200
    assert client.get("/admin/customers/order/").status_code == 403


def test_orders_are_marked_as_those_of_subscriptions(administrator: Client) -> None:
    first, second, other = OrderFactory(), OrderFactory(), OrderFactory()
    url = reverse("admin:customers_order_changelist")
    for action, pk in (("mark_as_start", first.pk), ("mark_as_renewal", second.pk)):
        response = administrator.post(url, {"action": action, "_selected_action": [pk]}, follow=True)
        assert "1 order was marked." in response.content.decode()
    assert dict(Order.objects.values_list("pk", "contract")) == {
        first.pk: "start", second.pk: "renewal", other.pk: "",
    }  # fmt: skip
    administrator.post(url, {"action": "mark_as_no_subscription", "_selected_action": [first.pk, second.pk]})
    assert not Order.objects.exclude(contract="").exists()


@by_model
def test_a_search_reads_no_more_than_is_counted(administrator: Client, model_admin: ModelAdmin) -> None:
    if not model_admin.search_fields:
        return
    an_object(model_admin)
    with CaptureQueriesContext(connection) as queries:
        administrator.get(address(model_admin, "changelist"), {"q": "1"})
    table = model_admin.model._meta.db_table
    asked = [query["sql"] for query in queries if f'FROM "{table}"' in query["sql"] and "COUNT" not in query["sql"]]
    assert all(f"LIMIT {COUNT_LIMIT + 1}" in sql for sql in asked)


def test_lines_are_found_by_the_number_of_their_order_up_to_a_limit(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_site.lib.admin.COUNT_LIMIT", 2)
    for number in ("A1", "A2", "A3", "B1"):
        OrderLineFactory(order__number=number)
    found = administrator.get("/admin/customers/orderline/", {"q": "A"}).context["cl"].result_list
    assert len(found) == 3
    assert {line.order.number[0] for line in found} == {"A"}
