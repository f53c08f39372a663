"""What customers met along their journey: volume, time and where they drop out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg2.errors import QueryCanceled

from customers.forms import members_of
from customers.models import Run, Segment, Touchpoint
from customers.models.moment import ContactMomentQuerySet

# Longer than this nobody waits for a page; a shorter period is then the way.
LONGEST_SECONDS = 20

STAGES = """
    WITH moment AS ({moments}),
    met AS MATERIALIZED (
        SELECT customer_id, touchpoint_id, count(*) AS moments, sum(minutes) AS noted,
               count(*) - count(minutes) AS unnoted, min(occurred_at) AS first, max(occurred_at) AS last
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
           count(*),
           count(*) FILTER (WHERE later.last >= met.first)
    FROM met
    JOIN used ON used.id = met.touchpoint_id
    LEFT JOIN met later ON later.customer_id = met.customer_id AND later.touchpoint_id = used.next_id
    GROUP BY used.id, used.next_id, used.standard_minutes, used.place
    ORDER BY used.place
"""


class TooSlow(Exception):
    """The period holds more moments than can be counted while somebody waits."""


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, the first and the last included."""

    since: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class Stage:
    """One touchpoint in a period; `dropped_out` is None at the last one, minutes where none are known."""

    touchpoint: Touchpoint
    following: Touchpoint | None
    moments: int
    minutes: Decimal | None
    customers: int
    dropped_out: float | None

    @property
    def label(self) -> str:
        return self.touchpoint.label

    @property
    def channel(self) -> str:
        return str(self.touchpoint.get_channel_display())

    @property
    def next_label(self) -> str:
        return self.following.label if self.following else ""


def journey(moments: ContactMomentQuerySet) -> list[Stage]:
    """The touchpoints that customers met, in the order of the journey (2 queries, whatever the number of moments).

    Whoever met a touchpoint and did not meet the next one afterwards, in these moments, dropped out between the two.
    Raises TooSlow.
    """
    rows = _counted(moments)
    touchpoints = Touchpoint.objects.in_bulk([row[0] for row in rows])
    return [
        Stage(
            touchpoint=touchpoints[key],
            following=touchpoints.get(following),
            moments=count,
            minutes=minutes,
            customers=customers,
            dropped_out=None if following is None else 1 - went_on / customers,
        )
        for key, following, count, minutes, customers, went_on in rows
    ]


def _counted(moments: ContactMomentQuerySet) -> list[tuple[int, int, int, Decimal | None, int, int]]:
    columns = moments.order_by().values("customer_id", "touchpoint_id", "occurred_at", "minutes")
    try:
        sql, values = columns.query.sql_with_params()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{LONGEST_SECONDS}s'")
            cursor.execute("SET LOCAL work_mem = '128MB'")  # a group for each customer and touchpoint: beside the disk
            cursor.execute(STAGES.format(moments=sql), values)
            rows = cursor.fetchall()
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
            cursor.execute("SET LOCAL work_mem = DEFAULT")
            return rows
    except EmptyResultSet:  # nobody can match, and Django will not even write the query
        return []
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


def in_period(moments: ContactMomentQuerySet, period: Period) -> ContactMomentQuerySet:
    """The moments of these days in the time of the company."""
    start, end = (
        timezone.make_aware(dt.datetime.combine(day, dt.time.min))
        for day in (period.since, period.until + dt.timedelta(days=1))
    )
    return moments.filter(occurred_at__gte=start, occurred_at__lt=end)


def of_segment(moments: ContactMomentQuerySet, segment: Segment, run: Run | None) -> ContactMomentQuerySet:
    """The moments of a segment's customers."""
    return moments.filter(customer__in=members_of(segment, run).values("pk"))
