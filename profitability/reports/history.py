"""What a customer was worth month by month, and in words."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

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


def worth_over_time(run: Run, customer_id: int) -> list[Worth]:
    """The months kept, the earliest first, and last the current figures (2 queries)."""
    points = ValuePoint.objects.filter(customer=customer_id).order_by("snapshot__month")
    kept = [Worth(*row) for row in points.values_list("snapshot__as_of", "lifetime_value", "profit", "category")]
    cards = Scorecard.objects.filter(run=run, customer=customer_id, rank__isnull=False)
    now = [Worth(run.as_of, *row) for row in cards.values_list("lifetime_value", "profit", "category")]
    return [worth for worth in kept if not now or worth.as_of < run.as_of] + now


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
