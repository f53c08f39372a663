"""Counting the customer journey: of all contact moments in several periods at once, or of some moments.

Volume, minutes, moods and months of any period are sums of days. How many customers were reached and went on is asked
of all periods in one pass, sorted by customer; once more for periods in which other touchpoints were met, since what
comes next is told among the touchpoints that somebody met.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.utils import timezone

from customers.models import Touchpoint
from customers.models.moment import ContactMomentQuerySet

DAYS = f"""
    SELECT touchpoint_id, (occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date, count(*), sum(minutes),
           count(*) - count(minutes), count(sentiment), count(*) FILTER (WHERE sentiment > 0)
    FROM {{moments}} moment WHERE occurred_at >= %(from)s AND occurred_at < %(to)s
    GROUP BY 1, 2
"""
REACHED = """
    WITH used (touchpoint_id, place) AS (SELECT * FROM unnest(%(touchpoints)s::bigint[], %(places)s::int[])),
    met AS (
        SELECT customer_id, place, {ends}
        FROM {moments} moment JOIN used USING (touchpoint_id)
        WHERE occurred_at >= %(from)s AND occurred_at < %(to)s
        GROUP BY customer_id, place
    ),
    onwards AS (
        SELECT place, {firsts}, lead(place) OVER journey AS next_place, {next_lasts}
        FROM met WINDOW journey AS (PARTITION BY customer_id ORDER BY place)
    )
    SELECT place, {counts} FROM onwards GROUP BY place
"""


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, the first and the last included."""

    since: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class Met:
    """What one month of a touchpoint came to; minutes are None where neither moments nor the touchpoint tell any."""

    month: dt.date
    moments: int
    minutes: Decimal | None


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted of one touchpoint, which is named by its key."""

    touchpoint: int
    following: int | None
    moments: int
    minutes: Decimal | None
    customers: int
    went_on: int
    moods: int
    happy: int
    months: tuple[Met, ...]


@dataclass(frozen=True)
class Source:
    """The contact moments that are counted, as they stand behind FROM, with the values of that statement."""

    sql: str = "customers_contactmoment"
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sums:
    """What contact moments come to together."""

    moments: int = 0
    noted: Decimal | None = None  # minutes; None where none were noted
    unnoted: int = 0  # moments without minutes
    moods: int = 0
    happy: int = 0

    def __add__(self, other: Sums) -> Sums:
        noted = [part for part in (self.noted, other.noted) if part is not None]
        return Sums(
            self.moments + other.moments,
            sum(noted, Decimal()) if noted else None,
            self.unnoted + other.unnoted,
            self.moods + other.moods,
            self.happy + other.happy,
        )

    def minutes(self, standard: Decimal | None) -> Decimal | None:
        """The minutes with the standard of the touchpoint where none were noted; None where neither is known."""
        if standard is None or not self.unnoted:
            return self.noted
        return (self.noted or Decimal()) + self.unnoted * standard


ALWAYS = Period(dt.date(1900, 1, 1), dt.date(9998, 12, 30))


def count_moments(moments: ContactMomentQuerySet, *, seconds: float = 0) -> list[Count]:
    """What these moments come to at each touchpoint (3 queries, each given up after so many seconds unless 0)."""
    columns = moments.order_by().values("customer_id", "touchpoint_id", "occurred_at", "minutes", "sentiment")
    try:
        sql, values = columns.query.sql_with_params()
    except EmptyResultSet:  # nobody can match, and Django will not even write the query
        return []
    number = itertools.count()
    named = re.sub("%s", lambda _match: f"%(moment_{next(number)})s", sql)
    source = Source(f"({named})", {f"moment_{place}": value for place, value in enumerate(values)})
    return count_periods({"": ALWAYS}, among=source, seconds=seconds)[""]


def count_periods(
    periods: Mapping[str, Period], *, among: Source | None = None, seconds: float = 0
) -> dict[str, list[Count]]:
    """What every touchpoint came to in each period, in the order of the journey (3 queries, most often)."""
    source = among or Source()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        cursor.execute("SET LOCAL work_mem = '256MB'")  # a row for each contact moment, sorted beside the disk
        days = _sums_of_days(periods, source)
        journey = list(Touchpoint.objects.filter(pk__in={key for key, _day in days}).order_by("position", "name", "id"))
        found = {name: _counts(journey, days, period) for name, period in periods.items()}
        for used, names in _by_touchpoints(found).items():
            _count_customers(used, {name: periods[name] for name in names}, found, source)
        cursor.execute("SET LOCAL work_mem = DEFAULT")
        cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    return {name: [Count(**values) for values in counts] for name, counts in found.items()}


def _sums_of_days(periods: Mapping[str, Period], source: Source) -> dict[tuple[int, dt.date], Sums]:
    start, end = _whole(periods)
    with connection.cursor() as cursor:
        cursor.execute(DAYS.format(moments=source.sql), {"from": start, "to": end, **source.values})
        return {(touchpoint, day): Sums(*sums) for touchpoint, day, *sums in cursor.fetchall()}


def _whole(periods: Mapping[str, Period]) -> tuple[dt.datetime, dt.datetime]:
    """From the first moment of the earliest period to the last of the latest."""
    ends = [bounds_of(period) for period in periods.values()]
    return min(start for start, _end in ends), max(end for _start, end in ends)


def _counts(
    journey: Sequence[Touchpoint], days: Mapping[tuple[int, dt.date], Sums], period: Period
) -> list[dict[str, Any]]:
    """The counts of a period but for its customers."""
    months: dict[int, dict[dt.date, Sums]] = defaultdict(lambda: defaultdict(Sums))
    for (touchpoint, day), sums in sorted(days.items(), key=lambda each: each[0]):
        if period.since <= day <= period.until:
            months[touchpoint][day.replace(day=1)] += sums
    used = [touchpoint for touchpoint in journey if touchpoint.pk in months]
    following = [touchpoint.pk for touchpoint in used[1:]]
    return (
        [
            _count(touchpoint, months[touchpoint.pk], next_key)
            for touchpoint, next_key in zip(used, [*following, None], strict=True)
        ]
        if used
        else []
    )


def _count(touchpoint: Touchpoint, months: Mapping[dt.date, Sums], following: int | None) -> dict[str, Any]:
    whole, standard = sum(months.values(), Sums()), touchpoint.standard_minutes
    return {
        "touchpoint": touchpoint.pk,
        "following": following,
        "moments": whole.moments,
        "minutes": whole.minutes(standard),
        "customers": 0,
        "went_on": 0,
        "moods": whole.moods,
        "happy": whole.happy,
        "months": tuple(Met(month, sums.moments, sums.minutes(standard)) for month, sums in months.items()),
    }


def _by_touchpoints(found: Mapping[str, list[dict[str, Any]]]) -> dict[tuple[int, ...], list[str]]:
    """The periods by the touchpoints that were met in them, in their order."""
    names: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, counts in found.items():
        if counts:
            names[tuple(count["touchpoint"] for count in counts)].append(name)
    return names


def _count_customers(
    used: tuple[int, ...],
    periods: Mapping[str, Period],
    found: Mapping[str, list[dict[str, Any]]],
    source: Source,
) -> None:
    """Fill in how many customers each touchpoint reached and how many of them met the next one afterwards (1 query)."""
    start, end = _whole(periods)
    values: dict[str, Any] = {"touchpoints": list(used), "places": list(range(len(used))), "from": start, "to": end}
    bounds = [bounds_of(period) for period in periods.values()]
    ends = sorted({end for _start, end in bounds})
    values |= {f"start_{number}": start for number, (start, _end) in enumerate(bounds)}
    values |= {f"end_{number}": end for number, end in enumerate(ends)}
    with connection.cursor() as cursor:
        cursor.execute(_reached([ends.index(end) for _start, end in bounds], source), {**values, **source.values})
        for place, *counts in cursor.fetchall():
            for name, customers, went_on in zip(periods, counts[::2], counts[1::2], strict=True):
                found[name][place] |= {"customers": customers, "went_on": went_on}


def _reached(ends: Sequence[int], source: Source) -> str:
    """The statement for periods that end at these places among the ends there are.

    Whoever met the next touchpoint between the first time of this one and the end met it within the period, so the last
    times need no beginning, and periods with the same end share them.
    """
    before = "occurred_at < %(end_{end})s"
    within = f"occurred_at >= %(start_{{number}})s AND {before}"
    firsts = [
        f"min(occurred_at) FILTER (WHERE {within.format(number=number, end=end)}) AS first_{number}"
        for number, end in enumerate(ends)
    ]
    each_end = sorted(set(ends))
    lasts = [f"max(occurred_at) FILTER (WHERE {before.format(end=end)}) AS last_{end}" for end in each_end]
    counts = "count(first_{0}), count(*) FILTER (WHERE next_place = place + 1 AND next_last_{1} >= first_{0})"
    return REACHED.format(
        moments=source.sql,
        ends=", ".join([*firsts, *lasts]),
        firsts=", ".join(f"first_{number}" for number in range(len(ends))),
        next_lasts=", ".join(f"lead(last_{end}) OVER journey AS next_last_{end}" for end in each_end),
        counts=", ".join(counts.format(number, end) for number, end in enumerate(ends)),
    )


def bounds_of(period: Period) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a period and the first after it, in the time of the company."""
    days = (period.since, period.until + dt.timedelta(days=1))
    start, end = (timezone.make_aware(dt.datetime.combine(day, dt.time.min)) for day in days)
    return start, end
