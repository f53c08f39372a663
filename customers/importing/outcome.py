"""What an import that is over has brought."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from customers.importing.problems import Reason, reason_for
from customers.models.customer import Customer, CustomerQuerySet
from customers.models.imports import Import
from customers.models.moment import ContactMoment

MOST_NAMED = 25


@dataclass(frozen=True)
class ReasonCount:
    """How many rows have the same fault."""

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
    return Outcome(
        orders=source.orders.count(),
        customers=source.customers.count(),
        reasons=_reason_counts(source),
    )


def _reason_counts(source: Import) -> list[ReasonCount]:
    """For how many rows each reason stands: a row with several faults counts for each of them (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT reason, count(*) AS rows FROM (
                SELECT id, reason FROM customers_importrejection WHERE source_id = %(source)s
                UNION
                SELECT id, fault ->> 2 FROM customers_importrejection, jsonb_array_elements(further) AS fault
                WHERE source_id = %(source)s
            ) AS faults
            GROUP BY 1 ORDER BY rows DESC, reason
            """,
            {"source": source.pk},
        )
        return [ReasonCount(reason_for(code), rows) for code, rows in cursor.fetchall()]


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
