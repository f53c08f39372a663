"""The page Today: four steps, each block with its list, for one's own customers."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.accounts.models import User
from crm_site.pages.today_lists import LISTS
from customers.models import Run
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderLineFactory,
    ProductFamilyFactory,
    RunFactory,
    ScorecardFactory,
    TaskFactory,
    UserFactory,
    user_with,
)
from customers.today_reports import birthdays

pytestmark = pytest.mark.django_db

READING = ("view_customer", "view_task", "view_scorecard", "view_contactmoment", "view_order", "export_customer")


@pytest.fixture
def seller(client: Client) -> User:
    """Somebody whose browser is `client`."""
    CompanyFactory()
    user = user_with(*(f"customers.{name}" for name in (*READING, "change_customer")))
    client.force_login(user)
    return user


@pytest.fixture
def runs() -> tuple[Run, Run]:
    """The run before and the current one."""
    return RunFactory(is_current=False), RunFactory()


def block(client: Client, title: str) -> Any:
    steps = client.get("/today/").context["steps"]
    return next(block for step in steps for block in step.blocks if block.title == title)


def names(client: Client, title: str) -> list[str]:
    return [line.text for line in block(client, title).lines]


def listed(client: Client, key: str) -> list[str]:
    return [row.cells[0].text for row in client.get(f"/today/{key}/").context["table"].rows]


def test_files_that_lack_an_address_or_a_phone_are_named_with_what_they_lack(client: Client, seller: User) -> None:
    CustomerFactory(owner=seller, phone="1", email="a@example.com")
    lacking = CustomerFactory(owner=seller, phone="", email="")
    CustomerFactory(phone="", owner=UserFactory())
    (line,) = block(client, "Incomplete files").lines
    assert (line.text, line.note) == (lacking.full_name, "no e-mail address · no phone")
    assert listed(client, "incomplete") == [lacking.full_name]


def test_customers_of_nobody_are_shown_with_their_number(client: Client, seller: User) -> None:
    CustomerFactory.create_batch(7, owner=None)
    shown = block(client, "Without an owner")
    assert (len(shown.lines), shown.count) == (5, "7")
    assert len(listed(client, "unowned")) == 7


def test_ones_customers_are_told_apart_by_category_with_what_they_bring(
    client: Client, seller: User, runs: tuple[Run, Run]
) -> None:
    for profit in (100, 50):
        ScorecardFactory(run=runs[1], customer__owner=seller, category=1, profit=profit, lifetime_value=Decimal(10))
    ScorecardFactory(run=runs[1], customer__owner=UserFactory(), category=1)
    (line,) = block(client, "My customers by category").lines
    assert (line.text, line.value) == ("Most profitable", "Lifetime value €20")
    assert "2 customers, profit €150" in line.note
    assert line.url == f"/customers/?owner={seller.pk}&category=1"


def test_the_biggest_moves_between_categories_come_first(client: Client, seller: User, runs: tuple[Run, Run]) -> None:
    before, now = runs
    for name, old, new, gain in (("Still", 1, 1, 900), ("Up", 3, 1, 50), ("Down", 1, 4, -400)):
        customer = CustomerFactory(name=name, given_name="", owner=seller)
        ScorecardFactory(run=before, customer=customer, category=old, profit=Decimal(100))
        ScorecardFactory(run=now, customer=customer, category=new, profit=Decimal(100 + gain))
    lines = block(client, "Biggest moves").lines
    assert [(line.text, line.value, line.tone) for line in lines] == [
        ("Down", "-€400", "danger"),
        ("Up", "+€50", "success"),
    ]
    assert listed(client, "moves") == ["Down", "Up"]


def test_tasks_that_are_late_or_due_or_to_be_reminded_of_are_shown(client: Client, seller: User) -> None:
    today, now = timezone.localdate(), timezone.now()
    later = today + dt.timedelta(days=3)
    TaskFactory(title="late", owner=seller, due_on=today - dt.timedelta(days=2))
    TaskFactory(title="today", owner=seller, due_on=today)
    TaskFactory(title="reminded", owner=seller, due_on=later, remind_at=now - dt.timedelta(minutes=1))
    TaskFactory(title="later", owner=seller, due_on=later)
    TaskFactory(title="another's", due_on=today)
    assert [task.title for task in block(client, "Tasks overdue and due today").tasks] == ["late", "today", "reminded"]


def test_messages_that_nobody_answered_are_shown_those_that_wait_longest_first(client: Client, seller: User) -> None:
    now = timezone.now()
    for name, hours in (("Short", 1), ("Long", 50)):
        ContactMomentFactory(
            customer__name=name, customer__given_name="", occurred_at=now - dt.timedelta(hours=hours), needs_reply=True
        )
    ContactMomentFactory(occurred_at=now)
    ContactMomentFactory(customer__owner=UserFactory(), needs_reply=True)
    assert names(client, "Messages awaiting a reply") == ["Long", "Short"]
    assert listed(client, "replies") == ["Long", "Short"]


@pytest.mark.parametrize(
    ("today", "born", "ahead"),
    [
        (dt.date(2026, 6, 30), dt.date(1980, 6, 30), 0),
        (dt.date(2026, 12, 28), dt.date(1980, 1, 3), 6),
        (dt.date(2026, 12, 28), dt.date(1980, 1, 4), None),
        (dt.date(2026, 6, 30), dt.date(1980, 6, 29), None),
        (dt.date(2026, 2, 26), dt.date(2000, 2, 29), 2),
        (dt.date(2028, 2, 26), dt.date(2000, 2, 29), 3),
    ],
)
def test_birthdays_of_the_week_are_found(seller: User, today: dt.date, born: dt.date, ahead: int | None) -> None:
    CustomerFactory(owner=seller, birth_date=born)
    assert list(birthdays(seller, today).values_list("days_ahead", flat=True)) == ([] if ahead is None else [ahead])


def test_good_customers_of_whom_nothing_was_heard_are_shown(
    client: Client, seller: User, runs: tuple[Run, Run]
) -> None:
    now, long_ago = timezone.now(), timezone.localdate() - dt.timedelta(days=200)
    wanted = {"Silent": 1, "Spoken": 1, "Seen": 2, "Poor": 4}
    customers = {name: CustomerFactory(name=name, given_name="", owner=seller) for name in wanted}
    for name, category in wanted.items():
        ScorecardFactory(run=runs[1], customer=customers[name], category=category, last_order_on=long_ago)
    ScorecardFactory(run=runs[1], customer__owner=seller, category=1, last_order_on=timezone.localdate())
    ContactMomentFactory(customer=customers["Spoken"], occurred_at=now)
    ContactMomentFactory(customer=customers["Seen"], occurred_at=now, direction="observed")
    assert set(names(client, "Good customers, long silent")) == {"Silent", "Seen"}
    assert set(listed(client, "silent")) == {"Silent", "Seen"}


def test_who_has_wishes_is_proposed_what_they_buy_most(client: Client, seller: User) -> None:
    customer = CustomerFactory(owner=seller, needs="Quiet places", preferred_channel="phone")
    CustomerFactory(owner=seller)
    for name, price in (("Jazz", 30), ("Opera", 80)):
        OrderLineFactory(order__customer=customer, product__family=ProductFamilyFactory(name=name), unit_price=price)
    (line,) = client.get("/today/proposals/").context["proposals"].lines
    assert (line.text, line.note, line.value) == (customer.full_name, "Quiet places · Phone", "Offer: Opera")
    assert listed(client, "preferences") == [customer.full_name]


def test_a_new_colleague_is_told_what_to_do(client: Client, seller: User) -> None:
    page = client.get("/today/").content.decode()
    assert "Figures appear here after the first recompute." in page
    assert "Nothing is due. Plan a call or a visit" in page
    assert 'hx-get="/today/proposals/"' in page
    assert "Note what a customer needs" in client.get("/today/proposals/").content.decode()


def test_who_may_not_edit_files_is_not_advised_to(client: Client, seller: User, runs: tuple[Run, Run]) -> None:
    assert "become the owner of some" in block(client, "My customers by category").empty
    client.force_login(user_with(*(f"customers.{name}" for name in READING)))
    assert block(client, "My customers by category").empty == "You look after no customer with figures yet."
    assert client.get("/today/proposals/").context["proposals"].empty.startswith("Proposals come from what is known")


def test_every_list_behind_the_page_opens_even_when_it_is_empty(client: Client, seller: User) -> None:
    for key in LISTS:
        assert client.get(f"/today/{key}/").status_code == 200
    assert client.get("/today/nothing/").status_code == 404


@pytest.mark.parametrize("key", ["moves", "silent", "replies"])
def test_figures_and_moments_are_for_whoever_may_see_them(client: Client, key: str) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_task"))
    assert client.get(f"/today/{key}/").status_code == 403
    assert client.get("/today/").status_code == 200


def fill(seller: User, runs: tuple[Run, Run], number: int) -> None:
    for _ in range(number):
        customer = CustomerFactory(owner=seller, needs="Quiet", birth_date=timezone.localdate())
        for run, category in zip(runs, (4, 1), strict=True):
            ScorecardFactory(run=run, customer=customer, category=category)
        TaskFactory(owner=seller, customer=customer)
        ContactMomentFactory(customer=customer, needs_reply=True)
        OrderLineFactory(order__customer=customer, product__family=ProductFamilyFactory())


def test_the_page_takes_no_more_queries_for_more_customers(client: Client, seller: User, runs: tuple[Run, Run]) -> None:
    fill(seller, runs, 6)
    CustomerFactory.create_batch(6, owner=None)
    client.get("/today/")
    with CaptureQueriesContext(connection) as few:
        client.get("/today/")
        client.get("/today/proposals/")
    fill(seller, runs, 12)
    with CaptureQueriesContext(connection) as many:
        client.get("/today/")
        client.get("/today/proposals/")
    assert 15 < len(many) == len(few) <= 30


def test_proposals_are_answered_alone_in_their_place_and_as_a_page_without_scripts(
    client: Client, seller: User
) -> None:
    alone = client.get("/today/proposals/", headers={"HX-Request": "true"}).content.decode()
    page = client.get("/today/proposals/").content.decode()
    assert "<html" not in alone
    assert 'id="proposals"' in alone
    assert alone.strip() in page
    assert 'href="/today/"' in page


@pytest.mark.parametrize(
    ("permissions", "first"),
    [
        (["customers.view_task", "customers.view_customer"], "today"),
        (["customers.view_task", "profitability.view_profitability"], "dashboard"),
        (["customers.view_customer"], "customers"),
    ],
)
def test_everybody_begins_where_their_work_is(client: Client, permissions: list[str], first: str) -> None:
    client.force_login(user_with(*permissions))
    assert client.get("/").headers["Location"] == reverse(first)
