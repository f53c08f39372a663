"""Which part of the journey page is asked for."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from crm_site.lib.filters import ChoiceFilter, DayFilter, FilterForm
from customers.journey_counting import Period
from customers.models import Segment

PRESETS = {
    "": gettext_lazy("Last 12 months"),
    "90": gettext_lazy("Last 90 days"),
    "30": gettext_lazy("Last 30 days"),
    "this-year": gettext_lazy("This year"),
    "last-year": gettext_lazy("Last year"),
}


class JourneyFilters(FilterForm):
    """A period and perhaps a segment; days that are given count more than the preset."""

    period = ChoiceFilter(label=gettext_lazy("Period"))
    since = DayFilter(label=gettext_lazy("From day"))
    until = DayFilter(label=gettext_lazy("To day"))
    segment = ChoiceFilter(label=gettext_lazy("Segment"))

    def __init__(self, data: Any, *, segments: Sequence[Segment], today: dt.date) -> None:
        super().__init__(data)
        self.today = today
        self.segments = {str(segment.pk): segment for segment in segments}
        self.fields["period"].choices = list(PRESETS.items())  # type: ignore[attr-defined]
        self.fields["segment"].offer([(key, one.label) for key, one in self.segments.items()])  # type: ignore[attr-defined]
        if not segments:
            del self.fields["segment"]

    def asked_period(self) -> Period:
        """The days that are asked for; an end before the beginning is an empty period."""
        asked = self.in_force()
        preset = preset_period(asked.get("period", ""), self.today)
        return Period(asked.get("since") or preset.since, asked.get("until") or preset.until)

    def asked_preset(self) -> str | None:
        """The usual period that is asked for; None where days of one's own are."""
        asked = self.in_force()
        return None if asked.get("since") or asked.get("until") else asked.get("period", "")

    def asked_segment(self) -> Segment | None:
        return self.segments.get(self.in_force().get("segment", ""))


def preset_period(name: str, today: dt.date) -> Period:
    """The days that a preset means on this day."""
    match name:
        case "30" | "90":
            return Period(today - dt.timedelta(days=int(name) - 1), today)
        case "this-year":
            return Period(today.replace(month=1, day=1), today)
        case "last-year":
            return Period(dt.date(today.year - 1, 1, 1), dt.date(today.year - 1, 12, 31))
    return Period(_a_year_before(today) + dt.timedelta(days=1), today)


def _a_year_before(day: dt.date) -> dt.date:
    year = day.year - 1
    return dt.date(year, day.month, min(day.day, calendar.monthrange(year, day.month)[1]))
