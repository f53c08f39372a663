"""What customers met along their journey: volume and time, by months too, and where they drop out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import OperationalError
from psycopg2.errors import QueryCanceled

from customers.forms import members_of
from customers.journey_counting import Count, Met, Period, bounds_of, count_moments
from customers.models import JourneyStep, Run, Segment, Touchpoint
from customers.models.moment import ContactMomentQuerySet

# Longer than this nobody waits for a page; a shorter period is then the way.
LONGEST_SECONDS = 20
# So many contact moments are counted while the page is made; of more, the last count of the usual periods is shown.
COUNTED_AT_ONCE = 20_000


class TooSlow(Exception):
    """The period holds more moments than can be counted while somebody waits."""


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
    """The touchpoints that customers met, in the order of the journey (4 queries, whatever the number of moments).

    Whoever met a touchpoint and did not meet the next one afterwards, in these moments, dropped out between the two.
    Raises TooSlow.
    """
    try:
        counts = count_moments(moments, seconds=LONGEST_SECONDS)
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


def months_to_keep(months: tuple[Met, ...]) -> list[list[str | int | None]]:
    """Months as a step of the journey keeps them, in JSON."""
    return [[met.month.isoformat(), met.moments, None if met.minutes is None else str(met.minutes)] for met in months]


def months_kept(rows: list[list[Any]]) -> tuple[Met, ...]:
    """The months that a step of the journey has kept."""
    return tuple(
        Met(dt.date.fromisoformat(month), moments, None if minutes is None else Decimal(minutes))
        for month, moments, minutes in rows
    )


def in_period(moments: ContactMomentQuerySet, period: Period) -> ContactMomentQuerySet:
    """The moments of these days in the time of the company."""
    start, end = bounds_of(period)
    return moments.filter(occurred_at__gte=start, occurred_at__lt=end)


def of_segment(moments: ContactMomentQuerySet, segment: Segment, run: Run | None) -> ContactMomentQuerySet:
    """The moments of a segment's customers."""
    return moments.filter(customer__in=members_of(segment, run).values("pk"))
