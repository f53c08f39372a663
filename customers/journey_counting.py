"""Counting several periods of the customer journey at once: two statements over all contact moments, whatever they are.

Volume, minutes, moods and months of any period are sums of days. How many customers were reached and went on is asked
of all periods in one pass, sorted by customer; once more for periods in which other touchpoints were met, since what
comes next is told among the touchpoints that somebody met.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from customers.journey_reports import Count, Met, Period, bounds_of
from customers.models import Touchpoint

DAYS = f"""
    SELECT touchpoint_id, (occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date, count(*), sum(minutes),
           count(*) - count(minutes), count(sentiment), count(*) FILTER (WHERE sentiment > 0)
    FROM customers_contactmoment WHERE occurred_at >= %s AND occurred_at < %s
    GROUP BY 1, 2
"""
REACHED = """
    WITH used (touchpoint_id, place) AS (SELECT * FROM unnest(%(touchpoints)s::bigint[], %(places)s::int[])),
    met AS (
        SELECT customer_id, place, {ends}
        FROM customers_contactmoment moment JOIN used USING (touchpoint_id)
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


def count_periods(periods: Mapping[str, Period]) -> dict[str, list[Count]]:
    """What every touchpoint came to in each period, in the order of the journey (3 queries, most often)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")  # a row for each contact moment, sorted beside the disk
        days = _sums_of_days(periods)
        journey = list(Touchpoint.objects.filter(pk__in={key for key, _day in days}).order_by("position", "name", "id"))
        found = {name: _counts(journey, days, period) for name, period in periods.items()}
        for used, names in _by_touchpoints(found).items():
            _count_customers(used, {name: periods[name] for name in names}, found)
        cursor.execute("SET LOCAL work_mem = DEFAULT")
    return {name: [Count(**values) for values in counts] for name, counts in found.items()}


def _sums_of_days(periods: Mapping[str, Period]) -> dict[tuple[int, dt.date], Sums]:
    with connection.cursor() as cursor:
        cursor.execute(DAYS, _whole(periods))
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
    used: tuple[int, ...], periods: Mapping[str, Period], found: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Fill in how many customers each touchpoint reached and how many of them met the next one afterwards (1 query)."""
    start, end = _whole(periods)
    values: dict[str, Any] = {"touchpoints": list(used), "places": list(range(len(used))), "from": start, "to": end}
    bounds = [bounds_of(period) for period in periods.values()]
    ends = sorted({end for _start, end in bounds})
    values |= {f"start_{number}": start for number, (start, _end) in enumerate(bounds)}
    values |= {f"end_{number}": end for number, end in enumerate(ends)}
    with connection.cursor() as cursor:
        cursor.execute(_reached([ends.index(end) for _start, end in bounds]), values)
        for place, *counts in cursor.fetchall():
            for name, customers, went_on in zip(periods, counts[::2], counts[1::2], strict=True):
                found[name][place] |= {"customers": customers, "went_on": went_on}


def _reached(ends: Sequence[int]) -> str:
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
        ends=", ".join([*firsts, *lasts]),
        firsts=", ".join(f"first_{number}" for number in range(len(ends))),
        next_lasts=", ".join(f"lead(last_{end}) OVER journey AS next_last_{end}" for end in each_end),
        counts=", ".join(counts.format(number, end) for number, end in enumerate(ends)),
    )
