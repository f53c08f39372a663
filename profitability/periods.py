"""Periods of the calendar that figures are asked for, as they stand in an address. Pure: no Django, no clock.

A period is everything (""), the last twelve months ("12m"), those before them ("before-12m"), a year ("2026"), a
quarter ("2026-q3") or a month ("2026-07"). Its edges are first days of months, since figures are kept by month.
"""

import datetime as dt
import re
from dataclasses import dataclass
from enum import Enum

LIFETIME_CODE, RECENT_CODE, BEFORE_RECENT_CODE = "", "12m", "before-12m"
CODE = re.compile(r"(?P<year>\d{4})(?:-(?:q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII)


class Length(Enum):
    """The kinds of periods, by their months."""

    LIFETIME = 0
    RECENT = -12
    YEAR = 12
    QUARTER = 3
    MONTH = 1


@dataclass(frozen=True, slots=True)
class Period:
    """Months that figures are added up over; `since` and `until` are None for everything there is."""

    code: str
    length: Length
    since: dt.date | None = None  # first and last month, by their first days
    until: dt.date | None = None

    @property
    def is_lifetime(self) -> bool:
        return self.since is None

    @property
    def months(self) -> int:
        """How many months the period has; 0 for everything."""
        if self.since is None or self.until is None:
            return 0
        return month_index(self.until) - month_index(self.since) + 1

    @property
    def last_day(self) -> dt.date | None:
        """The last day of the last month."""
        return None if self.until is None else month_at(month_index(self.until) + 1) - dt.timedelta(days=1)


LIFETIME = Period(LIFETIME_CODE, Length.LIFETIME)


def month_index(day: dt.date) -> int:
    """The number of a day's month, counted from year 0."""
    return day.year * 12 + day.month - 1


def month_at(index: int) -> dt.date:
    """The first day of a month by its number."""
    return dt.date(index // 12, index % 12 + 1, 1)


def month_of(day: dt.date) -> Period:
    return Period(f"{day:%Y-%m}", Length.MONTH, day.replace(day=1), day.replace(day=1))


def quarter_of(day: dt.date) -> Period:
    quarter = (day.month - 1) // 3
    first = day.year * 12 + quarter * 3
    return Period(f"{day.year:04d}-q{quarter + 1}", Length.QUARTER, month_at(first), month_at(first + 2))


def year_of(day: dt.date) -> Period:
    return Period(f"{day.year:04d}", Length.YEAR, dt.date(day.year, 1, 1), dt.date(day.year, 12, 1))


def recent(as_of: dt.date) -> Period:
    """The twelve months up to that of a day."""
    last = month_index(as_of)
    return Period(RECENT_CODE, Length.RECENT, month_at(last - 11), month_at(last))


def period_named(code: str, *, as_of: dt.date) -> Period | None:
    """The period of this code; None when there is no such code."""
    if code == LIFETIME_CODE:
        return LIFETIME
    if code == RECENT_CODE:
        return recent(as_of)
    if code == BEFORE_RECENT_CODE:
        return period_before(recent(as_of))
    found = CODE.fullmatch(code)
    if found is None or not 1900 <= int(found["year"]) <= 9998:
        return None
    year = int(found["year"])
    if found["quarter"]:
        return quarter_of(dt.date(year, int(found["quarter"]) * 3, 1))
    return month_of(dt.date(year, int(found["month"]), 1)) if found["month"] else year_of(dt.date(year, 1, 1))


def period_before(period: Period) -> Period | None:
    """As many months as the period has, just before it; None before everything."""
    if period.since is None or period.until is None:
        return None
    day = month_at(month_index(period.since) - 1)
    match period.length:
        case Length.MONTH:
            return month_of(day)
        case Length.QUARTER:
            return quarter_of(day)
        case Length.YEAR:
            return year_of(day)
    if period.code != RECENT_CODE:
        return None
    return Period(BEFORE_RECENT_CODE, period.length, month_at(month_index(period.since) - period.months), day)


def periods_between(first: dt.date, last: dt.date, length: Length) -> list[Period]:
    """The months, quarters or years that hold any month from the first to the last, the latest first."""
    make = {Length.MONTH: month_of, Length.QUARTER: quarter_of, Length.YEAR: year_of}[length]
    months = range(month_index(last), month_index(first) - 1, -1)
    return list(dict.fromkeys(make(month_at(index)) for index in months))
