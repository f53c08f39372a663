"""Merging and undoing on screen: choices, rights, and being told."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm_site.lib.accounts.models import User
from customers.duplicates.choices import OFFERED, choices
from customers.duplicates.merging import merge_customers
from customers.models import Customer, Merge
from customers.tests.factories import (
    CompanyFactory,
    CustomerFactory,
    DuplicatePairFactory,
    OrderFactory,
    UserFactory,
    user_with,
)

OLD = timezone.make_aware(dt.datetime(2020, 1, 1, 9))


@pytest.fixture
def merger(db: None) -> User:
    CompanyFactory()
    return user_with("customers.view_customer", "customers.merge_customer")


@pytest.fixture
def browser_of_merger(client: Client, merger: User) -> Client:
    client.force_login(merger)
    return client


def address(one: Customer, other: Customer) -> str:
    return f"/customers/{one.pk}/merge/{other.pk}/"


def entries_of(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What the form of a merge holds when it is opened, with some changes."""
    context = client.get(url).context
    entries = {choice.name: choice.preselected for choice in context["choices"]} | dict(context["versions"])
    return entries | {"kept": context["kept"].pk} | changes


def preselected(one: Customer, other: Customer, kept: Customer) -> dict[str, Customer]:
    made = choices(one, other, kept=kept, currency="EUR")
    return {choice.name: one if choice.preselected == one.pk else other for choice in made}


def test_what_is_chosen_beforehand_is_sensible(db: None) -> None:
    one = CustomerFactory(
        phone="0612345678", street="1 rue A", postal_code="69001", created_at=OLD, acquired_on=dt.date(2020, 1, 1),
        acquisition_cost=None, custom={"size": 3, "same": 1},
    )  # fmt: skip
    other = CustomerFactory(
        phone="0712345678", street="", postal_code="", city="Metz", acquired_on=dt.date(2021, 1, 1),
        acquisition_cost=Decimal(5), custom={"colour": "red", "same": 1},
    )  # fmt: skip
    chosen = preselected(one, other, kept=one)
    assert chosen.keys().isdisjoint({"kind", "country", "custom:same", "language"})
    assert (chosen["reference"], chosen["name"]) == (one, one)
    assert (chosen["phone"], chosen["email"]) == (other, other)
    assert {chosen[name] for name in ("street", "postal_code", "city")} == {one}
    assert (chosen["acquired_on"], chosen["acquisition_cost"]) == (one, other)
    assert (chosen["custom:size"], chosen["custom:colour"]) == (one, other)


def test_every_field_that_people_fill_in_is_offered() -> None:
    """A new field of customers fails here until somebody says how two of its values become one."""
    filled_in = {field.name for field in Customer._meta.concrete_fields if field.editable and not field.generated}
    assert filled_in - set(OFFERED) == {"id", "custom", "is_synthetic"}


def test_whoever_has_more_is_kept_unless_chosen_otherwise(browser_of_merger: Client) -> None:
    one, other = CustomerFactory(), CustomerFactory()
    OrderFactory.create_batch(2, customer=other)
    response = browser_of_merger.get(address(one, other))
    assert response.context["kept"] == other
    assert "orders: 2" in response.content.decode()


def test_a_merge_takes_each_field_from_where_it_was_chosen(browser_of_merger: Client, merger: User) -> None:
    one = CustomerFactory(phone="01", email="one@example.com", custom={"size": 3})
    other = CustomerFactory(phone="02", email="other@example.com", custom={"colour": "red"})
    OrderFactory(customer=other)
    url = address(one, other)
    entries = entries_of(browser_of_merger, url, kept=one.pk, phone=one.pk, email=other.pk, **{"custom:size": other.pk})
    response = browser_of_merger.post(url, entries)
    assert response.headers["Location"] == f"/customers/{one.pk}/"
    one.refresh_from_db()
    assert (one.phone, one.email, one.custom) == ("01", "other@example.com", {"colour": "red"})
    assert Merge.objects.get().merged_by == merger
    assert one.orders.count() == 1


def test_a_merge_of_what_has_changed_meanwhile_is_not_done(browser_of_merger: Client) -> None:
    one, other = CustomerFactory(), CustomerFactory()
    url = address(one, other)
    entries = entries_of(browser_of_merger, url)
    Customer.objects.filter(pk=other.pk).update(best_time="mornings")
    response = browser_of_merger.post(url, entries, follow=True)
    assert "Somebody else has changed" in response.content.decode() or response.status_code == 422
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("entries", [{}, {"kept": "nobody"}, {"kept": "0"}])
def test_a_merge_without_its_choices_is_not_done(browser_of_merger: Client, entries: dict[str, str]) -> None:
    one, other = CustomerFactory(), CustomerFactory()
    assert browser_of_merger.post(address(one, other), entries).status_code in (200, 422)
    assert Customer.objects.count() == 2


def test_a_customer_that_one_may_not_see_is_not_merged(browser_of_merger: Client) -> None:
    mine, foreign = CustomerFactory(), CustomerFactory(owner=UserFactory())
    for url in (address(mine, foreign), address(foreign, mine)):
        assert browser_of_merger.get(url).status_code == 404
        assert browser_of_merger.post(url, {"kept": mine.pk}).status_code == 404
    assert Customer.objects.count() == 2


def test_one_customer_cannot_be_compared_with_itself(browser_of_merger: Client) -> None:
    one = CustomerFactory()
    assert browser_of_merger.get(address(one, one)).status_code == 404


def test_whoever_may_not_merge_merges_and_undoes_nothing(client: Client, merger: User) -> None:
    one, other, past = CustomerFactory(), CustomerFactory(), CustomerFactory()
    merge = merge_customers(kept=one, gone=past, fields={}, by=merger)
    client.force_login(user_with("customers.view_customer", "customers.see_all_customers", "customers.change_customer"))
    assert client.post(address(one, other), {"kept": one.pk}).status_code == 403
    assert client.post(f"/merges/{merge.pk}/undo/").status_code == 403
    assert Customer.objects.count() == 2


def test_a_merge_is_listed_and_undone_after_a_question(browser_of_merger: Client, merger: User) -> None:
    kept, gone = CustomerFactory(), CustomerFactory(reference="OLD-9")
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=merger)
    undo = f"/merges/{merge.pk}/undo/"
    assert "OLD-9" in browser_of_merger.get("/merges/").content.decode()
    assert undo in browser_of_merger.get("/merges/").content.decode()
    assert browser_of_merger.get(undo).status_code == 200
    assert Customer.objects.count() == 1
    assert browser_of_merger.post(undo).status_code == 302
    assert Customer.objects.get(reference="OLD-9").pk == merge.gone_id
    assert undo not in browser_of_merger.get("/merges/").content.decode()


def test_a_merge_that_can_no_longer_be_undone_says_why(browser_of_merger: Client, merger: User) -> None:
    kept = CustomerFactory()
    merge = merge_customers(kept=kept, gone=CustomerFactory(), fields={}, by=merger)
    Customer.objects.filter(pk=kept.pk).update(phone="0499")
    for response in (
        browser_of_merger.get(f"/merges/{merge.pk}/undo/"),
        browser_of_merger.post(f"/merges/{merge.pk}/undo/"),
    ):
        assert response.status_code == 409
        assert "Changed on the kept customer since: phone." in response.content.decode()


def test_merges_of_customers_that_one_may_not_see_are_hidden(browser_of_merger: Client, merger: User) -> None:
    kept = CustomerFactory(owner=UserFactory())
    merge = merge_customers(kept=kept, gone=CustomerFactory(reference="OLD-9"), fields={}, by=merger)
    assert "OLD-9" not in browser_of_merger.get("/merges/").content.decode()
    assert browser_of_merger.post(f"/merges/{merge.pk}/undo/").status_code == 404


def test_the_kept_file_tells_of_its_merges(browser_of_merger: Client, merger: User) -> None:
    kept = CustomerFactory()
    merge = merge_customers(kept=kept, gone=CustomerFactory(reference="OLD-9"), fields={}, by=merger)
    page = browser_of_merger.get(f"/customers/{kept.pk}/more/").content.decode()
    assert "OLD-9" in page
    assert f"/merges/{merge.pk}/undo/" in page


def test_two_in_a_pair_can_be_told_apart_while_comparing(browser_of_merger: Client) -> None:
    pair = DuplicatePairFactory()
    page = browser_of_merger.get(address(pair.second, pair.first)).content.decode()
    assert f"/customers/duplicates/{pair.pk}/different/" in page


# --- The address of a customer that went


def test_the_address_of_a_merged_customer_leads_to_the_one_that_was_kept(browser_of_merger: Client) -> None:
    kept, gone = CustomerFactory(reference="K-1"), CustomerFactory(reference="G-1", name="Gone", given_name="")
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=UserFactory())
    response = browser_of_merger.get(f"/customers/{merge.gone_id}/", follow=True)
    assert response.redirect_chain == [(f"/customers/{kept.pk}/", 302)]
    assert "Gone (G-1) is now part of this customer." in response.content.decode()


def test_the_address_tells_nothing_where_the_kept_customer_may_not_be_seen(browser_of_merger: Client) -> None:
    kept, gone = CustomerFactory(owner=UserFactory()), CustomerFactory()
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=UserFactory())
    assert browser_of_merger.get(f"/customers/{merge.gone_id}/").status_code == 404


def test_a_merge_names_both_by_their_references(browser_of_merger: Client) -> None:
    kept, gone = (
        CustomerFactory(reference="K-1", name="A", given_name=""),
        CustomerFactory(reference="G-1", name="A", given_name=""),
    )
    url = address(kept, gone)
    response = browser_of_merger.post(url, entries_of(browser_of_merger, url, kept=kept.pk), follow=True)
    assert "A (G-1) is now part of A (K-1)." in response.content.decode()
