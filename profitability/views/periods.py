"""What every page about a period shares: which period, its ranking or the job that makes it, and the tabs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Tab
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company, Run
from profitability.models import PeriodRanking
from profitability.period_actions import ranking_for, totals_of
from profitability.periods import LIFETIME, Period, period_named
from profitability.reports.period_words import PeriodChoices, period_choices, period_name
from profitability.reports.runs import Published
from profitability.totals import PeriodTotals, RunTotals
from profitability.views.runs import recompute_context, run_url

TABS = {
    "ranking": "trophy",
    "ranking-groups": "category",
    "ranking-sizes": "chart-dots",
    "ranking-moves": "route",
    "ranking-changes": "scale",
    "equity": "diamond",
}


@dataclass(frozen=True)
class Asked:
    """A period of the published figures, as an address asks for it."""

    request: HttpRequest
    published: Published
    parameter: str = "period"

    @property
    def run(self) -> Run:
        return self.published.run

    @property
    def run_totals(self) -> RunTotals:
        return self.published.totals

    @cached_property
    def named(self) -> Period | None:
        return period_named(self.request.GET.get(self.parameter, ""), as_of=self.run.as_of)

    @property
    def period(self) -> Period:
        return self.named or LIFETIME

    @property
    def is_unknown(self) -> bool:
        """Whether the address names a period that does not exist."""
        return self.named is None

    @cached_property
    def ranking(self) -> PeriodRanking:
        """The ranking of the period, computed now if it is small and was not (1 query once it is there)."""
        page = getattr(self.request.resolver_match, "url_name", None) or "ranking"
        return ranking_for(run=self.run, totals=self.run_totals, period=self.period, by=self.request.user, page=page)

    @cached_property
    def totals(self) -> PeriodTotals:
        """What the ranking comes to, once it was computed."""
        return totals_of(self.ranking)

    @property
    def is_ready(self) -> bool:
        return self.ranking.computed_at is not None

    def context(self, page: str) -> dict[str, Any]:
        """The picker, the tabs and where the figures come from."""
        return {
            "data_as_of": self.run.published_at,
            "data_url": run_url(self.request.user, self.published),
            "period": self.period,
            "period_name": period_name(self.period),
            "periods": self.choices(),
            "period_kept": [
                (name, value)
                for name, value in self.request.GET.items()
                if name not in (self.parameter, "after", "format", "from_rank") and value
            ],
            "tabs": ranking_tabs(page, self.period),
        }

    def choices(self) -> tuple[PeriodChoices, ...]:
        first, last = _months(self.run_totals)
        return period_choices(first, last, as_of=self.run.as_of, chosen=self.period)

    def waiting_page(self, page: str, title: str) -> HttpResponse:
        """What a reader sees while the ranking of a large customer base is computed."""
        job = self.ranking.job
        context = self.context(page) | {"page_title": title, "job": progress_of(job, reload="done") if job else None}
        return render(self.request, "profitability/ranking_waiting.html", context)


def _months(totals: RunTotals) -> tuple[dt.date | None, dt.date | None]:
    if not totals.first_month or not totals.last_month:
        return None, None
    return dt.date.fromisoformat(totals.first_month), dt.date.fromisoformat(totals.last_month)


def ranking_tabs(active: str, period: Period) -> list[Tab]:
    """The pages about the ranking; the period goes along."""
    labels = {
        "ranking": _("Customers"),
        "ranking-groups": _("By group"),
        "ranking-sizes": _("Size and profit"),
        "ranking-moves": _("Moves"),
        "ranking-changes": _("Changes of profit"),
        "equity": _("Customer equity"),
    }
    query = f"?period={period.code}" if period.code else ""
    with_period = {"ranking", "ranking-groups", "ranking-sizes"}
    return [
        Tab(label, reverse(name) + (query if name in with_period else ""), name == active, icon=TABS[name])
        for name, label in labels.items()
    ]


def empty_page(request: HttpRequest, title: str) -> HttpResponse:
    """What a page about figures shows before there are any."""
    return render(request, "profitability/not_computed.html", {"page_title": title} | recompute_context(request.user))


def currency_of(request: HttpRequest) -> str:
    return Company.of(request).currency
