"""What a customer needs of us just now, as the head of the file says it."""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from customers.models import ContactMoment, Customer, Scorecard, Task
from customers.today_reports import BIRTHDAYS_AHEAD, GOOD, SILENCE

LATELY = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits for somebody; None or False where nothing does or where the reader may not know."""

    overdue: Task | None = None
    waiting_since: dt.datetime | None = None  # the oldest message without an answer
    unhappy_at: dt.datetime | None = None  # the last mood of the last weeks was a bad one
    birthday: dt.date | None = None  # within a week
    silent_since: dt.date | None = None  # the last order of a good customer who was not spoken with since


def needs_of(
    user: AbstractUser | AnonymousUser, customer: Customer, card: Scorecard | None, *, at: dt.datetime
) -> Needs:
    """What a customer needs, as far as this reader may know (at most 2 queries, each by an index)."""
    today = timezone.localdate(at)
    birthday = next_birthday(customer.birth_date, today)
    near = birthday is not None and (birthday - today).days < BIRTHDAYS_AHEAD
    heard = _heard(user, customer, at)
    return Needs(
        overdue=Task.objects.visible_to(user).overdue(today).filter(customer=customer).most_urgent_first().first(),
        waiting_since=heard.waiting_since,
        unhappy_at=heard.mood_at if heard.mood == ContactMoment.Sentiment.UNHAPPY else None,
        birthday=birthday if near else None,
        silent_since=None if heard.spoken is not False else _last_order_long_ago(card, today),
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the contact moments tell; `spoken` is None for a reader who may not see them."""

    waiting_since: dt.datetime | None = None
    mood: int | None = None
    mood_at: dt.datetime | None = None
    spoken: bool | None = None


def _heard(user: AbstractUser | AnonymousUser, customer: Customer, at: dt.datetime) -> _Heard:
    if not user.has_perm("customers.view_contactmoment"):
        return _Heard()
    moments = ContactMoment.objects.filter(customer=OuterRef("pk"))
    waiting = moments.filter(needs_reply=True).order_by("occurred_at")
    moods = moments.filter(sentiment__isnull=False, occurred_at__gte=at - LATELY, occurred_at__lte=at).latest_first()
    spoken = moments.filter(occurred_at__gte=at - SILENCE).exclude(direction=ContactMoment.Direction.OBSERVED)
    found = Customer.objects.filter(pk=customer.pk).values_list(
        Subquery(waiting.values("occurred_at")[:1]),
        Subquery(moods.values("sentiment")[:1]),
        Subquery(moods.values("occurred_at")[:1]),
        Exists(spoken),
    )
    return _Heard(*found.get())


def _last_order_long_ago(card: Scorecard | None, today: dt.date) -> dt.date | None:
    if card is None or card.category not in GOOD or card.last_order_on is None:
        return None
    return card.last_order_on if card.last_order_on < today - SILENCE else None


def next_birthday(born: dt.date | None, today: dt.date) -> dt.date | None:
    """The day on which somebody has their next birthday; whoever was born on 29 February has it on the 28th too."""
    if born is None:
        return None
    this_year = _birthday_in(born, today.year)
    return this_year if this_year >= today else _birthday_in(born, today.year + 1)


def _birthday_in(born: dt.date, year: int) -> dt.date:
    leap_day = (born.month, born.day) == (2, 29) and not isleap(year)
    return dt.date(year, 2, 28) if leap_day else born.replace(year=year)
