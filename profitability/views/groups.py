"""The ranking by group and by size."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import Tab
from profitability.charts import profit_by_group, profit_by_size, return_by_size
from profitability.permissions import SEE_VALUE
from profitability.reports.group_names import (
    GROUPINGS,
    first_grouping,
    group_names,
    group_urls,
    ranking_url,
    visible_groups,
)
from profitability.reports.group_words import group_sentence
from profitability.reports.runs import published_now
from profitability.reports.sizes import band_names, size_sentences
from profitability.tables import GROUPS, SIZES, band_rows, group_rows, unsorted
from profitability.views.files import page_with_files
from profitability.views.periods import Asked, currency_of, empty_page

NOTES = {
    "segment": gettext_lazy("A customer may be in several segments, so segments do not add up to all."),
    "family": gettext_lazy(
        "Each customer stands under the product family on which it has spent most since its first order, with all that "
        "it bought; what each family earns by itself, the matrix tells."
    ),
}


@permission_required(SEE_VALUE, raise_exception=True)
def ranking_groups(request: HttpRequest) -> HttpResponseBase:
    """What each segment, owner, source or place brings, in a period (5 queries once the period was computed)."""
    published = published_now()
    title = _("Ranking by group")
    if published is None:
        return empty_page(request, title)
    asked = Asked(request, published)
    if not asked.is_ready:
        return asked.waiting_page("ranking-groups", title)
    by = request.GET.get("by", "")
    by = by if by in GROUPINGS else first_grouping(asked.totals)
    grouping = visible_groups(asked.totals.by(by), request.user)
    names, urls = group_names(grouping), group_urls(grouping, asked.period)
    rows, currency = group_rows(grouping, names, urls, asked.totals.total.profit), currency_of(request)
    table, bars = unsorted(GROUPS, rows, currency), profit_by_group(rows, str(GROUPINGS[by]), currency)
    context = asked.context("ranking-groups") | {
        "page_title": title,
        "groupings": [
            Tab(str(label), ranking_url(asked.period, page="ranking-groups", by=name), name == by)
            for name, label in GROUPINGS.items()
        ],
        "finding": group_sentence(rows, currency),
        "note": str(NOTES.get(by, "")),
        "bars": bars,
        "table": table,
        "formula": _(
            "Each group's customers as they were grouped when the period was first computed from this recompute."
        ),
        "computed_at": asked.ranking.computed_at,
        "empty_url": reverse("segments") if by == "segment" else "",
        "empty_action": _("Segments"),
    }
    files = {"groups": table.as_sheet(f"ranking-by-{by}"), "bars": bars}
    return page_with_files(request, "profitability/ranking_groups.html", context, **files)


@permission_required(SEE_VALUE, raise_exception=True)
def ranking_sizes(request: HttpRequest) -> HttpResponseBase:
    """Profit by size of customers (4 queries once the period was computed)."""
    published = published_now()
    title = _("Size against profit")
    if published is None:
        return empty_page(request, title)
    asked = Asked(request, published)
    if not asked.is_ready:
        return asked.waiting_page("ranking-sizes", title)
    currency, bands = currency_of(request), asked.totals.bands
    urls = [ranking_url(asked.period, revenue_min=band.lowest, revenue_max=band.highest) for band in bands]
    rows = band_rows(bands, band_names(bands, currency), urls, asked.totals.total.profit)
    table = unsorted(SIZES, rows, currency)
    context = asked.context("ranking-sizes") | {
        "page_title": title,
        "sentences": size_sentences(bands, currency),
        "bars": profit_by_size(rows, currency) if bands else None,
        "returns": return_by_size(rows) if bands else None,
        "table": table,
        "computed_at": asked.ranking.computed_at,
    }
    return page_with_files(
        request,
        "profitability/ranking_sizes.html",
        context,
        sizes=table.as_sheet("ranking-by-size"),
        bars=context["bars"],
        returns=context["returns"],
    )
