"""What pages read about segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery, Sum

from crm_site.lib.accounts.models import User
from customers.forms import members_of
from customers.models import Customer, Run, Scorecard, Segment, SegmentFigures
from customers.models.customer import CustomerQuerySet
from customers.models.segment import SegmentQuerySet
from customers.permissions import SEE_ALL

KEPT = ("customers", "net_revenue", "profit", "lifetime_value")


@dataclass(frozen=True, slots=True)
class SegmentTotals:
    """A segment at one run; amounts are None before the first run, lifetime value also while none is known."""

    customers: int
    net_revenue: Decimal | None
    profit: Decimal | None
    lifetime_value: Decimal | None


@dataclass(frozen=True, slots=True)
class SegmentState:
    """A segment now and at the run before; `before` is None where there is nothing to compare with."""

    now: SegmentTotals
    before: SegmentTotals | None


def totals_of(members: CustomerQuerySet, run: Run | None) -> SegmentTotals:
    """How many customers these are and what they amount to in a run (2 queries, whatever their number)."""
    size = members.order_by().count()
    if run is None:
        return SegmentTotals(size, None, None, None)
    cards = Scorecard.objects.filter(run=run, customer__in=members.order_by().values("pk"))
    sums = cards.aggregate(*(Sum(name) for name in KEPT[1:]))
    nothing = Decimal(0)
    return SegmentTotals(
        size, sums["net_revenue__sum"] or nothing, sums["profit__sum"] or nothing, sums["lifetime_value__sum"]
    )


def state_of(segment: Segment, run: Run | None, user: User) -> SegmentState:
    """A segment as far as this person sees its customers (3 queries at most).

    What was kept at the runs counts all customers. Whoever sees only some of them is shown the sums over those, and no
    comparison with a whole that he does not see.
    """
    if run and user.has_perm(SEE_ALL):
        kept = list(segment.figures.filter(run_id__lte=run.pk).order_by("-run_id")[:2])
        if kept and kept[0].run_id == run.pk:
            return SegmentState(_kept(kept[0]), _kept(kept[1]) if len(kept) > 1 else None)
    seen = Customer.objects.visible_to(user).filter(pk__in=members_of(segment, run).values("pk"))
    return SegmentState(totals_of(seen, run), None)


def _kept(figures: SegmentFigures) -> SegmentTotals:
    return SegmentTotals(figures.customers, figures.net_revenue, figures.profit, figures.lifetime_value)


def with_figures(segments: SegmentQuerySet, run: Run | None, names: Iterable[str] = KEPT) -> SegmentQuerySet:
    """Segments with what they were at a run as attributes, None where that is not known (no query of its own)."""
    figures = SegmentFigures.objects.filter(segment=OuterRef("pk"), run=run)
    return segments.annotate(**{name: Subquery(figures.values(name)) for name in names})
