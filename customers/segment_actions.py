"""What makes segments and keeps their figures."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict

from crm_site.lib.conditions.grammar import SAFE_IN_ADDRESS, BadText, read
from customers.forms import CustomerFilters
from customers.models import Run, Segment, SegmentFigures
from customers.models.customer import CustomerQuerySet
from customers.segment_reports import totals_of_segment

MOST_MEMBERS = 10_000


class TooManyMembers(Exception):
    """A fixed segment cannot hold so many customers."""


def filters_of(query: str) -> str:
    """Those parameters of a list's address that narrow it, without its order and columns."""
    pairs = [(name, value) for name, value in QueryDict(query).items() if name in CustomerFilters.base_fields and value]
    return urlencode(sorted(pairs), safe=SAFE_IN_ADDRESS)


def names_a_segment(query: str) -> bool:
    """Whether the filters of a list ask who belongs to a segment."""
    given = QueryDict(query)
    try:
        asked = read(str(given.get("where", ""))).conditions
    except BadText:
        return "segment" in given
    return "segment" in given or any(condition.field == "segment" for condition in asked)


@transaction.atomic
def create_segment(*, segment: Segment, matches: CustomerQuerySet, run: Run | None) -> Segment:
    """A new segment with its figures; a fixed one takes in the customers that match now. Raises TooManyMembers."""
    segment.save()
    if segment.kind == Segment.Kind.STATIC:
        keys = list(matches.order_by().values_list("pk", flat=True)[: MOST_MEMBERS + 1])
        if len(keys) > MOST_MEMBERS:
            raise TooManyMembers
        segment.query = ""
        segment.save(update_fields=["query"])
        segment.members.set(keys)
    if run:
        _keep(segment, run)
    return segment


@transaction.atomic
def change_filters(*, segment: Segment, query: str, run: Run | None) -> None:
    """Let other customers belong to a dynamic segment; its figures at the present run follow."""
    segment.query = filters_of(query)
    segment.save(update_fields=["query"])
    if run:
        _keep(segment, run)


def keep_figures(*, run: Run) -> int:
    """Keep what every segment is at a run, so that later runs can tell changes; safe to repeat. How many there are."""
    segments = list(Segment.objects.all())
    for segment in segments:
        _keep(segment, run)
    return len(segments)


def _keep(segment: Segment, run: Run) -> None:
    totals = totals_of_segment(segment, run)
    SegmentFigures.objects.update_or_create(
        segment=segment,
        run=run,
        defaults={
            "customers": totals.customers,
            "net_revenue": totals.net_revenue or Decimal(0),
            "profit": totals.profit or Decimal(0),
            "lifetime_value": totals.lifetime_value,
        },
    )
