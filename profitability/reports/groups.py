"""A ranking by group: what customers of one segment, place, owner, source or size come to together."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from django.db import connection
from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Concat, Left

from crm_site.lib.fields import amount_of
from customers.forms import members_of
from customers.models import Run, Scorecard, Segment
from profitability.models import PeriodFigure, PeriodRanking
from profitability.totals import Band, Grouping, GroupTotal

Figures: TypeAlias = "QuerySet[PeriodFigure] | QuerySet[Scorecard]"

# A grouping shows so many groups, the largest by net revenue; the others are added up.
MOST_GROUPS = 200
MOST_SEGMENTS = 100
BANDS = 10
NOTHING = Decimal("0.00")
SUMS = ("orders", "net_revenue", "gross_margin", "cost_to_serve", "direct_costs", "profit")
POSTAL_AREA = Case(
    When(customer__postal_code="", then=Value("")),
    default=Concat("customer__country", Value("-"), Left("customer__postal_code", 2)),
)
# By what customers are grouped, besides segments, which overlap.
TRAITS: Mapping[str, Any] = {
    "category": F("category"),
    "country": F("customer__country"),
    "postal": POSTAL_AREA,
    "town": F("customer__city"),
    "owner": F("customer__owner"),
    "source": F("customer__source"),
    "family": F("customer__main_family__family"),
}
SEGMENT = "segment"
UNKNOWN = "none"  # in addresses: customers of whom the owner, source or place is not known


def figures_of(ranking: PeriodRanking) -> Figures:
    """The rows behind a ranking: its own, or the ranked scorecards of its run (no query).

    Either have a `rank`, a `place` that they are ordered and narrowed by, and `cumulative` profit.
    """
    if ranking.since is None:
        return ranking.run.with_cumulative(Scorecard.objects.ranked_in(ranking.run))
    return PeriodFigure.objects.filter(ranking=ranking).annotate(place=F("rank"))


def total_of(figures: Figures) -> GroupTotal:
    """All of these rows together (1 query)."""
    return _total("", figures.aggregate(**_sums()))


def groupings_of(figures: Figures, run: Run) -> tuple[Grouping, ...]:
    """The same rows by every trait and by segment (1 query for each trait, 1 for each segment)."""
    by_trait = [_grouping(name, figures, trait) for name, trait in TRAITS.items()]
    return (*by_trait, _by_segment(figures, run))


def _grouping(name: str, figures: Figures, trait: Any) -> Grouping:
    sums: Any = figures.annotate(key=trait).values("key").annotate(**_sums())
    rows = sums.order_by("-sum_net_revenue", "key")
    totals = [_total("" if row["key"] is None else str(row["key"]), row) for row in rows]
    beyond = totals[MOST_GROUPS:]
    return Grouping(by=name, groups=tuple(totals[:MOST_GROUPS]), others=_together(beyond) if beyond else None)


def _by_segment(figures: Figures, run: Run) -> Grouping:
    totals = []
    for segment in Segment.objects.order_by("name")[:MOST_SEGMENTS]:
        members = members_of(segment, run).order_by().values("pk")
        totals.append(replace(total_of(figures.filter(customer__in=members)), key=str(segment.pk)))
    return Grouping(by=SEGMENT, groups=tuple(totals), others=None)


def _sums() -> dict[str, Any]:
    sums: dict[str, Any] = {f"sum_{name}": Sum(name) for name in SUMS}
    return sums | {
        "customers": Count("customer_id"),
        "losing": Count("customer_id", filter=Q(profit__lt=0)),
        "value": Sum("lifetime_value"),
    }


def _total(key: str, row: Mapping[str, Any]) -> GroupTotal:
    sums = {name: row[f"sum_{name}"] or NOTHING for name in SUMS[1:]}
    return GroupTotal(
        key=key,
        customers=row["customers"],
        losing=row["losing"],
        orders=row["sum_orders"] or 0,
        lifetime_value=row["value"],
        **sums,
    )


def _together(groups: list[GroupTotal]) -> GroupTotal:
    """Several groups as one."""
    values = [group.lifetime_value for group in groups if group.lifetime_value is not None]
    sums = {name: sum((getattr(group, name) for group in groups), NOTHING) for name in SUMS[1:]}
    return GroupTotal(
        key="",
        customers=sum(group.customers for group in groups),
        losing=sum(group.losing for group in groups),
        orders=sum(group.orders for group in groups),
        lifetime_value=sum(values, NOTHING) if values else None,
        **sums,
    )


def bands_of(figures: Figures) -> tuple[Band, ...]:
    """Customers in tenths by net revenue, the smallest first; equal revenues are never parted (1 query)."""
    rows, parameters = figures.order_by().values(*SUMS, "lifetime_value").query.sql_with_params()
    sums = ", ".join(f"sum({name})" for name in SUMS)
    query = f"""
        WITH figures AS MATERIALIZED ({rows}),
             limits AS (
                SELECT percentile_disc(%s::float8[]) WITHIN GROUP (ORDER BY net_revenue) AS lowest FROM figures
             )
        SELECT min(net_revenue), max(net_revenue), count(*), count(*) FILTER (WHERE profit < 0), sum(lifetime_value),
               {sums}
        FROM figures, limits GROUP BY width_bucket(net_revenue, lowest) ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, [step / BANDS for step in range(1, BANDS)]])
        return tuple(_band(row) for row in cursor.fetchall())


def _band(row: tuple[Any, ...]) -> Band:
    lowest, highest, customers, losing, value, orders, *sums = row
    amounts = {name: amount_of(cents) for name, cents in zip(SUMS[1:], sums, strict=True)}
    total = GroupTotal(
        key="",
        customers=customers,
        losing=losing,
        orders=int(orders),
        lifetime_value=None if value is None else amount_of(value),
        **amounts,
    )
    return Band(lowest=amount_of(lowest), highest=amount_of(highest), total=total)
