"""The drawings of profitability: totals and rows of a run in, finished charts and key figures out."""

import datetime as dt
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.charts import Chart, Mark, Series
from crm_site.lib.formatting import money, month, percent
from customers.models.scorecard import Category
from profitability.models import RunMonth
from profitability.reports.costing import CapacityUse
from profitability.reports.sentences import shares_speak, twenty_eighty
from profitability.totals import CategoryTotal, Ranking

# More months than this are bars too thin to tell apart; the costing page lists them all.
MONTHS_DRAWN = 36


def whale_curve(ranking: Ranking, currency: str) -> Chart:
    """Cumulative profit, most profitable customer first: in shares of the total, in money where those mean nothing."""
    in_shares = shares_speak(ranking)
    unit = float(ranking.profit) if in_shares else 1.0
    heights = [cents / 100 / unit for cents in ranking.curve_cents]
    return Chart(
        kind="whale",
        title=_("Whale curve: cumulative profit, most profitable customer first"),
        x_label=_("Share of customers, most profitable first"),
        x_type="percent",
        x_values=[count / max(ranking.customers, 1) for count in ranking.curve_customers],
        series=[Series(_("Cumulative profit"), heights, colour="brand")],
        format="percent" if in_shares else "money",
        currency=currency,
        digits=0,
        summary=twenty_eighty(ranking, currency).text,
        marks=_whale_marks(ranking, currency, dict(zip(ranking.curve_customers, heights, strict=True))),
        links=_ranking_from(ranking.curve_customers),
    )


def _whale_marks(ranking: Ranking, currency: str, heights: dict[int, float]) -> list[Mark]:
    """The best fifth, and the peak where somebody loses what others made."""
    places = [(ranking.best.customers, _("Best %(share)s of customers: %(height)s"), ranking.best.share_of_customers)]
    if ranking.losing and ranking.peak.customers not in (0, ranking.best.customers):
        places.append(
            (ranking.peak.customers, _("Peak at %(share)s of customers: %(height)s"), ranking.peak.share_of_customers)
        )
    return [
        Mark(
            x=customers / max(ranking.customers, 1),
            y=heights[customers],
            label=label % {"share": percent(share, digits=0), "height": _height(heights[customers], ranking, currency)},
        )
        for customers, label, share in places
        if customers in heights
    ]


def _height(height: float, ranking: Ranking, currency: str) -> str:
    return percent(height, digits=0) if shares_speak(ranking) else money(height, currency, digits=0)


def _ranking_from(positions: Sequence[int]) -> list[str]:
    """The ranking from each of these places on; before the first customer it begins with the first."""
    address = reverse("ranking")
    return [f"{address}?from_rank={max(position, 1)}" for position in positions]


def profit_by_month(months: Sequence[RunMonth], currency: str) -> Chart:
    """Profit of the latest months; each opens the month's costing."""
    shown = months[-MONTHS_DRAWN:]
    return Chart(
        kind="bar",
        title=_("Profit by month"),
        x_label=_("Month"),
        x_type="month",
        x_values=[row.month for row in shown],
        series=[Series(_("Profit"), [row.profit for row in shown])],
        format="money",
        currency=currency,
        digits=0,
        summary=_months_summary(shown, currency),
        links=[month_url(row.month) for row in shown],
    )


def _months_summary(months: Sequence[RunMonth], currency: str) -> str:
    if not months:
        return ""
    best = max(months, key=lambda row: row.profit)
    worst = min(months, key=lambda row: row.profit)
    return _("Profit was highest in %(best)s and lowest in %(worst)s.") % {
        "best": f"{month(best.month)} ({money(best.profit, currency, digits=0)})",
        "worst": f"{month(worst.month)} ({money(worst.profit, currency, digits=0)})",
    }


def month_url(day: dt.date) -> str:
    """Where a month's costing is shown."""
    return reverse("costing-month", args=[day])


def profit_by_category(categories: Sequence[CategoryTotal], currency: str) -> Chart:
    """What each of the four categories makes; each opens its customers."""
    return Chart(
        kind="bar",
        title=_("Profit by category"),
        x_label=_("Category"),
        x_values=[category_name(total.category) for total in categories],
        series=[
            Series(
                _("Profit"),
                [total.profit for total in categories],
                colours=[f"category-{total.category}" for total in categories],
            )
        ],
        format="money",
        currency=currency,
        digits=0,
        links=[category_url(total.category) for total in categories],
    )


def use_of_capacity(capacity: Sequence[CapacityUse]) -> Chart | None:
    """Minutes used of each resource, as a share of its practical capacity, month by month; none without resources."""
    months = sorted({use.month for use in capacity})[-MONTHS_DRAWN:]
    if not months:
        return None
    shares = {(use.pool, use.month): use.share for use in capacity}
    pools = sorted({use.pool for use in capacity})
    return Chart(
        kind="line",
        title=_("Use of practical capacity by month"),
        x_label=_("Month"),
        x_type="month",
        x_values=months,
        series=[Series(pool, [shares.get((pool, one)) for one in months]) for pool in pools],
        format="percent",
        digits=0,
        links=[month_url(one) for one in months],
    )


def category_name(category: int) -> str:
    """The short name of a category, as on its pill."""
    return {
        Category.MOST_PROFITABLE: pgettext("profit category", "Most profitable"),
        Category.FAIRLY_PROFITABLE: pgettext("profit category", "Fairly profitable"),
        Category.DESIRABLE: pgettext("profit category", "Desirable"),
        Category.UNDESIRABLE: pgettext("profit category", "Unprofitable"),
    }[Category(category)]


def category_url(category: int) -> str:
    """The customers of a category."""
    return f"{reverse('ranking')}?category={category}"
