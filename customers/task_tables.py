"""The columns of the list of tasks."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models import Task

PRIORITY_TONES = {Task.Priority.LOW: "neutral", Task.Priority.NORMAL: "info", Task.Priority.HIGH: "danger"}


def due_note(task: Task, today: dt.date) -> str:
    """What matters about a task's day: that it has passed, that it is now, that the task comes back."""
    if task.done_at:
        return gettext("done")
    if task.due_on < today:
        return gettext("overdue")
    return gettext("today") if task.due_on == today else ""


def task_table(today: dt.date) -> Table:
    """The list of tasks, the most urgent first."""
    return Table(
        "tasks",
        _("Tasks"),
        (
            Column("title", _("Task"), "link", link="task"),
            Column("due_on", _("Due"), "date", sort=Sort("due_on"), note=lambda task: due_note(task, today)),
            Column("due_time", _("Time"), value=lambda task: task.due_time and f"{task.due_time:%H:%M}", default=False),
            Column(
                "customer",
                _("Customer"),
                "link",
                value=lambda task: task.customer and task.customer.full_name,
                link="customer",
                link_key="customer_id",
            ),
            Column(
                "priority",
                _("Priority"),
                "badge",
                choices=dict(Task.Priority.choices),
                sort=Sort("priority"),
                badge=lambda task: PRIORITY_TONES[task.priority],
            ),
            Column("owner", _("Responsible"), value=lambda task: str(task.owner)),
            Column("recurrence", _("Repeats"), choices=dict(Task.Recurrence.choices)),
            Column("remind_at", _("Reminder"), "datetime", default=False),
            Column("done_at", pgettext_lazy("column", "Done"), "datetime", default=False),
            Column("note", _("Note"), default=False),
        ),
        default_sort="due_on",
    )


# What the list reads, of all that is sorted before its first page is known.
LISTED = (
    *("title", "due_on", "due_time", "customer", "priority", "owner", "recurrence", "remind_at", "done_at", "note"),
    *("customer__name", "customer__given_name", "owner__first_name", "owner__last_name", "owner__username"),
)


def task_facts(task: Task) -> list[Fact]:
    """What was planned, as a definition list."""
    due = formatting.day(task.due_on) + (f", {task.due_time:%H:%M}" if task.due_time else "")
    customer_url = task.customer.get_absolute_url() if task.customer else ""
    facts = [
        Fact(gettext("Customer"), str(task.customer or ""), customer_url),
        Fact(gettext("Due"), due),
        Fact(gettext("Responsible"), str(task.owner)),
        Fact(gettext("Priority"), task.get_priority_display()),
        Fact(gettext("Repeats"), task.get_recurrence_display()),
    ]
    if task.remind_at:
        sent = gettext("The reminder was given.") if task.reminded_at else ""
        facts.append(Fact(gettext("Reminder"), formatting.moment(task.remind_at), hint=sent))
    if task.done_at:
        facts.append(Fact(gettext("Done"), formatting.moment(task.done_at)))
    return facts
