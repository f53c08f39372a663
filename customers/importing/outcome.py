"""What an import that is over has brought."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from customers.importing.problems import Reason, reason_for
from customers.models.customer import Customer, CustomerQuerySet
from customers.models.imports import Import
from customers.models.moment import ContactMoment

MOST_NAMED = 25


@dataclass(frozen=True)
class ReasonCount:
    """How many rows were rejected for the same reason."""

    reason: Reason
    rows: int


@dataclass(frozen=True)
class Outcome:
    """The orders and customers of an import, and its rejections by reason, the most frequent first."""

    orders: int
    customers: int
    reasons: list[ReasonCount]


def outcome_of(source: Import) -> Outcome:
    """What an import has brought, as far as it still exists (3 queries)."""
    counts = source.rejections.order_by().values_list("reason").annotate(rows=Count("id")).order_by("-rows", "reason")
    return Outcome(
        orders=source.orders.count(),
        customers=source.customers.count(),
        reasons=[ReasonCount(reason_for(code), rows) for code, rows in counts],
    )


@dataclass(frozen=True)
class Left:
    """What an undoing has left as it is, because somebody had changed or used it since: how many, and some of them."""

    records: int
    customers: list[Customer]


def left_behind(source: Import, visible: CustomerQuerySet) -> Left:
    """What is still here of an import that was undone (2 queries)."""
    keys = source.changes.values("record_id")
    if source.kind == Import.Kind.MOMENTS:
        among = Q(pk__in=ContactMoment.objects.filter(pk__in=keys).values("customer"))
    else:
        among = Q(pk__in=keys)
    return Left(source.changes.count(), list(visible.filter(among).order_by("sort_key", "pk")[:MOST_NAMED]))
