"""When a repeated task is due again: calendar arithmetic, without a clock or a database."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

DAYS = {"daily": 1, "weekly": 7}
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


def months_later(day: dt.date, months: int, aims_at: int) -> dt.date:
    """So many months later, on the day of the month aimed at or on the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(aims_at, monthrange(year, month + 1)[1]))


def next_due(due_on: dt.date, recurrence: str, *, aims_at: int, not_before: dt.date) -> dt.date:
    """The first day of the series behind `due_on` that is not already past on `not_before`.

    Counted from the day on which the task was due, not from the day on which somebody came round to it; whoever was
    away for a month is not given four weekly tasks to catch up with.
    """
    if recurrence in DAYS:
        step = DAYS[recurrence]
        behind = -((due_on - not_before).days // step)  # whole steps, rounded up
        return due_on + dt.timedelta(days=step * max(1, behind))
    step = MONTHS[recurrence]
    steps = 1
    while (day := months_later(due_on, step * steps, aims_at)) < not_before:
        steps += 1
    return day
