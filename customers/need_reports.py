"""What a customer needs of us just now, as the head of the file says it."""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection
from django.utils import timezone

from customers.models import ContactMoment, Customer, Scorecard, Task
from customers.today_reports import BIRTHDAYS_AHEAD, GOOD, SILENCE

LATELY = dt.timedelta(days=30)
# Each part is answered by an index on customer and time. As text, since every file asks this and Django takes longer to
# write such a statement than the database to answer it.
HEARD = """
    SELECT waiting.occurred_at, mood.sentiment, mood.occurred_at, EXISTS (
        SELECT FROM customers_contactmoment
        WHERE customer_id = %(customer)s AND occurred_at >= %(silence)s AND direction <> %(observed)s
    )
    FROM (SELECT %(customer)s AS id) AS customer
    LEFT JOIN LATERAL (
        SELECT occurred_at FROM customers_contactmoment
        WHERE customer_id = customer.id AND needs_reply ORDER BY occurred_at LIMIT 1
    ) AS waiting ON true
    LEFT JOIN LATERAL (
        SELECT sentiment, occurred_at FROM customers_contactmoment
        WHERE customer_id = customer.id AND sentiment IS NOT NULL AND occurred_at BETWEEN %(lately)s AND %(now)s
        ORDER BY occurred_at DESC, id DESC LIMIT 1
    ) AS mood ON true
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits for somebody; None or False where nothing does or where the reader may not know."""

    overdue: Task | None = None
    waiting_since: dt.datetime | None = None  # the oldest message without an answer
    unhappy_at: dt.datetime | None = None  # the last mood of the last weeks was a bad one
    birthday: dt.date | None = None  # within a week
    silent_since: dt.date | None = None  # the last order of a good customer who was not spoken with since


def needs_of(
    user: AbstractUser | AnonymousUser,
    customer: Customer,
    card: Scorecard | None,
    most_urgent: Task | None,
    *,
    at: dt.datetime,
) -> Needs:
    """What a customer needs, as far as this reader may know; the most urgent open task is given (1 query)."""
    today = timezone.localdate(at)
    birthday = next_birthday(customer.birth_date, today)
    near = birthday is not None and (birthday - today).days < BIRTHDAYS_AHEAD
    heard = _heard(user, customer, at)
    return Needs(
        overdue=most_urgent if most_urgent and most_urgent.due_on < today else None,
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
    values: dict[str, int | dt.datetime | str] = {
        "customer": customer.pk,
        "silence": at - SILENCE,
        "lately": at - LATELY,
        "now": at,
        "observed": ContactMoment.Direction.OBSERVED.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(HEARD, values)
        return _Heard(*cursor.fetchone())


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
