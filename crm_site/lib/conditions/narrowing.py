"""What conditions do to a query: one function for each way in which a value is kept.

A comparison with an unknown value is never true, except that what is unknown is also not equal to anything: whoever
asks for customers whose owner is not Ann wants those of nobody too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, CharField, DecimalField, Expression, Q, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, ExtractDay, ExtractMonth
from django.db.models.lookups import In, Regex
from django.utils import timezone

from crm_site.lib.conditions.fields import Narrow

DAY = dt.timedelta(days=1)
# Values of fields whose kind was changed stay as they were; only what reads as a number or a day is compared as one.
NUMBER = r"^-?[0-9]{1,20}([.][0-9]{1,10})?$"
ISO_DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def texts(path: str) -> Narrow:
    """A text column, in small or capital letters; empty where it is ''."""

    def narrow(operator: str, values: Sequence[str], _today: dt.date) -> Q:
        match operator:
            case "is" | "in":
                return _any(Q(**{f"{path}__iexact": value}) for value in values)
            case "not" | "out":
                return ~_any(Q(**{f"{path}__iexact": value}) for value in values)
            case "contains":
                return Q(**{f"{path}__icontains": values[0]})
            case "lacks":
                return ~Q(**{f"{path}__icontains": values[0]})
            case "starts":
                return Q(**{f"{path}__istartswith": values[0]})
            case "empty":
                return Q(**{path: ""})
            case _:
                return ~Q(**{path: ""})

    return narrow


def codes(path: str) -> Narrow:
    """A text column that holds one of a few words; empty where it is ''."""
    return _compared(path, Q(**{path: ""}))


def values(path: str) -> Narrow:
    """A column of numbers, days or keys; empty where it is NULL."""
    return _compared(path, Q(**{f"{path}__isnull": True}))


def _compared(path: str, empty: Q) -> Narrow:
    def narrow(operator: str, given: Sequence[Any], today: dt.date) -> Q:
        match operator:
            case "is" | "in":
                return Q(**{f"{path}__in": list(given)}) if len(given) > 1 else Q(**{path: given[0]})
            case "not" | "out":
                return empty | ~Q(**{f"{path}__in": list(given)})
            case "empty":
                return empty
            case "known":
                return ~empty
            case "least":
                return Q(**{f"{path}__gte": given[0]})
            case "most":
                return Q(**{f"{path}__lte": given[0]})
            case "between" if not isinstance(given[0], dt.date):
                return Q(**{f"{path}__gte": given[0], f"{path}__lte": given[1]})
            case _:
                return _within(path, span(operator, given, today))

    return narrow


def scaled(path: str, factor: Callable[[], Decimal]) -> Narrow:
    """Values that are asked in another measure than they are kept in."""
    plain = values(path)

    def narrow(operator: str, given: Sequence[Decimal], today: dt.date) -> Q:
        if operator in {"empty", "known"}:
            return plain(operator, (), today)
        return plain(operator, [float(value * factor()) for value in given], today)

    return narrow


# --- Days -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the one before `end`; open where None."""

    start: dt.date | None = None
    end: dt.date | None = None


def span(operator: str, given: Sequence[Any], today: dt.date) -> Span:
    """Which days an operator means; days before the calendar begins or after it ends are no limit."""
    match operator:
        case "is":
            return Span(given[0], _later(given[0], 1))
        case "between":
            return Span(given[0], _later(given[1], 1))
        case "before":
            return Span(None, given[0])
        case "after":
            return Span(_later(given[0], 1), None)
        case "last":
            return Span(today - dt.timedelta(days=given[0] - 1), today + DAY)
        case "next":
            return Span(today, today + dt.timedelta(days=given[0]))
        case "ago":
            return Span(None, today - dt.timedelta(days=given[0] - 1))
        case _:
            raise ValueError(operator)


def _later(day: dt.date, days: int) -> dt.date:
    return day if day == dt.date.max else day + dt.timedelta(days=days)


def _within(path: str, days: Span) -> Q:
    limits = {f"{path}__gte": days.start, f"{path}__lt": days.end}
    return Q(**{name: limit for name, limit in limits.items() if limit is not None})


def moments(path: str) -> Narrow:
    """A column of moments, asked for by days as the company counts them."""
    plain = values(path)

    def narrow(operator: str, given: Sequence[Any], today: dt.date) -> Q:
        if operator in {"empty", "known"}:
            return plain(operator, given, today)
        days = span(operator, given, today)
        return _within(path, Span(midnight(days.start), midnight(days.end)))

    return narrow


def midnight(day: dt.date | None) -> dt.datetime | None:
    """When a day begins where the company is."""
    return None if day is None else timezone.make_aware(dt.datetime.combine(day, dt.time()))


def birthdays(path: str) -> Narrow:
    """Birthdays to come, by the day of birth; on 28 February in common years for whoever was born on the 29th."""

    def narrow(_operator: str, given: Sequence[int], today: dt.date) -> Q:
        numbers = birthdays_from(today, given[0])
        day_of_year = ExtractMonth(path) * 100 + ExtractDay(path)
        return Q(**{f"{path}__isnull": False}) & Q(In(day_of_year, numbers))

    return narrow


def birthdays_from(today: dt.date, days: int) -> list[int]:
    """Month and day, as 1231, of all whose birthday is within so many days from today on."""
    ahead = [today + dt.timedelta(days=n) for n in range(min(days, 366))]
    numbers = {day.month * 100 + day.day for day in ahead}
    if any((day.month, day.day) == (2, 28) and (day + DAY).month == 3 for day in ahead):
        numbers.add(229)
    return sorted(numbers)


# --- Values in a JSON column ------------------------------------------------------------------------------------------


def json_codes(column: str, key: str, alias: str) -> Narrow:
    """One of a few values beneath a key of a JSON object, which an index on the objects that are not empty finds."""
    plain = codes(alias)

    def narrow(operator: str, given: Sequence[Any], today: dt.date) -> Q:
        if operator in {"empty", "known"}:
            return plain(operator, given, today)
        found = _any(Q(**{f"{column}__contains": {key: value}}) for value in given) & ~Q(**{column: {}})
        return ~found if operator in {"not", "out"} else found

    return narrow


def json_text(column: str, key: str) -> Expression:
    """What stands beneath a key, as text; '' where nothing does."""
    return Coalesce(KeyTextTransform(key, column), Value(""), output_field=CharField())


def json_number(column: str, key: str) -> Expression:
    """The number that stands as text beneath a key; NULL where none does."""
    text = KeyTextTransform(key, column)
    number = DecimalField(max_digits=40, decimal_places=10)
    return Case(When(Regex(text, NUMBER), then=Cast(text, number)), default=None, output_field=number)


def json_day(column: str, key: str) -> Expression:
    """The day that stands beneath a key as text, which orders like the days themselves; NULL where none does."""
    text = KeyTextTransform(key, column)
    return Case(When(Regex(text, ISO_DAY), then=text), default=None, output_field=CharField())


def _any(parts: Iterable[Q]) -> Q:
    return reduce(or_, parts)
