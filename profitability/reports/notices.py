"""What readers of figures should know before they trust them, in words and with a place to do something about it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.formatting import month, number, percent
from profitability.reports.costing import CapacityUse, MissingAmounts
from profitability.reports.dashboard import Freshness
from profitability.totals import RunTotals

NAMED_MONTHS = 3
# A smaller part of sales without a known cost of goods changes no decision.
NEGLIGIBLE_SHARE = 0.005
# No company goes so long without an order while its records go on; counted from the first of its last month with any.
LONG_SILENCE = dt.timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know, and where to go about it."""

    text: str
    tone: str = "warning"
    url: str = ""
    action: str = ""


def warnings_about(totals: RunTotals, freshness: Freshness, as_of: dt.date) -> list[Notice]:
    """What stands between the figures of a run and the truth."""
    found = [
        _no_costing(totals),
        _months_without_costs(freshness.months_without_costs),
        _goods_without_cost(freshness.share_without_cost),
        _newer_customers(freshness),
        _records_that_ended(freshness.last_orders, as_of),
    ]
    return [notice for notice in found if notice]


def warnings_about_amounts(gaps: Sequence[MissingAmounts]) -> list[Notice]:
    """Which cost pools lack amounts for months with orders."""
    pools = sorted({pool for gap in gaps for pool in gap.pools})
    if not pools:
        return []
    text = ngettext(
        "%(count)s month with orders has no amount for: %(pools)s. Its profit is therefore too high.",
        "%(count)s months with orders have no amount for: %(pools)s. Their profit is therefore too high.",
        len(gaps),
    ) % {"count": number(len(gaps)), "pools": ", ".join(pools)}
    return [Notice(f"{text} {_months([gap.month for gap in gaps])}")]


def warnings_about_capacity(capacity: Sequence[CapacityUse]) -> list[Notice]:
    """In which months a resource worked more minutes than its practical capacity holds."""
    overloaded = [use for use in capacity if use.used > use.capacity]
    return [
        Notice(
            _(
                "%(pool)s used %(share)s of its practical capacity in %(month)s: customers were charged more than it "
                "cost. Check its capacity and the minutes of its activities."
            )
            % {"pool": use.pool, "share": percent(use.share, digits=0), "month": month(use.month)}
        )
        for use in overloaded[:NAMED_MONTHS]
    ]


def _no_costing(totals: RunTotals) -> Notice | None:
    if totals.costing is not None:
        return None
    text = _("No costing was published when these figures were computed: profit is gross margin less direct costs.")
    return Notice(text, url=reverse("costing"), action=_("Costing"))


def _months_without_costs(months: Sequence[dt.date]) -> Notice | None:
    if not months:
        return None
    text = ngettext(
        "%(count)s month with orders lacks costs, so its profit is too high.",
        "%(count)s months with orders lack costs, so their profit is too high.",
        len(months),
    ) % {"count": number(len(months))}
    return Notice(f"{text} {_months(months)}", url=reverse("costing"), action=_("Costing"))


def _goods_without_cost(share: float | None) -> Notice | None:
    if share is None or share < NEGLIGIBLE_SHARE:
        return None
    text = _("The cost of goods is unknown for %(share)s of sales and counted as nothing.")
    return Notice(text % {"share": percent(share)}, url=reverse("costing"), action=_("Costing"))


def _newer_customers(freshness: Freshness) -> Notice | None:
    newer = freshness.newer_customers
    if not newer.rows:
        return None
    text = ngettext(
        "%(count)s customer is newer than these figures.",
        "%(count)s customers are newer than these figures.",
        newer.rows,
    ) % {"count": number(newer.rows) + ("+" if newer.capped else "")}
    return Notice(text, "info", f"{reverse('customers')}?newer=on", _("Show them"))


def _records_that_ended(last_orders: dt.date | None, as_of: dt.date) -> Notice | None:
    if last_orders is None or as_of - last_orders < LONG_SILENCE:
        return None
    text = _(
        "The last orders are those of %(month)s, long before these figures: all customers seem to have left. If your "
        "records end there, let the figures be those of that time."
    )
    return Notice(text % {"month": month(last_orders)}, url=reverse("run-as-of"), action=_("Figures of another day"))


def _months(months: Sequence[dt.date]) -> str:
    """The months in words: all of a few, else from the first to the last."""
    if len(months) <= NAMED_MONTHS:
        return "(" + ", ".join(month(one) for one in sorted(months)) + ")"
    return _("(from %(first)s to %(last)s)") % {"first": month(min(months)), "last": month(max(months))}
