"""What changes contact moments: the same for pages and messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm_site.lib.accounts.models import User
from customers.models import Channel, ContactMoment, Customer, Touchpoint
from customers.task_actions import add_task

LAST = 999  # behind all touchpoints of the journey


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is to be done after a contact moment, and by when."""

    title: str
    due_on: dt.date


@transaction.atomic
def log_moment(
    *, customer: Customer, employee: User, fields: Mapping[str, Any], follow_up: FollowUp | None = None
) -> ContactMoment:
    """Note a contact moment in a customer's file; without a duration the touchpoint's standard minutes count.

    Whoever spoke with the customer has answered what waited for a reply until then.
    """
    moment = ContactMoment.objects.create(customer=customer, employee=employee, **fields)
    if moment.direction == ContactMoment.Direction.OUTBOUND and moment.result != ContactMoment.Result.NOT_REACHED:
        answer_waiting(customer_id=customer.pk, until=moment.occurred_at)
    if follow_up:
        task = {"title": follow_up.title, "due_on": follow_up.due_on, "customer": customer, "note": moment.summary}
        add_task(created_by=employee, fields=task)
    return moment


def answer_waiting(*, customer_id: int, until: dt.datetime) -> int:
    """What waited for a reply until this moment has got one; how many messages that were (1 query)."""
    waiting = ContactMoment.objects.filter(customer=customer_id, needs_reply=True, occurred_at__lte=until)
    return waiting.update(needs_reply=False)


def settle_moment(*, moment_id: int) -> bool:
    """Nobody needs to reply any more; False when nobody needed to."""
    return bool(ContactMoment.objects.filter(pk=moment_id, needs_reply=True).update(needs_reply=False))


def handled_touchpoint(channel: str) -> Touchpoint | None:
    """Where people speak with customers in a channel: the first touchpoint with standard minutes, else the first.

    Newsletters and the like come in the same channel, but take nobody's time.
    """
    found = Touchpoint.objects.filter(channel=channel).order_by("position", "name")
    return found.filter(standard_minutes__gt=0).first() or found.first()


def note_touchpoint() -> Touchpoint:
    """The touchpoint of notes that belong to no contact, made with the first of them (1 query, 3 to make it)."""
    defaults = {"channel": Channel.SERVICE, "position": LAST}
    return Touchpoint.objects.get_or_create(name="Note", defaults=defaults)[0]
