"""What customers met along their journey: volume and time, by months too, and where they drop out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg2.errors import QueryCanceled

from customers.forms import members_of
from customers.models import JourneyStep, Run, Segment, Touchpoint
from customers.models.moment import ContactMomentQuerySet

# Longer than this nobody waits for a page; a shorter period is then the way.
LONGEST_SECONDS = 20
# So many contact moments are counted while the page is made; of more, the last count of the usual periods is shown.
COUNTED_AT_ONCE = 20_000

STAGES = """
    WITH moment AS ({moments}),
    met AS MATERIALIZED (
        SELECT customer_id, touchpoint_id, count(*) AS moments, sum(minutes) AS noted,
               count(*) - count(minutes) AS unnoted, min(occurred_at) AS first, max(occurred_at) AS last,
               count(sentiment) AS moods, count(*) FILTER (WHERE sentiment > 0) AS happy
        FROM moment
        GROUP BY customer_id, touchpoint_id
    ),
    used AS (
        SELECT id, standard_minutes, lead(id) OVER journey AS next_id, row_number() OVER journey AS place
        FROM customers_touchpoint
        WHERE id IN (SELECT touchpoint_id FROM met)
        WINDOW journey AS (ORDER BY position, name, id)
    )
    SELECT used.id, used.next_id, sum(met.moments)::bigint,
           coalesce(sum(met.noted) + sum(met.unnoted) * coalesce(used.standard_minutes, 0),
                    sum(met.noted), sum(met.unnoted) * used.standard_minutes),
           count(*), count(*) FILTER (WHERE later.last >= met.first),
           sum(met.moods)::int, sum(met.happy)::int
    FROM met
    JOIN used ON used.id = met.touchpoint_id
    LEFT JOIN met later ON later.customer_id = met.customer_id AND later.touchpoint_id = used.next_id
    GROUP BY used.id, used.next_id, used.standard_minutes, used.place
    ORDER BY used.place
"""
# By the months of the company's calendar: what a touchpoint costs follows from rates that hold for a month.
MONTHS = f"""
    SELECT moment.touchpoint_id, date_trunc('month', moment.occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date,
           count(*), sum(coalesce(moment.minutes, touchpoint.standard_minutes))
    FROM ({{moments}}) moment JOIN customers_touchpoint touchpoint ON touchpoint.id = moment.touchpoint_id
    GROUP BY 1, 2
    ORDER BY 1, 2
"""


class TooSlow(Exception):
    """The period holds more moments than can be counted while somebody waits."""


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


@dataclass(frozen=True, slots=True)
class Stage:
    """One touchpoint in a period; None where nothing is known: `dropped_out` at the last one, `happy` without moods."""

    touchpoint: Touchpoint
    following: Touchpoint | None
    moments: int
    minutes: Decimal | None
    customers: int
    dropped_out: float | None
    happy: float | None  # share of the moods that were noted
    months: tuple[Met, ...]

    @property
    def label(self) -> str:
        return self.touchpoint.label

    @property
    def channel(self) -> str:
        return str(self.touchpoint.get_channel_display())

    @property
    def next_label(self) -> str:
        return self.following.label if self.following else ""


@dataclass(frozen=True, slots=True)
class Journey:
    """The stages of a period; `counted_at` where they were counted before anybody asked."""

    period: Period
    stages: list[Stage]
    counted_at: dt.datetime | None = None


def journey(moments: ContactMomentQuerySet) -> list[Stage]:
    """The touchpoints that customers met, in the order of the journey (3 queries, whatever the number of moments).

    Whoever met a touchpoint and did not meet the next one afterwards, in these moments, dropped out between the two.
    Raises TooSlow.
    """
    try:
        counts = counted(moments, seconds=LONGEST_SECONDS)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise
    touchpoints = Touchpoint.objects.in_bulk([count.touchpoint for count in counts])
    return [_stage(count, touchpoints[count.touchpoint], touchpoints.get(count.following or 0)) for count in counts]


def usual_journey(name: str) -> Journey | None:
    """One of the usual periods as it was counted last (1 query); None where there is little to count, or no count."""
    steps = list(JourneyStep.objects.filter(period=name).select_related("touchpoint", "following").order_by("place"))
    if sum(step.moments for step in steps) <= COUNTED_AT_ONCE:
        return None
    first = steps[0]
    stages = [_stage(step, step.touchpoint, step.following) for step in steps]
    return Journey(Period(first.since, first.until), stages, first.counted_at)


def _stage(count: Count | JourneyStep, touchpoint: Touchpoint, following: Touchpoint | None) -> Stage:
    return Stage(
        touchpoint=touchpoint,
        following=following,
        moments=count.moments,
        minutes=count.minutes,
        customers=count.customers,
        dropped_out=None if following is None else 1 - count.went_on / count.customers,
        happy=count.happy / count.moods if count.moods else None,
        months=months_kept(count.months) if isinstance(count, JourneyStep) else count.months,
    )


def counted(moments: ContactMomentQuerySet, *, seconds: float = 0) -> list[Count]:
    """What these moments come to at each touchpoint (2 queries, each given up after so many seconds unless 0)."""
    columns = moments.order_by().values("customer_id", "touchpoint_id", "occurred_at", "minutes", "sentiment")
    try:
        sql, values = columns.query.sql_with_params()
    except EmptyResultSet:  # nobody can match, and Django will not even write the query
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
        cursor.execute("SET LOCAL work_mem = '128MB'")  # a group for each customer and touchpoint: beside the disk
        cursor.execute(STAGES.format(moments=sql), values)
        rows = cursor.fetchall()
        cursor.execute(MONTHS.format(moments=sql), values)
        months = _by_touchpoint(cursor.fetchall())
        cursor.execute("SET LOCAL statement_timeout = DEFAULT")
        cursor.execute("SET LOCAL work_mem = DEFAULT")
    return [Count(*row) for row in ((*row, months.get(row[0], ())) for row in rows)]


def _by_touchpoint(rows: list[tuple[int, dt.date, int, Decimal | None]]) -> dict[int, tuple[Met, ...]]:
    found: dict[int, list[Met]] = {}
    for touchpoint, month, moments, minutes in rows:
        found.setdefault(touchpoint, []).append(Met(month, moments, minutes))
    return {touchpoint: tuple(months) for touchpoint, months in found.items()}


def months_to_keep(months: tuple[Met, ...]) -> list[list[str | int | None]]:
    """Months as a step of the journey keeps them, in JSON."""
    return [[met.month.isoformat(), met.moments, None if met.minutes is None else str(met.minutes)] for met in months]


def months_kept(rows: list[list[Any]]) -> tuple[Met, ...]:
    """The months that a step of the journey has kept."""
    return tuple(
        Met(dt.date.fromisoformat(month), moments, None if minutes is None else Decimal(minutes))
        for month, moments, minutes in rows
    )


def bounds_of(period: Period) -> tuple[dt.datetime, dt.datetime]:
    """The first moment of a period and the first after it, in the time of the company."""
    days = (period.since, period.until + dt.timedelta(days=1))
    start, end = (timezone.make_aware(dt.datetime.combine(day, dt.time.min)) for day in days)
    return start, end


def in_period(moments: ContactMomentQuerySet, period: Period) -> ContactMomentQuerySet:
    """The moments of these days in the time of the company."""
    start, end = bounds_of(period)
    return moments.filter(occurred_at__gte=start, occurred_at__lt=end)


def of_segment(moments: ContactMomentQuerySet, segment: Segment, run: Run | None) -> ContactMomentQuerySet:
    """The moments of a segment's customers."""
    return moments.filter(customer__in=members_of(segment, run).values("pk"))
