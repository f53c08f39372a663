"""The journey page: touchpoints in their order, what they cost, and where customers drop out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import formatting
from crm_site.lib.charts import Chart, Series
from crm_site.lib.downloads import page_or_file
from crm_site.lib.tables import Column, Table, draw
from customers.journey_forms import JourneyFilters
from customers.journey_reports import Journey, Stage, TooSlow, in_period, journey, of_segment, usual_journey
from customers.models import Company, ContactMoment, Segment
from customers.models.moment import ContactMomentQuerySet
from customers.permissions import VIEW_MOMENTS
from customers.reports import MOST_SEGMENTS
from customers.segment_views import current_run
from profitability.permissions import SEE_VALUE
from profitability.reports.touchpoints import JourneyCosts, TouchpointCost, journey_costs

STAGES = Table(
    "journey",
    gettext_lazy("Touchpoints in the order of the journey"),
    (
        Column("label", gettext_lazy("Touchpoint"), note=lambda stage: stage.channel),
        Column("moments", gettext_lazy("Contact moments"), "number"),
        Column("minutes", gettext_lazy("Minutes"), "number"),
        Column("customers", gettext_lazy("Customers reached"), "number"),
        Column("happy", gettext_lazy("Happy, where noted"), "percent"),
        Column("next_label", gettext_lazy("Next touchpoint")),
        Column("dropped_out", gettext_lazy("Never reach the next"), "percent"),
    ),
)
# Beside the minutes that most of it comes from.
COST_STANDS_AT = 3


@permission_required(VIEW_MOMENTS, raise_exception=True)
def journey_page(request: HttpRequest) -> HttpResponseBase:
    """Volume, minutes, cost, customers and drop-out at each touchpoint of a period, as a page or as a file."""
    segments = list(Segment.objects.visible_to(request.user)[:MOST_SEGMENTS])
    filters = JourneyFilters(request.GET, segments=segments, today=timezone.localdate())
    try:
        asked = asked_journey(request, filters)
    except TooSlow:
        context = _context(request, filters, Journey(filters.asked_period(), []))
        return render(request, "pages/journey.html", context | {"slow": True})
    context = _context(request, filters, asked)
    touchpoints = context["table"] if asked.stages else None
    # Counts of all customers name nobody: whoever may see them may take them along.
    return page_or_file(
        request,
        "pages/journey.html",
        context,
        {"touchpoints": touchpoints, "chart": context["chart"]},
        permission=VIEW_MOMENTS,
    )


def asked_journey(request: HttpRequest, filters: JourneyFilters) -> Journey:
    """What the address asks for: a usual period of everybody as it was counted last, anything else counted now."""
    preset = filters.asked_preset()
    moments = ContactMoment.objects.visible_to(request.user)
    everybody = not (filters.asked_segment() or moments.query.where)
    usual = usual_journey(preset) if everybody and preset is not None else None
    return usual or Journey(filters.asked_period(), journey(asked_moments(request, filters)))


def asked_moments(request: HttpRequest, filters: JourneyFilters) -> ContactMomentQuerySet:
    """The moments that the address asks for, as far as this person may see them."""
    moments = in_period(ContactMoment.objects.visible_to(request.user), filters.asked_period())
    segment = filters.asked_segment()
    return of_segment(moments, segment, current_run(request)) if segment else moments


def shown_columns(stages: list[Stage], costs: JourneyCosts | None) -> tuple[Column, ...]:
    """The columns of the table; moods stand in it once somebody has noted one, costs where they may be seen."""
    moods = any(stage.happy is not None for stage in stages)
    columns = [column for column in STAGES.columns if moods or column.name != "happy"]
    if costs:
        columns.insert(COST_STANDS_AT, _cost_column(costs.touchpoints))
    return tuple(columns)


def _cost_column(costs: dict[int, TouchpointCost]) -> Column:
    def cost(stage: Stage) -> Decimal | None:
        return costs[stage.touchpoint.pk].amount

    def extent(stage: Stage) -> str:
        found = costs[stage.touchpoint.pk]
        if found.amount is None or found.costed == found.moments:
            return ""
        words = {"costed": formatting.number(found.costed), "moments": formatting.number(found.moments)}
        return _("%(costed)s of %(moments)s contact moments") % words

    return Column("cost", gettext_lazy("Cost"), "money", value=cost, note=extent)


def seen_costs(request: HttpRequest, stages: list[Stage]) -> JourneyCosts | None:
    """What the stages cost by the current run, for whoever may see it (1 query); None without a run."""
    run = current_run(request) if request.user.has_perm(SEE_VALUE) else None
    return journey_costs(run, stages) if run and stages else None


def _context(request: HttpRequest, filters: JourneyFilters, asked: Journey) -> dict[str, Any]:
    stages, period = asked.stages, asked.period
    days = {"since": formatting.day(period.since), "until": formatting.day(period.until)}
    costs = seen_costs(request, stages)
    currency = Company.of(request).currency
    return {
        "page_title": _("Customer journey"),
        "page_subtitle": _("Contact moments from %(since)s to %(until)s") % days,
        "counted_at": asked.counted_at,
        "filters": filters,
        "stages": stages,
        "finding": finding(stages),
        "costs": costs,
        "total_cost": formatting.money(costs.total, currency) if costs and costs.total is not None else "",
        "cost_activities": formatting.listed(costs.activities) if costs else "",
        "chart": chart(stages) if stages else None,
        "table": draw(STAGES, shown_columns(stages, costs), stages, currency=currency),
    }


def finding(stages: list[Stage]) -> str:
    """Where most customers are lost, in one sentence; '' where there is no way from one touchpoint to another."""
    steps = [stage for stage in stages if stage.dropped_out is not None]
    if not steps:
        return ""
    worst = max(steps, key=lambda stage: (stage.customers * (stage.dropped_out or 0), -stages.index(stage)))
    words = {
        "share": formatting.percent(worst.dropped_out, digits=0),
        "customers": formatting.number(worst.customers),
        "here": worst.label,
        "next": worst.next_label,
    }
    return _("Most are lost after %(here)s: %(share)s of its %(customers)s customers never reach %(next)s.") % words


def chart(stages: list[Stage]) -> Chart:
    """Customers reached at each touchpoint."""
    return Chart(
        kind="bar",
        title=_("Customers reached"),
        x_label=_("Touchpoint"),
        x_values=[stage.label for stage in stages],
        series=[Series(_("Customers reached"), [stage.customers for stage in stages], colour="brand")],
        summary=finding(stages),
    )
