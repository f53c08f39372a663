"""What a customer was worth month by month, and in words."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Sum
from django.utils.translation import gettext as _

from crm_site.lib.formatting import money, month
from customers.models import Run, Scorecard
from profitability.models import ValuePoint


@dataclass(frozen=True, slots=True)
class Worth:
    """The figures of a customer as some recompute found them."""

    as_of: dt.date
    lifetime_value: Decimal | None
    profit: Decimal  # since the first order
    category: int | None


def worth_over_time(run: Run, customers: Sequence[int]) -> list[Worth]:
    """The months kept, the earliest first, and last the current figures (2 queries).

    Of several customers, the sum: of a household or company, say. A sum has no category.
    """
    sums = {"value": Sum("lifetime_value"), "total": Sum("profit"), "best": Min("category"), "count": Count("*")}
    points = ValuePoint.objects.filter(customer__in=customers).values("snapshot__month", "snapshot__as_of")
    rows: Any = points.annotate(**sums).order_by("snapshot__month")
    kept = [_worth(row["snapshot__as_of"], row) for row in rows]
    cards: Any = Scorecard.objects.in_run(run).filter(customer__in=customers, place__isnull=False)
    row = cards.aggregate(**sums)
    now = [_worth(run.as_of, row)] if row["count"] else []
    return [worth for worth in kept if not now or worth.as_of < run.as_of] + now


def _worth(day: dt.date, row: dict[str, Any]) -> Worth:
    return Worth(day, row["value"], row["total"], row["best"] if row["count"] == 1 else None)


def worth_in_words(history: list[Worth], currency: str) -> str:
    """What has become of the lifetime value since the first month kept."""
    known = [worth for worth in history if worth.lifetime_value is not None]
    if len(known) < 2:
        return ""
    first, last = known[0], known[-1]
    words = {
        "since": month(first.as_of),
        "before": money(first.lifetime_value, currency, digits=0),
        "now": money(last.lifetime_value, currency, digits=0),
    }
    change = (last.lifetime_value or 0) - (first.lifetime_value or 0)
    if change > 0:
        return _("Since %(since)s the lifetime value has risen from %(before)s to %(now)s.") % words
    if change < 0:
        return _("Since %(since)s the lifetime value has fallen from %(before)s to %(now)s.") % words
    return _("The lifetime value is what it was in %(since)s: %(now)s.") % words
