"""What pages read about tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils import timezone

from customers.models import Customer, Task
from customers.permissions import VIEW_TASKS

MOST_OPEN = 8
# As text, since every file asks this and Django takes longer to write it than the database to answer.
OPEN_TASKS = """
    SELECT * FROM customers_task WHERE customer_id = %s AND done_at IS NULL
    ORDER BY due_on, priority DESC, id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class TaskPanel:
    """The open tasks in a customer's file."""

    tasks: Sequence[Task]
    more: bool  # there are others
    today: dt.date
    now: dt.datetime
    here: str  # the page that they stand on


def task_panel(user: AbstractUser | AnonymousUser, customer: Customer, now: dt.datetime) -> TaskPanel:
    """The most urgent open tasks of a customer whom this person may see: then all tasks about them are to be seen."""
    may = user.has_perm(VIEW_TASKS)
    tasks = list(Task.objects.raw(OPEN_TASKS, [customer.pk, MOST_OPEN + 1])) if may else []
    for task in tasks:
        task.customer = customer  # known already
    here = customer.get_absolute_url() + "#tasks"
    return TaskPanel(tasks[:MOST_OPEN], len(tasks) > MOST_OPEN, timezone.localdate(now), now, here)
