"""Somebody's open tasks as a calendar file, at an address that only they know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.core.signing import BadSignature, Signer
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from customers.models import CalendarFeed, Task
from customers.models.task import TaskQuerySet

LENGTH = dt.timedelta(minutes=30)
MOST_EVENTS = 1000
OLDEST = dt.timedelta(days=90)

_signer = Signer(sep=".", salt="customers.calendar")


def token_of(feed: CalendarFeed) -> str:
    """The secret part of the calendar's address: its nonce, signed for this purpose."""
    return _signer.sign(feed.nonce)


def feed_at(token: str) -> CalendarFeed | None:
    """The calendar whose present address holds this token (1 query; none where the signature is wrong)."""
    try:
        nonce = _signer.unsign(token)
    except BadSignature:
        return None
    return CalendarFeed.objects.select_related("owner").filter(nonce=nonce, owner__is_active=True).first()


def tasks_of(feed: CalendarFeed, today: dt.date) -> TaskQuerySet:
    """What its owner has still to do, from a season ago on."""
    tasks = Task.objects.visible_to(feed.owner).open().filter(owner=feed.owner, due_on__gte=today - OLDEST)
    return tasks.select_related("customer").order_by("due_on", "pk")[:MOST_EVENTS]


def written(tasks: Iterable[Task], at: dt.datetime) -> bytes:
    """The tasks as events: calendars show those everywhere, tasks hardly anywhere. Title and customer, nothing else."""
    calendar = Calendar()
    calendar.add("prodid", "-//Compagnon//Tasks//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Tasks in Compagnon"))
    for task in tasks:
        calendar.add_component(_event(task, at))
    return calendar.to_ical()


def _event(task: Task, at: dt.datetime) -> Event:
    event = Event()
    event.add("uid", f"task-{task.pk}@compagnon")
    event.add("dtstamp", at.astimezone(dt.UTC))
    event.add("summary", f"{task.title} · {task.customer}" if task.customer else task.title)
    if task.due_time is None:
        event.add("dtstart", task.due_on)
        event.add("dtend", task.due_on + dt.timedelta(days=1))
    else:
        start = timezone.make_aware(dt.datetime.combine(task.due_on, task.due_time)).astimezone(dt.UTC)
        event.add("dtstart", start)
        event.add("dtend", start + LENGTH)
    event.add("transp", "TRANSPARENT")
    return event
