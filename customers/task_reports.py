"""What pages read about tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils import timezone

from customers.models import Customer, Task

MOST_OPEN = 8


@dataclass(frozen=True, slots=True)
class TaskPanel:
    """The open tasks in a customer's file."""

    tasks: Sequence[Task]
    more: bool  # there are others
    today: dt.date
    now: dt.datetime
    here: str  # the page that they stand on


def task_panel(user: AbstractUser | AnonymousUser, customer: Customer, now: dt.datetime) -> TaskPanel:
    """The most urgent open tasks of a customer (1 query)."""
    tasks = list(Task.objects.visible_to(user).open().filter(customer=customer).most_urgent_first()[: MOST_OPEN + 1])
    here = customer.get_absolute_url() + "#tasks"
    return TaskPanel(tasks[:MOST_OPEN], len(tasks) > MOST_OPEN, timezone.localdate(now), now, here)
