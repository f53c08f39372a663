"""The ranking of customers by profit, over all months or some."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.charts import Chart
from crm_site.lib.components import FilterBar
from crm_site.lib.counting import Count
from crm_site.lib.downloads import file_asked_for, file_links
from crm_site.lib.paging import SORTED_LIMIT, Page, first_page, first_rows
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from crm_site.lib.written import written
from customers.models import Customer, Segment
from customers.models.customer import CustomerQuerySet
from customers.permissions import EXPORT
from customers.reports import MOST_SEGMENTS, filter_choices
from profitability.charts import curve_around, whale_curve
from profitability.forms import KNOWN_PARTS, Known, RankingFilters
from profitability.models import PeriodRanking
from profitability.permissions import SEE_VALUE
from profitability.reports.dashboard import ranked
from profitability.reports.runs import published_now
from profitability.reports.sentences import break_even, peak, twenty_eighty
from profitability.reports.standing import Here, find_here, place_in_words, ranked_in
from profitability.tables import PERIOD_RANKING, RANKING
from profitability.totals import Ranking
from profitability.views.periods import Asked, currency_of, empty_page


class RankingList(ListPage):
    """Everybody who ever ordered, most profitable first, below the whale curve that they make."""

    permission_required = SEE_VALUE
    export_permission = EXPORT
    raise_exception = True
    title = gettext_lazy("Ranking")
    template_name = "profitability/ranking.html"
    asked: Asked

    def get(self, request: HttpRequest) -> HttpResponseBase:
        published = published_now()
        if published is None:
            return empty_page(request, str(self.title))
        self.asked = Asked(request, published)
        if self.asked.is_unknown:
            self.faults.append(_("This period is not known; all months are shown."))
        if not self.is_lifetime and not self.asked.is_ready:
            return self.asked.waiting_page("ranking", str(self.title))
        return super().get(request)

    @property
    def is_lifetime(self) -> bool:
        return self.asked.period.is_lifetime

    @cached_property
    def ranking(self) -> Ranking:
        """The figures read off the whale curve."""
        return self.asked.run_totals.ranking if self.is_lifetime else self.asked.totals.ranking

    @cached_property
    def known(self) -> Known:
        """What the totals tell without asking the rows."""
        if not self.is_lifetime:
            groups = self.asked.totals.by("category").groups
            return Known(self.ranking, float, {int(group.key): group.customers for group in groups})
        totals = self.asked.run_totals
        categories = {total.category: total.customers for total in totals.categories}
        return Known(
            self.ranking, self.asked.run.place_of, categories, {"customer": totals.active, "former": totals.former}
        )

    @cached_property
    def visible(self) -> CustomerQuerySet:
        return Customer.objects.visible_to(self.request.user)

    def get_table(self) -> Table:
        return RANKING if self.is_lifetime else PERIOD_RANKING

    def get_filters(self) -> RankingFilters:
        return RankingFilters(
            self.request.GET,
            known=self.known,
            run=self.asked.run,
            segments=Segment.objects.offered_to(self.request.user, MOST_SEGMENTS),
            choices=filter_choices(),
        )

    def get_rows(self) -> CustomerQuerySet:
        return ranked(self.visible, self.asked.run) if self.is_lifetime else ranked_in(self.visible, self.asked.ranking)

    def get_currency(self) -> str:
        return currency_of(self.request)

    @cached_property
    def known_count(self) -> int | None:
        """How many rows there are, where the totals of the run say so."""
        assert isinstance(self.filters, RankingFilters)
        return self.filters.known_count()

    @cached_property
    def counted(self) -> Count | None:
        return super().counted if self.known_count is None else Count(self.known_count)

    def is_sorted_sooner(self) -> bool:
        """By rank, a filter that the totals know leads straight to its first row; by value, hardly ever.

        Categories are made by lifetime value: those of little worth stand at the far end of its index.
        """
        if self.known_count is None:
            return super().is_sorted_sooner()
        limits = {"place": 0, "lifetime_value": 10 * SORTED_LIMIT if self.filters_in_force else 0}
        return self.known_count <= limits.get(self.order.sort.path, SORTED_LIMIT)

    def page(self) -> Page:
        """The first page, of all or of a part that the run knows, is written once for all who see everybody."""
        order, filters, run = self.reading_order, self.filters_in_force, self.asked.run
        alike = filters.keys() <= KNOWN_PARTS and not self.visible.query.where
        if self.request.GET.get("after") or not alike or order.sort.nullable or not self.known_count:
            return super().page()
        question = ("ranking", run.pk, run.scorecards_of_id, self.asked.period, *filters.items(), self.sort, self.size)
        rows = written((*question, order.by_index), lambda: first_rows(self.rows, order, self.size)).read()
        return first_page(rows, order, size=self.size)

    def filter_bar(self) -> FilterBar | None:
        """The period stays when filters change or go."""
        bar = super().filter_bar()
        if bar is None or not self.asked.period.code:
            return bar
        period = ("period", self.asked.period.code)
        return FilterBar(bar.form, bar.chips, f"{bar.clear_url}&period={period[1]}", [*bar.hidden, period])

    @cached_property
    def here(self) -> Here | None:
        """The customer that the reader looks for on the curve."""
        if not self.sought:
            return None
        ranking = self.asked.ranking if not self.is_lifetime else PeriodRanking(run=self.asked.run)
        return find_here(self.sought, self.visible, ranking, self.known.place_of)

    @property
    def sought(self) -> str:
        return self.request.GET.get("here", "").strip()

    @cached_property
    def drawings(self) -> dict[str, Chart | None]:
        """The curves above the list."""
        ranking, currency = self.ranking, self.get_currency()
        curve = whale_curve(ranking, currency, period=self.asked.period, here=self.here, detailed=True)
        return {
            "whale_curve": curve if ranking.customers else None,
            "around": curve_around(self.here, ranking, currency) if self.here else None,
        }

    def file(self, kind: str) -> HttpResponseBase:
        """The list as a file, or one of the curves where the address names it."""
        drawn = file_asked_for(self.request, self.drawings, permission=EXPORT) if "table" in self.request.GET else None
        return drawn or super().file(kind)

    def get_context(self) -> dict[str, Any]:
        ranking, currency = self.ranking, self.get_currency()
        return self.asked.context("ranking") | {
            "finding": twenty_eighty(ranking, currency),
            "peak": peak(ranking, currency),
            "break_even": break_even(ranking),
            "whale": self.drawings["whale_curve"],
            "files": file_links(self.request, self.drawings, permission=EXPORT),
            "sought": self.sought,
            "here": self.here,
            "place": place_in_words(self.here, ranking, currency) if self.here else None,
            "here_url": reverse("customer", args=[self.here.customer.pk]) if self.here else "",
            "here_action": _("Open the customer's file"),
            "around": self.drawings["around"],
        }
