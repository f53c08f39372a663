"""Moves between the four categories, the customers behind them, and what is done with each category."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import Tab
from crm_site.lib.counting import Count, capped_count
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers.models import Customer, Run
from customers.models.customer import CustomerQuerySet
from customers.models.scorecard import Category
from customers.permissions import ADD_SEGMENT, ADD_TASK, CHANGE_MANY, EXPORT, SEE_ALL
from customers.selection import Selection
from profitability.charts import category_cards
from profitability.charts.moves import flow_of_moves, place_name
from profitability.models import CategoryPolicy
from profitability.periods import BEFORE_RECENT_CODE, RECENT_CODE
from profitability.permissions import EDIT_POLICY, SEE_VALUE
from profitability.reports.move_words import moves_in_words
from profitability.reports.moves import OUTSIDE, Side, category_named, moved, movers, moves_between
from profitability.reports.period_words import period_name
from profitability.reports.runs import Published, published_now
from profitability.tables import unsorted
from profitability.tables.moves import MOVED, MOVES, move_table
from profitability.totals import Move
from profitability.views.files import page_with_files
from profitability.views.periods import Asked, currency_of, empty_page, ranking_tabs
from profitability.views.runs import run_url

# So many customers of one cell get a task at once: their numbers travel in the form.
MOST_WITH_TASKS = 1000


@dataclass(frozen=True)
class Comparison:
    """The two rankings that an address compares: two periods of the current run, or the run before and this one."""

    request: HttpRequest
    published: Published

    @property
    def between_runs(self) -> bool:
        return self.request.GET.get("runs") == "1"

    @cached_property
    def previous(self) -> Run | None:
        """The run before, while its rows are kept (1 query)."""
        changes = self.published.totals.changes
        return Run.objects.filter(pk=changes.previous_run, has_rows=True).first() if changes else None

    @cached_property
    def periods(self) -> tuple[Asked, Asked]:
        """The two periods; without any, the last twelve months and those before them."""
        asked = self.request.GET.copy()
        asked.setdefault("from", BEFORE_RECENT_CODE)
        asked.setdefault("to", RECENT_CODE)
        self.request.GET = asked  # type: ignore[assignment]
        return Asked(self.request, self.published, "from"), Asked(self.request, self.published, "to")

    @property
    def waits_for(self) -> Asked | None:
        """The period whose ranking is not there yet."""
        return None if self.between_runs else next((one for one in self.periods if not one.is_ready), None)

    @cached_property
    def sides(self) -> tuple[Side, Side] | None:
        """What is compared; None without a run before."""
        if not self.between_runs:
            before, after = self.periods
            return (
                Side(period_name(before.period), ranking=before.ranking),
                Side(period_name(after.period), ranking=after.ranking),
            )
        if self.previous is None:
            return None
        return Side(_("Recompute before"), run=self.previous), Side(_("This recompute"), run=self.published.run)

    @property
    def query(self) -> dict[str, str]:
        """What an address says of the comparison."""
        if self.between_runs:
            return {"runs": "1"}
        before, after = self.periods
        return {"from": before.period.code, "to": after.period.code}

    def url(self, move: Move) -> str:
        """The customers who made a move."""
        ends = {"was": move.before or OUTSIDE, "is": move.after or OUTSIDE}
        return f"{reverse('ranking-moved')}?{urlencode(self.query | ends)}"


@permission_required(SEE_VALUE, raise_exception=True)
def ranking_moves(request: HttpRequest) -> HttpResponseBase:
    """Who moved between the categories (5 queries once both periods were computed)."""
    published, title = published_now(), _("Moves between categories")
    if published is None:
        return empty_page(request, title)
    comparison = Comparison(request, published)
    if waiting := comparison.waits_for:
        return waiting.waiting_page("ranking-moves", title)
    moves = moves_between(published.run, *comparison.sides) if comparison.sides else ()
    context = _context(comparison, moves) | {"page_title": title}
    files = {"moves": unsorted(MOVES, moves, currency_of(request)) if moves else None}
    return page_with_files(request, "profitability/ranking_moves.html", context, **files)


def _context(comparison: Comparison, moves: tuple[Move, ...]) -> dict[str, Any]:
    request, published = comparison.request, comparison.published
    finding = moves_in_words(moves)
    policies = {policy.category: policy.label for policy in CategoryPolicy.objects.all()}
    return {
        "tabs": ranking_tabs("ranking-moves", comparison.periods[1].period),
        "data_as_of": published.run.published_at,
        "data_url": run_url(request.user, published),
        "kinds": _kinds(comparison),
        "between_runs": comparison.between_runs,
        "before": comparison.periods[0],
        "after": comparison.periods[1],
        "sides": comparison.sides,
        "finding": finding if moves else None,
        "flow": flow_of_moves(moves, comparison.url, summary=finding.text),
        "table": move_table(moves, comparison.url),
        "cards": category_cards(published.totals, policies),
        "selections": _selections(request),
        "may_add_segment": request.user.has_perm(ADD_SEGMENT),
        "may_edit_policy": request.user.is_staff and request.user.has_perm(EDIT_POLICY),
    }


def _kinds(comparison: Comparison) -> list[Tab]:
    address = reverse("ranking-moves")
    return [
        Tab(_("Between two periods"), address, not comparison.between_runs),
        Tab(_("Since the recompute before"), f"{address}?runs=1", comparison.between_runs),
    ]


def _selections(request: HttpRequest) -> dict[int, str]:
    """All customers of each category, as the change of many customers takes them; none for who may not plan tasks."""
    if not _may_plan(request):
        return {}
    return {
        category.value: Selection(urlencode({"category": category.value})).signed(request.user)  # type: ignore[arg-type]
        for category in Category
    }


def _may_plan(request: HttpRequest) -> bool:
    return request.user.has_perm(CHANGE_MANY) and request.user.has_perm(ADD_TASK)


class MovedList(ListPage):
    """The customers who went from one category to another."""

    permission_required = SEE_VALUE
    export_permission = EXPORT
    raise_exception = True
    title = gettext_lazy("Customers who made this move")
    template_name = "profitability/ranking_moved.html"
    comparison: Comparison

    def get(self, request: HttpRequest) -> HttpResponseBase:
        published = published_now()
        if published is None:
            return empty_page(request, str(self.title))
        self.comparison = Comparison(request, published)
        if waiting := self.comparison.waits_for:
            return waiting.waiting_page("ranking-moves", str(self.title))
        if self.comparison.sides is None:
            raise Http404
        return super().get(request)

    @cached_property
    def categories(self) -> tuple[Category | None, Category | None]:
        try:
            was, now = (category_named(self.request.GET.get(name, OUTSIDE)) for name in ("was", "is"))
        except ValueError:
            raise Http404 from None
        return was, now

    def get_table(self) -> Table:
        return MOVED

    def get_rows(self) -> CustomerQuerySet:
        assert self.comparison.sides is not None, "Without two sides there is no list."
        visible = Customer.objects.visible_to(self.request.user)
        if self.few is not None:
            visible = visible.filter(pk__in=self.few)
        rows = moved(visible, *self.comparison.sides, self.categories)
        return rows if self.categories != (None, None) else rows.none()

    def get_currency(self) -> str:
        return currency_of(self.request)

    @cached_property
    def move(self) -> Move:
        """The move and how many made it."""
        assert self.comparison.sides is not None, "Without two sides there is no list."
        ends = tuple(category and category.value for category in self.categories)
        moves = moves_between(self.comparison.published.run, *self.comparison.sides)
        made = [move for move in moves if (move.before, move.after) == ends and ends != (None, None)]
        return made[0] if made else Move(before=ends[0], after=ends[1], customers=0)

    @cached_property
    def few(self) -> list[int] | None:
        """Whoever made the move, where they are few: no index knows both ends of a move, so they are kept."""
        if self.move.customers > MOST_WITH_TASKS:
            return None
        assert self.comparison.sides is not None, "Without two sides there is no list."
        return movers(self.comparison.published.run, *self.comparison.sides, self.move) if self.move.customers else []

    @cached_property
    def counted(self) -> Count | None:
        """The table of moves counted everybody; whom this reader sees is counted for whoever does not see all."""
        return Count(self.move.customers) if self.request.user.has_perm(SEE_ALL) else capped_count(self.rows)

    def is_restricted(self) -> bool:
        return True

    def is_sorted_sooner(self) -> bool:
        """Among many an index on the figures of one side soon meets some who made the move; few are sorted at once."""
        return self.few is not None

    def get_context(self) -> dict[str, Any]:
        before, after = self.comparison.sides or (None, None)
        was, now = map(place_name, self.categories)
        keys = list(self.rows.order_by().values_list("pk", flat=True)) if self.few else []
        return {
            "page_subtitle": _("%(was)s (%(before)s) to %(now)s (%(after)s)")
            % {"was": was, "now": now, "before": before.name if before else "", "after": after.name if after else ""},
            "breadcrumbs": [
                (_("Ranking"), reverse("ranking")),
                (_("Moves between categories"), f"{reverse('ranking-moves')}?{urlencode(self.comparison.query)}"),
            ],
            "selection": Selection("").signed(self.request.user) if keys and _may_plan(self.request) else "",  # type: ignore[arg-type]
            "keys": " ".join(map(str, keys)),
        }
