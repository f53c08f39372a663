"""Statements that are written once find what their querysets would have found."""

import datetime as dt
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, QuerySet, Window
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.joins import with_keys
from crm_site.lib.written import Blank, Written, written
from customers.models import Customer, Task
from customers.tests.factories import CustomerFactory, TaskFactory, UserFactory

pytestmark = pytest.mark.django_db


def due(owner: Any, by: Any, at: Any) -> QuerySet[Task]:
    """Tasks with what their page needs: columns of two tables, and a figure that no column holds."""
    rows = Task.objects.filter(owner=owner, due_on__lte=by, created_at__lte=at).select_related("customer")
    together = Window(Count("*"))
    return rows.only("title", "due_on", "customer__name").annotate(together=together, days=F("due_on")).order_by("pk")


def test_blanks_are_filled_in_anew_each_time(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second = UserFactory(), UserFactory()
    for owner, count in ((first, 2), (second, 3)):
        TaskFactory.create_batch(count, owner=owner, customer=CustomerFactory(name=owner.username), due_on=DAY)
    statement, now = Written(due(Blank("owner"), Blank("by"), Blank("at"))), timezone.now()
    for owner, by in ((first, DAY), (second, DAY), (first, DAY - dt.timedelta(days=1))):
        with django_assert_num_queries(1):
            found = statement.read(owner=owner.pk, by=by, at=now)
            told = [(task.pk, task.title, task.customer.name, task.together, task.days) for task in found]  # type: ignore[attr-defined]
        expected = due(owner.pk, by, now)
        assert told == [(task.pk, task.title, task.customer.name, task.together, task.days) for task in expected]  # type: ignore[attr-defined]


DAY = dt.date(2026, 6, 30)


def test_several_keys_fill_one_blank() -> None:
    customers = CustomerFactory.create_batch(3)
    statement = Written(with_keys(Customer.objects.order_by("pk"), Blank("keys")))
    cases: list[list[Customer]] = [customers[:2], customers[1:], []]
    for some in cases:
        assert statement.read(keys=[customer.pk for customer in some]) == some


def test_what_is_not_told_is_no_value() -> None:
    statement = Written(Customer.objects.filter(name=Blank("name")))
    with pytest.raises(KeyError):
        statement.read(reference="C1")


def test_where_nothing_can_match_nothing_is_asked(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert Written(Customer.objects.filter(pk__in=[])).read() == []


def test_a_statement_is_written_once_for_a_question() -> None:
    asked = []

    def rows() -> QuerySet[Customer]:
        asked.append(1)
        return Customer.objects.all()

    assert written("everybody", rows) is written("everybody", rows)
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_every_thread_asks_through_its_own_connection() -> None:
    customer, found = CustomerFactory(), []
    statement = Written(Customer.objects.filter(pk=Blank("key")))

    def read() -> None:
        found.extend(statement.read(key=customer.pk))
        connection.close()

    thread = Thread(target=read)
    thread.start()
    thread.join()
    assert found == statement.read(key=customer.pk) == [customer]
