"""Two people merging at once, and rows that are added during a merge: real threads on real connections."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from customers.duplicates.merging import MergeRefused, merge_customers
from customers.models import Customer, Merge, Order
from customers.signals import customers_merged
from customers.tests.factories import CustomerFactory, OrderFactory, UserFactory


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Do these at the same time, each on a connection of its own; what each answered or raised."""
    answers: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int) -> None:
        start.wait()
        try:
            answers[place] = works[place]()
        except MergeRefused as refusal:
            answers[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_at_once_one_succeeds_and_the_other_is_told() -> None:
    staff = UserFactory()
    one, other = CustomerFactory(), CustomerFactory()
    OrderFactory(customer=one)
    OrderFactory(customer=other)
    answers = in_threads(
        lambda: merge_customers(kept=one, gone=other, fields={}, by=staff),
        lambda: merge_customers(kept=other, gone=one, fields={}, by=staff),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Merge", "MergeRefused"]
    assert Customer.objects.count() == Merge.objects.count() == 1
    assert Order.objects.filter(customer=Customer.objects.get()).count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_added_during_a_merge_is_not_lost() -> None:
    """Whoever adds to the customer that goes waits for the merge, and is refused rather than left hanging."""
    staff = UserFactory()
    kept, gone = CustomerFactory(), CustomerFactory()
    locked, added = threading.Event(), threading.Event()
    outcome: list[str] = []

    def hold(**kwargs: Any) -> None:
        locked.set()
        added.wait(0.5)

    def add_order() -> None:
        locked.wait(10)
        try:
            with transaction.atomic():
                OrderFactory(customer=gone)
            outcome.append("added")
        except IntegrityError:
            outcome.append("refused")
        finally:
            added.set()
            connection.close()

    thread = threading.Thread(target=add_order)
    thread.start()
    customers_merged.connect(hold)
    try:
        merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    finally:
        customers_merged.disconnect(hold)
        thread.join(30)
    assert outcome == ["refused"]
    assert not Order.objects.exists()
