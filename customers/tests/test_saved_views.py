"""Saved views: a list kept under a name, for oneself or one's team; and the way along a list from file to file."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.accounts.models import Team, User
from customers.models import Customer, Run, SavedView
from customers.saved_view_actions import kept_query
from customers.tests.factories import CustomerFactory, SavedViewFactory, ScorecardFactory, UserFactory

NEW = "/views/new/"


def save(client: Client, **fields: str) -> Any:
    return client.post(NEW, {"list_name": "customers", "name": "French", "query": "country=France&sort=-name"} | fields)


@pytest.fixture
def team(reader: User) -> Team:
    """The reader's team."""
    reader.team = Team.objects.create(name="North")
    reader.save()
    return reader.team


def test_a_list_is_kept_with_its_filters_order_and_columns_and_opened_again(visitor: Client, reader: User) -> None:
    response = save(visitor, query="country=France&sort=-name&col=city&after=abc&view=7&stage=")
    view = SavedView.objects.get()
    assert (view.owner, view.team, view.query) == (reader, None, "col=city&country=France&sort=-name")
    assert response.headers["Location"] == f"/customers/?col=city&country=France&sort=-name&view={view.pk}"
    assert visitor.get(response.headers["Location"]).status_code == 200


def test_a_view_may_be_shared_with_ones_team_and_with_nobody_else(visitor: Client, team: Team) -> None:
    save(visitor, shared="on")
    view = SavedView.objects.get()
    assert view in SavedView.objects.visible_to(UserFactory(team=team))
    assert view not in SavedView.objects.visible_to(UserFactory(team=Team.objects.create(name="South")))


def test_somebody_without_a_team_saves_for_himself(visitor: Client) -> None:
    save(visitor, shared="on")
    assert SavedView.objects.get().team is None


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x" * 81}, {"list_name": "home"}, {"list_name": "nowhere"}, {"name": "a\x00b"}]
)
def test_what_cannot_be_kept_is_refused_with_a_reason(visitor: Client, fields: dict[str, str]) -> None:
    response = save(visitor, **fields)
    assert response.status_code == 422
    assert response.context["form"].errors
    assert not SavedView.objects.exists()


def test_a_name_is_used_once_in_a_list(visitor: Client) -> None:
    save(visitor)
    assert "You already have a view of this name." in save(visitor).content.decode()
    assert save(visitor, list_name="orders").status_code == 302


def test_the_owner_renames_pins_and_deletes(visitor: Client, reader: User) -> None:
    view = SavedViewFactory(owner=reader, name="Old")
    visitor.post(f"/views/{view.pk}/edit/", {"name": "New", "is_pinned": "on"})
    view.refresh_from_db()
    assert (view.name, view.is_pinned) == ("New", True)
    assert "Delete" in visitor.get(f"/views/{view.pk}/delete/").content.decode()
    assert visitor.post(f"/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_cannot_take_the_name_of_another(visitor: Client, reader: User) -> None:
    SavedViewFactory(owner=reader, name="Taken")
    view = SavedViewFactory(owner=reader, name="Free")
    assert visitor.post(f"/views/{view.pk}/edit/", {"name": "Taken"}).status_code == 422
    view.refresh_from_db()
    assert view.name == "Free"


@pytest.mark.parametrize("verb", ["edit", "replace", "delete"])
def test_only_the_owner_changes_a_view(visitor: Client, team: Team, verb: str) -> None:
    view = SavedViewFactory(team=team)
    assert visitor.post(f"/views/{view.pk}/{verb}/", {"name": "Mine"}).status_code == 404
    assert SavedView.objects.get().name == view.name


def test_the_menu_shows_own_and_shared_views_of_this_list_and_marks_a_changed_one(
    visitor: Client, reader: User, team: Team
) -> None:
    CustomerFactory()
    mine = SavedViewFactory(owner=reader, name="Mine")
    SavedViewFactory(team=team, name="Of the team", is_pinned=True)
    SavedViewFactory(name="Of a stranger")
    SavedViewFactory(owner=reader, name="Of orders", list_name="orders")
    page = visitor.get(f"/customers/?view={mine.pk}&country=France").content.decode()
    assert ("Of the team" in page, "Of a stranger" in page, "Of orders" in page) == (True, False, False)
    assert "view-dot" not in page
    changed = visitor.get(f"/customers/?view={mine.pk}&country=France&q=a").content.decode()
    assert "view-dot" in changed
    assert f'name="view" value="{mine.pk}"' in changed  # kept beside when a filter is changed


def test_changes_are_kept_in_the_opened_view(visitor: Client, reader: User) -> None:
    view = SavedViewFactory(owner=reader)
    visitor.post(f"/views/{view.pk}/replace/", {"query": "q=a&country=France"})
    view.refresh_from_db()
    assert view.query == "country=France&q=a"


def test_equal_lists_have_equal_queries_whatever_their_order() -> None:
    assert kept_query("b=2&a=1&view=3&after=x&c=") == kept_query("a=1&b=2") == "a=1&b=2"


def test_the_menu_costs_one_query_however_many_views_there_are(visitor: Client, reader: User) -> None:
    CustomerFactory()
    visitor.get("/customers/")
    counts = []
    for count in (1, 9):
        SavedViewFactory.create_batch(count, owner=reader)
        with CaptureQueriesContext(connection) as queries:
            visitor.get("/customers/")
        counts.append(sum("customers_savedview" in query["sql"] for query in queries))
    assert counts == [1, 1]


def open_from(client: Client, customer: Customer, address: str) -> str:
    """The file as it is opened by a link of that list."""
    return client.get(customer.get_absolute_url(), headers={"Referer": f"http://testserver{address}"}).content.decode()


def walk(client: Client, customer: Customer, way: str) -> str:
    return urlsplit(client.get(f"/customers/{customer.pk}/{way}/").headers["Location"]).path


def test_a_file_leads_back_to_the_list_as_it_was(visitor: Client) -> None:
    customer = CustomerFactory()
    assert "Back to the list" not in visitor.get(customer.get_absolute_url()).content.decode()
    open_from(visitor, customer, "/customers/?country=France&q=a")
    again = visitor.get(customer.get_absolute_url()).content.decode()
    assert 'href="/customers/?country=France&amp;q=a"' in again


@pytest.mark.parametrize("address", ["/search/?q=a", "/nowhere/", "//other.example/customers/"])
def test_only_lists_of_this_site_are_remembered(visitor: Client, address: str) -> None:
    assert "Back to the list" not in open_from(visitor, CustomerFactory(), address)


def test_files_are_turned_over_along_the_filtered_list_and_stop_at_its_ends(visitor: Client) -> None:
    first, outside, second, last = (CustomerFactory(name=name, given_name="") for name in ("Aa", "Ab", "Ac", "Ad"))
    Customer.objects.filter(pk=outside.pk).update(country="Belgium")
    open_from(visitor, first, "/customers/?country=France")
    assert walk(visitor, first, "next") == second.get_absolute_url()
    assert walk(visitor, second, "next") == last.get_absolute_url()
    assert walk(visitor, last, "next") == last.get_absolute_url()
    assert walk(visitor, last, "previous") == second.get_absolute_url()
    assert walk(visitor, second, "previous") == first.get_absolute_url()
    assert walk(visitor, first, "previous") == first.get_absolute_url()
    assert walk(visitor, outside, "next") == outside.get_absolute_url()


def test_the_way_follows_the_order_of_the_list(visitor: Client, run: Run) -> None:
    poor, rich, unknown = CustomerFactory(), CustomerFactory(), CustomerFactory()
    for customer, value in ((poor, 5), (rich, 50), (unknown, None)):
        ScorecardFactory(run=run, customer=customer, lifetime_value=value)
    open_from(visitor, rich, "/customers/?sort=-lifetime_value")
    assert walk(visitor, rich, "next") == poor.get_absolute_url()
    assert walk(visitor, poor, "next") == unknown.get_absolute_url()
    assert walk(visitor, unknown, "previous") == poor.get_absolute_url()
