"""The whale curve of a period, read from its ranked rows: the figures of `profitability.ranking` without numpy.

Pages read it where a customer base is small, and pages load no numpy; a test holds both to the same figures.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from crm_site.lib.fields import amount_of
from profitability.models import PeriodFigure, PeriodRanking
from profitability.totals import Part, Ranking

CURVE_POINTS = 500
FIGURES = PeriodFigure._meta.db_table
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many customers stand where, and what they make; money in cents."""

    customers: int
    profitable: int
    zero: int
    losing: int
    total: int
    losses: int

    @property
    def peak(self) -> int:
        return self.total - self.losses


def ranking_of_period(ranking: PeriodRanking, best_share: Decimal) -> Ranking:
    """The figures read off the whale curve of a period (5 queries)."""
    counts = _counts(ranking)
    best = min(counts.customers, max(0, ceil(round(best_share * counts.customers, 9))))
    last = max(best, counts.customers - best) if counts.customers > 1 else 0
    break_even = _break_even(ranking, counts)
    marks = {best, last, counts.profitable, counts.customers, break_even or 0}
    curve = _curve(ranking, counts, marks)
    return Ranking(
        customers=counts.customers,
        profit=amount_of(counts.total),
        best=_part(curve, counts, 0, best),
        middle=_part(curve, counts, best, last),
        last=_part(curve, counts, last, counts.customers),
        peak=_part(curve, counts, 0, counts.profitable),
        break_even=_part(curve, counts, 0, break_even) if break_even else None,
        losses=amount_of(counts.losses),
        profitable=counts.profitable,
        zero=counts.zero,
        losing=counts.losing,
        tied_across_best=_tied(ranking, best),
        curve_customers=tuple(curve),
        curve_cents=tuple(curve.values()),
    )


def _counts(ranking: PeriodRanking) -> Counts:
    found = PeriodFigure.objects.filter(ranking=ranking).aggregate(
        customers=Count("*"),
        profitable=Count("customer_id", filter=Q(profit__gt=0)),
        zero=Count("customer_id", filter=Q(profit=0)),
        losing=Count("customer_id", filter=Q(profit__lt=0)),
        total=Sum("profit"),
        losses=Sum("profit", filter=Q(profit__lt=0)),
    )
    cents = {name: int((found.pop(name) or NOTHING) * 100) for name in ("total", "losses")}
    return Counts(**found, **cents)


def _break_even(ranking: PeriodRanking, counts: Counts) -> int | None:
    """The fewest best customers who make the whole profit: the first place where the rising curve is that high."""
    if counts.total <= 0:
        return None
    rising = PeriodFigure.objects.filter(
        ranking=ranking, rank__lte=counts.profitable, cumulative__gte=amount_of(counts.total)
    )
    return rising.aggregate(first=Min("rank"))["first"]


def _curve(ranking: PeriodRanking, counts: Counts, marks: set[int]) -> dict[int, int]:
    """Cumulative cents after so many customers, at some hundred places and at every mark, from nobody to everybody.

    Half of the places are even in customers and half in money moved, so that the steep ends of the curve stay sharp.
    """
    places = marks | {0, counts.customers}
    if counts.customers < CURVE_POINTS:
        places = set(range(counts.customers + 1))
    else:
        half = (CURVE_POINTS - len(places)) // 2
        places |= {round(step * counts.customers / (half - 1)) for step in range(half)}
        places |= _even_in_money(ranking, counts, half)
    rows = PeriodFigure.objects.filter(ranking=ranking, rank__in=places).order_by("rank")
    return {0: 0} | {rank: int(cumulative * 100) for rank, cumulative in rows.values_list("rank", "cumulative")}


def _even_in_money(ranking: PeriodRanking, counts: Counts, steps: int) -> set[int]:
    """Places between which the same amount is earned or lost (1 query)."""
    moved = counts.peak - counts.losses
    limits = [round(step * moved / (steps - 1)) for step in range(1, steps)]
    query = f"""
        SELECT min(rank) FROM (
            SELECT rank, CASE WHEN profit >= 0 THEN cumulative ELSE 2 * %s - cumulative END AS moved
            FROM {FIGURES} WHERE ranking_id = %s
        ) places GROUP BY width_bucket(moved, %s::bigint[])
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [counts.peak, ranking.pk, limits])
        return {rank for (rank,) in cursor.fetchall()}


def _tied(ranking: PeriodRanking, best: int) -> int:
    """How many stand outside the best with the same profit as the last one inside (1 query)."""
    if not best:
        return 0
    figures = PeriodFigure.objects.filter(ranking=ranking)
    return figures.filter(rank__gt=best, profit__in=figures.filter(rank=best).values("profit")).count()


def _part(curve: dict[int, int], counts: Counts, start: int, stop: int) -> Part:
    cents = curve[stop] - curve[start] if stop > start else 0
    return Part(
        customers=max(stop - start, 0),
        share_of_customers=max(stop - start, 0) / max(counts.customers, 1),
        profit=amount_of(cents),
        share=cents / counts.total if counts.total > 0 else None,
    )
