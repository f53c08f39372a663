"""The ranking of customers by profit."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from crm_site.lib.paging import SORTED_LIMIT, Count
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers.models import Company, Customer, Run
from customers.models.customer import CustomerQuerySet
from customers.permissions import EXPORT
from profitability.charts import whale_curve
from profitability.forms import RankingFilters
from profitability.permissions import SEE_VALUE
from profitability.reports.dashboard import ranked
from profitability.reports.runs import Published, published_now
from profitability.reports.sentences import peak, twenty_eighty
from profitability.tables import RANKING
from profitability.totals import RunTotals
from profitability.views.runs import recompute_context, run_url


class RankingList(ListPage):
    """Everybody who ever ordered, most profitable first, below the whale curve that they make."""

    permission_required = SEE_VALUE
    export_permission = EXPORT
    raise_exception = True
    title = gettext_lazy("Ranking")
    template_name = "profitability/ranking.html"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if self.published is None:
            context = {"page_title": self.title} | recompute_context(request.user)
            return render(request, "profitability/ranking_empty.html", context)
        return super().get(request)

    @cached_property
    def published(self) -> Published | None:
        """The run whose figures this page shows, asked for once."""
        return published_now()

    @property
    def run(self) -> Run:
        assert self.published is not None, "The page without figures is another."
        return self.published.run

    @property
    def totals(self) -> RunTotals:
        assert self.published is not None, "The page without figures is another."
        return self.published.totals

    def get_table(self) -> Table:
        return RANKING

    def get_filters(self) -> RankingFilters:
        return RankingFilters(self.request.GET, totals=self.totals)

    def get_rows(self) -> CustomerQuerySet:
        return ranked(Customer.objects.visible_to(self.request.user), self.run)

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    @cached_property
    def known(self) -> int | None:
        """How many rows there are, where the totals of the run say so."""
        return self.get_filters().known_count()

    @cached_property
    def counted(self) -> Count | None:
        return super().counted if self.known is None else Count(self.known)

    def is_sorted_sooner(self) -> bool:
        """By rank, a filter that the totals know leads straight to its first row; by value, hardly ever.

        Categories are made by lifetime value: those of little worth stand at the far end of its index.
        """
        if self.known is None:
            return super().is_sorted_sooner()
        limits = {"rank": 0, "lifetime_value": 10 * SORTED_LIMIT if self.filters_in_force else 0}
        return self.known <= limits.get(self.order.sort.path, SORTED_LIMIT)

    def get_context(self) -> dict[str, Any]:
        ranking, currency = self.totals.ranking, self.get_currency()
        return {
            "data_as_of": self.run.published_at,
            "data_url": run_url(self.request.user, self.published),
            "finding": twenty_eighty(ranking, currency),
            "peak": peak(ranking, currency),
            "whale": whale_curve(ranking, currency) if ranking.customers else None,
        }
