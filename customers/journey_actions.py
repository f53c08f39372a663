"""The usual periods of the customer journey, counted in the background so that no page has to."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.importing.staging import Watch
from customers.journey_counting import Count, Period, count_periods
from customers.journey_forms import PRESETS, preset_period
from customers.journey_reports import months_to_keep
from customers.models import JourneyStep


def _journey_page(job: Job) -> str:
    return reverse("journey")


COUNT_JOURNEY = JobKind(
    "count-journey",
    label=_("Count of the customer journey"),
    stages={"count": _("Counting contact moments")},
    exclusive=True,
    result_url=_journey_page,
    result_label=_("See the customer journey"),
)


def request_counting() -> Job:
    """Ask for the usual periods to be counted; a request that still waits is returned instead of a second."""
    return enqueue(kind=COUNT_JOURNEY, dedupe_key=COUNT_JOURNEY.name)


def count_usual_periods(*, at: dt.datetime, today: dt.date, watch: Watch) -> int:
    """Count each usual period up to a day, and show it in place of the last count. How many steps there are."""
    watch.check_stop()
    watch.progress(0, 0, "count")
    periods = {name: preset_period(name, today) for name in PRESETS}
    found = count_periods(periods)
    with transaction.atomic():
        for name, period in periods.items():
            _keep(name, period, found[name], at)
    return sum(map(len, found.values()))


def _keep(name: str, period: Period, counts: list[Count], at: dt.datetime) -> None:
    JourneyStep.objects.filter(period=name).delete()
    JourneyStep.objects.bulk_create(
        JourneyStep(
            period=name,
            since=period.since,
            until=period.until,
            place=place,
            touchpoint_id=count.touchpoint,
            following_id=count.following,
            moments=count.moments,
            minutes=count.minutes,
            customers=count.customers,
            went_on=count.went_on,
            moods=count.moods,
            happy=count.happy,
            months=months_to_keep(count.months),
            counted_at=at,
        )
        for place, count in enumerate(counts, start=1)
    )
