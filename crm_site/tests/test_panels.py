"""Panels that a page fetches once it stands."""

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site import roles
from crm_site.lib.templatetags.ui import later
from customers.contacting.consent import record_consent
from customers.contacting.documents import attach
from customers.models import Customer, OpportunityStage, Scorecard
from customers.tests.factories import CustomerFactory, OpportunityFactory, PurposeFactory, UserFactory, user_with
from profitability.tests.published import publish

pytestmark = pytest.mark.django_db

IN_PLACE = {"HX-Request": "true"}


@pytest.fixture
def manager(client: Client) -> Client:
    user = UserFactory()
    user.groups.add(Group.objects.get(name=roles.MANAGER.name))
    client.force_login(user)
    return client


@pytest.fixture
def valued(db: None) -> Customer:
    return Scorecard.objects.in_run(publish(500)).get().customer


@pytest.mark.parametrize("panel", ["customer-account", "customer-more"])
def test_a_panel_is_answered_alone_in_its_place_and_as_a_page_without_scripts(
    manager: Client, valued: Customer, panel: str
) -> None:
    url = reverse(panel, args=[valued.pk])
    alone, page = manager.get(url, headers=IN_PLACE), manager.get(url)
    assert "<html" not in alone.content.decode()
    assert alone.content.decode().strip() in page.content.decode()
    assert f'href="{valued.get_absolute_url()}"' in page.content.decode()
    assert "HX-Request" in alone["Vary"]


@pytest.mark.parametrize("panel", ["customer-account", "customer-more"])
def test_the_file_fetches_a_panel_and_links_to_it(manager: Client, valued: Customer, panel: str) -> None:
    url = reverse(panel, args=[valued.pk])
    page = manager.get(valued.get_absolute_url()).content.decode()
    assert f'hx-get="{url}"' in page
    assert f'<a href="{url}">' in page


def test_a_file_fetches_only_what_its_reader_may_see(client: Client, valued: Customer) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_scorecard"))
    assert 'hx-trigger="load"' not in client.get(valued.get_absolute_url()).content.decode()


def test_each_part_of_a_panel_is_for_whoever_may_see_it(client: Client) -> None:
    company = CustomerFactory(kind=Customer.Kind.COMPANY)
    PurposeFactory()
    url = reverse("customer-more", args=[company.pk])
    parts = {"opportunities", "consent_facts", "document_facts", "merges", "members"}
    for permission, part in {
        "view_opportunity": "opportunities",
        "view_consent": "consent_facts",
        "view_attachment": "document_facts",
        "merge_customer": "merges",
        "view_task": "members",
    }.items():
        client.force_login(user_with("customers.view_customer", f"customers.{permission}"))
        context = client.get(url).context
        assert {name for name in parts if name in context} == {"members", part}


def test_the_opportunities_of_a_customer_stand_in_the_file_open_ones_first(client: Client) -> None:
    customer = CustomerFactory(reference="K 1")
    stages = {stage.name: stage for stage in OpportunityStage.objects.all()}
    for title, stage in (("lost", "Lost"), ("first", "Lead"), ("second", "Proposal")):
        OpportunityFactory(customer=customer, title=title, stage=stages[stage], owner=None)
    OpportunityFactory(title="of another")
    client.force_login(user_with("customers.view_customer", "customers.view_opportunity", "customers.add_opportunity"))
    page = client.get(reverse("customer-more", args=[customer.pk]))
    assert [row.cells[0].text for row in page.context["opportunities"].rows] == ["second", "first", "lost"]
    assert "/opportunities/new/?customer=K%201" in page.text
    assert f"{customer} (K 1)" in client.get("/opportunities/new/?customer=K%201").text


@pytest.mark.parametrize("panel", ["customer-account", "customer-more"])
def test_panels_of_customers_that_one_may_not_see_are_not_found(client: Client, valued: Customer, panel: str) -> None:
    Customer.objects.filter(pk=valued.pk).update(owner=UserFactory())
    rights = ("customers.view_customer", "customers.view_scorecard", "profitability.view_profitability")
    client.force_login(user_with(*rights))
    assert client.get(reverse(panel, args=[valued.pk])).status_code == 404


@pytest.mark.parametrize(("panel", "expected"), [("customer-account", 7), ("customer-more", 10)])
def test_a_panel_costs_the_same_queries_however_much_it_holds(
    manager: Client, valued: Customer, panel: str, expected: int
) -> None:
    Customer.objects.filter(pk=valued.pk).update(kind=Customer.Kind.COMPANY)
    counts = []
    for count in (1, 10):
        for number in range(count):
            CustomerFactory(member_of=valued)
            OpportunityFactory(customer=valued)
            attach(customer=valued, name=f"{number}.txt", content=ContentFile(b"text"))
            record_consent(
                customer=valued, channel="email", purpose=PurposeFactory(), given=True, at=timezone.now(), source="call"
            )
        manager.get(reverse(panel, args=[valued.pk]))
        with CaptureQueriesContext(connection) as queries:
            manager.get(reverse(panel, args=[valued.pk]), headers=IN_PLACE)
        counts.append(len(queries))
    assert counts == [expected, expected]


def test_a_customer_without_figures_has_no_account(manager: Client) -> None:
    customer = CustomerFactory()
    assert manager.get(reverse("customer-account", args=[customer.pk])).status_code == 404
    assert "profit-and-loss" not in manager.get(customer.get_absolute_url()).content.decode()


def test_what_stands_in_a_place_to_be_filled_is_escaped() -> None:
    assert "<b>" not in later("/?a=<b>", "<b>", id="<b>")
