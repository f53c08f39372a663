"""What pages read about segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from crm_site.lib.accounts.models import User
from customers.forms import members_of
from customers.models import Customer, Run, Segment, SegmentFigures
from customers.models.segment import SegmentQuerySet
from customers.permissions import SEE_ALL
from customers.reports import portfolio
from customers.total_reports import TOTALLED, ListTotals, totals_of_list

KEPT = ("customers", "net_revenue", "profit", "lifetime_value")


@dataclass(frozen=True, slots=True)
class SegmentState:
    """A segment now and at the run before; `before` is None where there is nothing to compare with."""

    now: ListTotals
    before: ListTotals | None


def totals_of_segment(segment: Segment, run: Run | None, user: User | None = None) -> ListTotals:
    """How many customers belong to a segment and what they amount to in a run (1 query); of those whom a user sees."""
    members = Customer.objects.filter(pk__in=members_of(segment, run).order_by().values("pk"))
    seen = members.visible_to(user) if user else members
    return totals_of_list(portfolio(seen, run, TOTALLED), figures=run is not None)


def state_of(segment: Segment, run: Run | None, user: User) -> SegmentState:
    """A segment as far as this person sees its customers (3 queries at most).

    What was kept at the runs counts all customers. Whoever sees only some of them is shown the sums over those, and no
    comparison with a whole that he does not see.
    """
    if run and user.has_perm(SEE_ALL):
        kept = list(segment.figures.filter(run_id__lte=run.pk).order_by("-run_id")[:2])
        if kept and kept[0].run_id == run.pk:
            return SegmentState(_kept(kept[0]), _kept(kept[1]) if len(kept) > 1 else None)
    return SegmentState(totals_of_segment(segment, run, user), None)


def _kept(figures: SegmentFigures) -> ListTotals:
    amounts = (figures.net_revenue, figures.profit, figures.lifetime_value)
    return ListTotals(figures.customers, figures.customers, *amounts)


def with_figures(segments: SegmentQuerySet, run: Run | None, names: Iterable[str] = KEPT) -> SegmentQuerySet:
    """Segments with what they were at a run as attributes, None where that is not known (no query of its own)."""
    figures = SegmentFigures.objects.filter(segment=OuterRef("pk"), run=run)
    return segments.annotate(**{name: Subquery(figures.values(name)) for name in names})
