"""What changes tasks: the same for pages and the clock."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm_site.lib import formatting
from crm_site.lib.accounts.models import User
from crm_site.lib.addresses import public_address
from customers.models import CalendarFeed, Task
from customers.models.task import new_nonce
from customers.recurrence import MONTHS, next_due

log = logging.getLogger(__name__)

MOST_REMINDERS = 500


@transaction.atomic
def add_task(*, created_by: User, fields: Mapping[str, Any]) -> Task:
    """A new task; without somebody responsible it is for whoever enters it."""
    task = Task(**{"owner": created_by, "created_by": created_by, **fields})
    task.aims_at_day = task.due_on.day if task.recurrence in MONTHS else None
    task.save()
    return task


@transaction.atomic
def change_task(*, task_id: int, changes: Mapping[str, Any]) -> Task:
    """Write what was edited. A reminder that was moved is given again, a new due day is what repetitions aim at."""
    task = Task.objects.select_for_update().get(pk=task_id)
    before = task.remind_at, task.due_on, task.recurrence
    for name, value in changes.items():
        setattr(task, name, value)
    if task.remind_at != before[0]:
        task.reminded_at = None
    if (task.due_on, task.recurrence) != before[1:]:
        task.aims_at_day = task.due_on.day if task.recurrence in MONTHS else None
    task.save()
    return task


@transaction.atomic
def complete_task(*, task_id: int, at: dt.datetime) -> Task | None:
    """Note that a task is done; the task that repeats it, if it does. Doing it twice changes nothing more."""
    task = Task.objects.select_for_update().get(pk=task_id)
    if task.done_at:
        return None
    task.done_at = at
    task.save(update_fields=["done_at"])
    if not task.recurrence or Task.objects.filter(follows=task).exists():
        return None
    return _repeat(task, timezone.localdate(at))


def _repeat(task: Task, today: dt.date) -> Task:
    """The next task of the series, with its reminder as long before it as this one's."""
    aims_at = task.aims_at_day or task.due_on.day
    due_on = next_due(task.due_on, task.recurrence, aims_at=aims_at, not_before=today)
    return Task.objects.create(
        title=task.title,
        customer_id=task.customer_id,
        owner_id=task.owner_id,
        due_on=due_on,
        due_time=task.due_time,
        priority=task.priority,
        recurrence=task.recurrence,
        remind_at=task.remind_at and _moved(task.remind_at, due_on - task.due_on),
        note=task.note,
        created_by_id=task.created_by_id,
        follows=task,
        aims_at_day=aims_at if task.recurrence in MONTHS else None,
    )


def _moved(moment: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """The same time of day that much later, also across a change of the clocks."""
    return timezone.make_aware(timezone.localtime(moment).replace(tzinfo=None) + by)


@transaction.atomic
def reopen_task(*, task_id: int) -> Task:
    """Take back that a task is done, and with it the task that repeats it unless somebody has done that one already."""
    task = Task.objects.select_for_update().get(pk=task_id)
    if task.done_at:
        task.done_at = None
        task.save(update_fields=["done_at"])
        Task.objects.filter(follows=task, done_at=None).delete()
    return task


# --- Reminders --------------------------------------------------------------------------------------------------------


def send_due_reminders(*, at: dt.datetime) -> int:
    """Send one e-mail for each reminder that is due; how many were sent.

    Each is claimed by a conditional update before it is sent, so that two workers never send the same. What the mail
    server refuses is given back for the next round.
    """
    due = Task.objects.open().filter(remind_at__lte=at, reminded_at=None).order_by("remind_at")
    tasks = due.filter(owner__is_active=True).select_related("owner", "customer")[:MOST_REMINDERS]
    return sum(_remind(task, at) for task in tasks)


def _remind(task: Task, at: dt.datetime) -> bool:
    claimed = Task.objects.open().filter(pk=task.pk, reminded_at=None, remind_at__lte=at).update(reminded_at=at)
    if not claimed or not task.owner.email:
        return False
    try:
        send_mail(*reminder_text(task), None, [task.owner.email])
    except (SMTPException, OSError) as error:
        log.warning("The reminder of task %s could not be sent: %s", task.pk, error)
        Task.objects.filter(pk=task.pk, reminded_at=at).update(reminded_at=None)
        return False
    return True


def reminder_text(task: Task) -> tuple[str, str]:
    """Subject and text of a reminder, in the language of whoever has it to do."""
    with override(task.owner.reading_language):
        # A title is one line in a header, whatever was pasted into it.
        title = " ".join(task.title.split())
        lines = [title, _("Due on %(day)s") % {"day": formatting.day(task.due_on)}]
        if task.customer:
            lines.append(_("Customer: %(customer)s") % {"customer": task.customer})
        if task.note:
            lines += ["", task.note]
        lines += _links(task)
        return _("Reminder: %(title)s") % {"title": title}, "\n".join(lines) + "\n"


def _links(task: Task) -> list[str]:
    """Where the task and its customer's file are found; nothing where no address is known."""
    pages = {_("The task"): task, _("The customer's file"): task.customer}
    found = {label: public_address(thing.get_absolute_url()) for label, thing in pages.items() if thing}
    links = [_("%(what)s: %(address)s") % {"what": label, "address": url} for label, url in found.items() if url]
    return ["", *links] if links else []


# --- Calendar ---------------------------------------------------------------------------------------------------------


def renew_calendar(*, owner: User) -> CalendarFeed:
    """Give somebody's calendar a new address; whoever has the old one reads nothing any more."""
    return CalendarFeed.objects.update_or_create(owner=owner, defaults={"nonce": new_nonce()})[0]
