"""What needs the reader, said at the head of a customer's file."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from crm_site.lib.accounts.models import User
from crm_site.pages.needs import sentence
from customers.models import Customer, Task
from customers.need_reports import Needs, needs_of, next_birthday
from customers.task_reports import task_panel
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    ScorecardFactory,
    TaskFactory,
    user_with,
)

NOW = timezone.make_aware(dt.datetime(2026, 6, 30, 12))
TODAY = NOW.date()
READING = ("view_customer", "see_all_customers", "view_task", "view_contactmoment", "view_scorecard")


@pytest.fixture
def reader(db: None) -> User:
    CompanyFactory()
    return user_with(*(f"customers.{right}" for right in READING))


def most_urgent(reader: User, customer: Customer) -> Task | None:
    return next(iter(task_panel(reader, customer, NOW).tasks), None)


def days_ago(days: int) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def test_a_customer_who_needs_nothing_has_no_sentence(reader: User) -> None:
    customer = CustomerFactory(birth_date=dt.date(1980, 7, 7))
    TaskFactory(customer=customer, due_on=TODAY)
    TaskFactory(due_on=TODAY - dt.timedelta(days=3))
    ContactMomentFactory(customer=customer, occurred_at=days_ago(1), sentiment=1)
    needs = needs_of(reader, customer, None, most_urgent(reader, customer), at=NOW)
    assert needs == Needs()
    assert sentence(needs, customer, reader, today=TODAY) == ""


def test_everything_that_waits_is_found_in_one_query(reader: User) -> None:
    customer = CustomerFactory(birth_date=dt.date(1980, 7, 6))
    task = TaskFactory(customer=customer, due_on=TODAY - dt.timedelta(days=1))
    ContactMomentFactory(customer=customer, occurred_at=days_ago(200), needs_reply=True)
    ContactMomentFactory(customer=customer, occurred_at=days_ago(120), needs_reply=True)
    ContactMomentFactory(customer=customer, occurred_at=days_ago(5), sentiment=-1, direction="observed")
    card = ScorecardFactory(customer=customer, last_order_on=dt.date(2026, 1, 2))
    reader.has_perms(("customers.view_task",))
    with CaptureQueriesContext(connection) as queries:
        needs = needs_of(reader, customer, card, task, at=NOW)
    assert needs == Needs(task, days_ago(200), days_ago(5), dt.date(2026, 7, 6), dt.date(2026, 1, 2))
    assert len(queries) == 1


def test_a_happier_or_old_contact_makes_up_for_an_unhappy_one(reader: User) -> None:
    settled, long_ago = CustomerFactory(), CustomerFactory()
    ContactMomentFactory(customer=settled, occurred_at=days_ago(5), sentiment=-1)
    ContactMomentFactory(customer=settled, occurred_at=days_ago(4), sentiment=0)
    ContactMomentFactory(customer=long_ago, occurred_at=days_ago(31), sentiment=-1)
    assert needs_of(reader, settled, None, None, at=NOW).unhappy_at is None
    assert needs_of(reader, long_ago, None, None, at=NOW).unhappy_at is None


@pytest.mark.parametrize(
    ("category", "last_order", "spoken", "silent"),
    [(1, 100, None, True), (2, 100, 95, True), (1, 100, 30, False), (1, 60, None, False), (3, 100, None, False)],
)
def test_silence_counts_for_good_customers_only(
    reader: User, category: int, last_order: int, spoken: int | None, silent: bool
) -> None:
    customer = CustomerFactory()
    card = ScorecardFactory(customer=customer, category=category, last_order_on=days_ago(last_order).date())
    if spoken:
        ContactMomentFactory(customer=customer, occurred_at=days_ago(spoken))
    assert (needs_of(reader, customer, card, None, at=NOW).silent_since is not None) is silent


def test_a_birthday_on_a_leap_day_comes_every_year() -> None:
    born = dt.date(2000, 2, 29)
    assert next_birthday(born, dt.date(2027, 2, 25)) == dt.date(2027, 2, 28)
    assert next_birthday(born, dt.date(2028, 2, 29)) == dt.date(2028, 2, 29)
    assert next_birthday(dt.date(1990, 1, 1), dt.date(2026, 12, 30)) == dt.date(2027, 1, 1)
    assert next_birthday(None, TODAY) is None


def test_whoever_may_not_see_tasks_or_moments_is_told_nothing_of_them(db: None) -> None:
    customer = CustomerFactory()
    TaskFactory(customer=customer, due_on=TODAY - dt.timedelta(days=1))
    ContactMomentFactory(customer=customer, occurred_at=days_ago(5), sentiment=-1, needs_reply=True)
    card = ScorecardFactory(customer=customer, last_order_on=dt.date(2026, 1, 2))
    stranger = user_with("customers.view_customer")
    assert needs_of(stranger, customer, card, most_urgent(stranger, customer), at=NOW) == Needs()


def test_the_sentence_joins_its_parts_as_people_do(reader: User) -> None:
    customer = CustomerFactory()
    needs = Needs(waiting_since=days_ago(3), unhappy_at=days_ago(2), birthday=TODAY + dt.timedelta(days=1))
    text = sentence(needs, customer, reader, today=TODAY)
    link = f'<a href="/customers/{customer.pk}/#moments">'
    assert text == (
        f"{link}A message of 27 Jun 2026 waits for a reply</a>, {link}this customer was unhappy on 28 Jun 2026</a> "
        "and it is their birthday tomorrow."
    )
    with translation.override("fr"):
        assert " et " in sentence(needs, customer, reader, today=TODAY)


def test_the_head_of_the_file_says_it_with_links(client: Client, reader: User) -> None:
    client.force_login(reader)
    customer: Customer = CustomerFactory()
    url = f"/customers/{customer.pk}/"
    assert "What needs you" not in client.get(url).content.decode()
    task = TaskFactory(customer=customer, due_on=dt.date(2026, 1, 2), title="Call <b>back</b>")
    page = client.get(url).content.decode()
    assert f'<a href="/tasks/{task.pk}/">The task “Call &lt;b&gt;back&lt;/b&gt;” was due on' in page
