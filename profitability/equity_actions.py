"""Keeping why customer equity changed, while the rows of the run before are still there."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from crm_site.lib.fields import amount_of
from customers.forms import members_in_sql
from customers.models import Run, Segment
from profitability.equity_statements import everybodys_steps, shared_value
from profitability.models import EquityBridge
from profitability.reports.groups import MOST_SEGMENTS
from profitability.reports.runs import run_before
from profitability.totals import Bridge, EquityChange, SegmentBridge

STEPS = "equity_steps"  # a table of this transaction alone
NAMES = ("won", "lost", "activity", "margin", "cost", "unknown")
COUNTED = ("won", "lost", "activity_up", "activity_down")


@transaction.atomic
def keep_bridge(*, run: Run) -> EquityBridge | None:
    """Keep why equity changed since the run before, whole and by segment; none when its rows are gone.

    Done already, it stays as it is. Works like `equity.steps`, set by set (1 statement, and 1 query for each segment).
    """
    kept = EquityBridge.objects.filter(run=run).first()
    previous = None if kept else run_before(run)
    if previous is None:
        return kept
    _tell_apart(previous, run)
    totals = EquityChange(whole=_sum(previous, run), segments=tuple(_segments(previous, run)))
    return EquityBridge.objects.create(run=run, previous=previous, totals=totals.as_json())


def _tell_apart(before: Run, after: Run) -> None:
    """The steps of every customer who has some, into a table that lives as long as the transaction."""
    rows, parameters = everybodys_steps(before, after)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{STEPS}")
        cursor.execute(f"CREATE TEMPORARY TABLE {STEPS} ON COMMIT DROP AS {rows}", parameters)
        cursor.execute(f"ANALYZE {STEPS}")


def _sum(before: Run, after: Run, members: tuple[str, Sequence[Any]] = ("", ())) -> Bridge:
    """All steps, or those of some customers, added up (1 query)."""
    where = f"WHERE customer_id IN ({members[0]})" if members[0] else ""
    shared, parameters = shared_value(before, after, members[0])
    query = f"""
        SELECT ({shared}), coalesce(sum(before), 0), coalesce(sum(after), 0),
               coalesce(sum(change) FILTER (WHERE kind = 'won'), 0),
               coalesce(sum(change) FILTER (WHERE kind = 'lost'), 0),
               coalesce(sum(activity), 0), coalesce(sum(margin), 0),
               coalesce(sum(change - activity - margin) FILTER (WHERE kind = 'told'), 0),
               coalesce(sum(change) FILTER (WHERE kind = 'unknown'), 0),
               count(*) FILTER (WHERE kind = 'won'), count(*) FILTER (WHERE kind = 'lost'),
               count(*) FILTER (WHERE activity > 0), count(*) FILTER (WHERE activity < 0)
        FROM {STEPS} {where}
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, *members[1], *members[1]])
        alike, was, now, *rest = cursor.fetchone()
    cents, counts = rest[: len(NAMES)], rest[len(NAMES) :]
    figures: dict[str, Any] = {name: amount_of(int(amount)) for name, amount in zip(NAMES, cents, strict=True)}
    figures |= {f"customers_{name}": count for name, count in zip(COUNTED, counts, strict=True)}
    return Bridge(before=amount_of(int(alike + was)), after=amount_of(int(alike + now)), **figures)


def _segments(previous: Run, run: Run) -> list[SegmentBridge]:
    """The same for whoever is in each segment now."""
    found = []
    for segment in Segment.objects.order_by("name")[:MOST_SEGMENTS]:
        found.append(SegmentBridge(segment=segment.pk, bridge=_sum(previous, run, members_in_sql(segment, run))))
    return found
