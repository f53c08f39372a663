"""The drawings of profitability: totals and rows of a run in, finished charts and key figures out."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.addresses import addresses, reverse
from crm_site.lib.charts import Chart, Mark, Series
from crm_site.lib.formatting import money, month, percent
from customers.models.scorecard import Category
from profitability.models import RunMonth
from profitability.periods import LIFETIME, Period
from profitability.reports.costing import CapacityUse
from profitability.reports.group_names import ranking_url
from profitability.reports.sentences import shares_speak, twenty_eighty
from profitability.reports.standing import Here
from profitability.totals import CategoryTotal, Ranking

# More months than this are bars too thin to tell apart; the costing page lists them all.
MONTHS_DRAWN = 36


def whale_curve(
    ranking: Ranking, currency: str, *, period: Period = LIFETIME, here: Here | None = None, detailed: bool = False
) -> Chart:
    """Cumulative profit, most profitable customer first: in shares of the total, in money where those mean nothing.

    In detail it also marks break-even, where the last 20 % begin, and the customer that somebody looks for.
    """
    in_shares = shares_speak(ranking)
    unit = float(ranking.profit) if in_shares else 1.0
    shares, heights, links = _places(ranking, unit, ranking_url(period, from_rank=""))
    marks = _whale_marks(ranking, currency, dict(zip(ranking.curve_customers, heights, strict=True)), detailed=detailed)
    if here:
        marks = [*marks, _you_are_here(here, ranking, unit)]
    return Chart(
        kind="whale",
        title=_("Whale curve: cumulative profit, most profitable customer first"),
        x_label=_("Share of customers, most profitable first"),
        x_type="percent",
        x_values=shares,
        series=[Series(_("Cumulative profit"), heights, colour="brand")],
        format="percent" if in_shares else "money",
        currency=currency,
        digits=0,
        summary=twenty_eighty(ranking, currency).text,
        marks=marks,
        links=links,
    )


@lru_cache(maxsize=20)
def _places(
    ranking: Ranking, unit: float, ranked_from: str
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    """The hundreds of places of a curve: which share of customers, how high, and the address of the ranking there."""
    return (
        tuple(count / max(ranking.customers, 1) for count in ranking.curve_customers),
        tuple(cents / 100 / unit for cents in ranking.curve_cents),
        tuple(f"{ranked_from}{max(place, 1)}" for place in ranking.curve_customers),
    )


def _whale_marks(ranking: Ranking, currency: str, heights: dict[int, float], *, detailed: bool) -> list[Mark]:
    """The best fifth, and the peak where somebody loses what others made; in detail two places more.

    A customer alone is no part of anything.
    """
    if ranking.customers == 1:
        return []
    places = [(ranking.best.customers, _("Best %(share)s of customers: %(height)s"), ranking.best.share_of_customers)]
    if ranking.losing and ranking.peak.customers not in (0, ranking.best.customers):
        places.append(
            (ranking.peak.customers, _("Peak at %(share)s of customers: %(height)s"), ranking.peak.share_of_customers)
        )
    if detailed:
        places += _further_places(ranking)
    marked: dict[int, Mark] = {}
    for customers, label, share in places:
        if customers in heights and customers not in marked:
            words = {
                "share": percent(share, digits=0),
                "height": _height(heights[customers], ranking, currency),
                "rest": percent(ranking.last.share_of_customers, digits=0),
            }
            x = customers / max(ranking.customers, 1)
            marked[customers] = Mark(x=x, y=heights[customers], label=label % words)
    return list(marked.values())


def _further_places(ranking: Ranking) -> list[tuple[int, str, float]]:
    """Where the profit of all is reached for the first time, and where the last fifth begins."""
    last = ranking.customers - ranking.last.customers
    places = []
    if ranking.break_even and ranking.losing:
        part = ranking.break_even
        places.append((part.customers, _("Break-even at %(share)s of customers"), part.share_of_customers))
    if ranking.last.customers:
        places.append((last, _("The last %(rest)s begin: %(height)s"), last / max(ranking.customers, 1)))
    return places


def _you_are_here(here: Here, ranking: Ranking, unit: float) -> Mark:
    return Mark(
        x=here.customer.rank / max(ranking.customers, 1),
        y=float(here.cumulative) / unit,
        label=_("You are here: %(customer)s") % {"customer": here.customer.full_name},
    )


def curve_around(here: Here, ranking: Ranking, currency: str) -> Chart:
    """The curve close up, around one customer; each point opens a customer's file."""
    in_shares = shares_speak(ranking)
    unit = float(ranking.profit) if in_shares else 1.0
    rank, height, address = here.customer.rank, float(here.cumulative) / unit, addresses("customer")
    return Chart(
        kind="line",
        title=_("The curve around %(customer)s") % {"customer": here.customer.full_name},
        x_label=_("Rank"),
        x_type="number",
        x_values=[one.rank for one in here.neighbours],
        series=[
            Series(_("Cumulative profit"), [float(one.cumulative) / unit for one in here.neighbours], colour="brand")
        ],
        format="percent" if in_shares else "money",
        currency=currency,
        digits=2 if in_shares else 0,
        marks=[Mark(x=rank, y=height, label=here.customer.full_name)],
        links=[address(one.customer) for one in here.neighbours],
        close_up=True,
    )


def _height(height: float, ranking: Ranking, currency: str) -> str:
    return percent(height, digits=0) if shares_speak(ranking) else money(height, currency, digits=0)


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
