"""The generic list page: filters, order, columns and place in the address; the same list as CSV and XLSX."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View
from psycopg2.errors import QueryCanceled

from crm_site.lib.components import Chip, FilterBar, Paging
from crm_site.lib.conditions.grammar import SAFE_IN_ADDRESS
from crm_site.lib.counting import TOLD_LIMIT, Count, lately_counted, lately_expected, table_count
from crm_site.lib.export import EXPORT_LIMIT, RESPONSES
from crm_site.lib.filters import FilterForm
from crm_site.lib.formatting import labelled, number
from crm_site.lib.paging import SORTED_LIMIT, BadCursor, Order, Page, read_page
from crm_site.lib.tables import BadSort, Column, Sorting, Table, draw

PAGE_SIZES = (25, 50, 100)
PLACE = frozenset({"after", "format", "table"})


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that a reader may show or hide."""

    name: str
    label: str
    shown: bool

    @property
    def box(self) -> str:
        ticked = " checked" if self.shown else ""
        return (
            f'<label class="form-check"><input type="checkbox" class="form-check-input" name="col" value="{self.name}"'
            f'{ticked}><span class="form-check-label">{escape(self.label)}</span></label>'
        )


@dataclass(frozen=True, slots=True)
class ListTools:
    """What stands above a list besides its filters: which columns, how many rows, and the same list as a file."""

    choices: Sequence[ColumnChoice]
    hidden: Sequence[tuple[str, str]]
    sizes: Sequence[tuple[int, bool]]
    csv_url: str = ""
    xlsx_url: str = ""
    export_note: str = ""

    @property
    def choices_html(self) -> SafeString:
        """A tick box for each column; written as text, since every list page has them all."""
        return mark_safe("".join(choice.box for choice in self.choices))


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to know about a list just now, and the address of the rows that it speaks of."""

    text: str
    url: str


class ListPage(PermissionRequiredMixin, View):
    """A list screen. A subclass names a title and a permission and answers `get_table` and `get_rows`.

    Queries: one for the rows (two where rows without a value begin), at most two for the count, and those of the
    filters' choices; never more for more rows.
    """

    title: ClassVar[str | Promise] = ""
    template_name: ClassVar[str] = "generic/list.html"
    results_template_name: ClassVar[str] = "generic/list_results.html"
    export_permission: ClassVar[str] = ""
    raise_exception = False

    # --- What a list screen says about itself

    def get_table(self) -> Table:
        """The columns of this list, as far as this reader may see them."""
        raise ImproperlyConfigured(f"{type(self).__name__} must answer get_table().")

    def get_rows(self) -> QuerySet[Any]:
        """The rows that this reader may see, unordered."""
        raise ImproperlyConfigured(f"{type(self).__name__} must answer get_rows().")

    def get_filters(self) -> FilterForm | None:
        """The filter form, bound to the address."""
        return None

    def get_currency(self) -> str:
        """The currency of the amounts in this list."""
        return ""

    def get_builder_url(self) -> str:
        """Where conditions for this list are put together, with its address; empty where it knows none."""
        return ""

    def get_notice(self) -> Notice | None:
        """What the reader should know about this list just now."""
        return None

    def get_ticked_form(self) -> str:
        """The id of the form that tick boxes beside the rows belong to; empty where rows cannot be ticked."""
        return ""

    def get_context(self) -> dict[str, Any]:
        """What a template of its own needs besides."""
        return {}

    # --- The state of the list, read from the address

    @cached_property
    def table(self) -> Table:
        return self.get_table()

    @cached_property
    def filters(self) -> FilterForm | None:
        return self.get_filters()

    @cached_property
    def filters_in_force(self) -> dict[str, Any]:
        return self.filters.in_force() if self.filters else {}

    @cached_property
    def faults(self) -> list[str]:
        """Parameters of the address that could not be used."""
        return []

    @cached_property
    def sort(self) -> str:
        asked = self.request.GET.get("sort", "")
        try:
            self.table.order(asked or self.table.default_sort)
        except BadSort:
            self.faults.append(_("This list cannot be sorted like that; it is shown in its usual order."))
            return self.table.default_sort
        return asked or self.table.default_sort

    @cached_property
    def order(self) -> Order:
        return self.table.order(self.sort)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        known = {column.name for column in self.table.columns}
        chosen = self.request.GET.getlist("col")
        if not known.issuperset(chosen):
            self.faults.append(_("A column that this list does not have was left out."))
        return self.table.visible([name for name in chosen if name in known])

    @cached_property
    def size(self) -> int:
        asked = self.request.GET.get("size", "")
        if asked in map(str, PAGE_SIZES):
            return int(asked)
        if asked:
            self.faults.append(_("A page holds 25, 50 or 100 rows."))
        return PAGE_SIZES[0]

    @cached_property
    def unfiltered(self) -> QuerySet[Any]:
        return self.get_rows()

    @cached_property
    def rows(self) -> QuerySet[Any]:
        return self.filters.apply(self.unfiltered) if self.filters else self.unfiltered

    @cached_property
    def counted(self) -> Count | None:
        """How many rows there are, where that is not all of a table."""
        if not (self.filters_in_force or self.is_restricted()):
            return None
        if self.is_told_by_statistics() and self.expected > TOLD_LIMIT:
            return Count.about(self.expected)
        return lately_counted(self.rows)

    @cached_property
    def expected(self) -> int:
        """How many rows the database expects."""
        known_by = (type(self), *self.state(), *self.filters_in_force.items())
        return lately_expected(self.rows, known_by if self.is_told_by_statistics() else None)

    def state(self) -> tuple[Hashable, ...]:
        """What the rows of this list depend on besides its filters, where it is not restricted."""
        return ()

    def is_told_by_statistics(self) -> bool:
        """Whether all that narrows the list is one condition on one column, whose values the database counts."""
        names = self.filters_in_force.keys()
        return len(names) == 1 and names <= (self.filters or FilterForm).lookups.keys() and not self.is_restricted()

    # --- Answers

    def get(self, request: HttpRequest) -> HttpResponseBase:
        asked = request.GET.get("format", "")
        if asked in RESPONSES and not self.field_faults():
            return self.file(asked)
        if asked in RESPONSES:
            self.faults.append(_("Nothing was downloaded, because a filter cannot be used."))
        elif asked:
            self.faults.append(_("Lists can be downloaded as CSV or XLSX only."))
        alone = "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
        template = self.results_template_name if alone else self.template_name
        context = self.context() | {"alone": alone}
        response = render(request, template, context, status=503 if self.gave_up else 200)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def file(self, kind: str) -> HttpResponseBase:
        """The filtered, ordered list with its visible columns as a download."""
        if not self.may_export:
            raise PermissionDenied
        ordered = self.order.apply(self.rows)[:EXPORT_LIMIT]
        return RESPONSES[kind](self.table.sheet(self.file_columns(), ordered))

    def file_columns(self) -> tuple[Column, ...]:
        """The columns of a download: those that are shown, unless a list needs more to be taken in again."""
        return self.columns

    @property
    def may_export(self) -> bool:
        return bool(self.export_permission) and self.request.user.has_perm(self.export_permission)

    gave_up = False

    def read(self) -> tuple[Page, Count]:
        """The page and the count; none when the database gives up on a combination that nobody foresaw."""
        try:
            page = self.page()
            return page, self.count(page)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
        self.gave_up = True
        self.faults.append(
            _("This list could not be read in time. Narrow it with another filter, or sort it by another column.")
        )
        return Page([]), Count(0)

    def context(self) -> dict[str, Any]:
        page, count = self.read()
        sorting = Sorting(self.sort, lambda text: self.url(sort=text))
        table = draw(
            self.table,
            self.columns,
            page.rows,
            sorting=sorting,
            currency=self.get_currency(),
            ticked_form=self.get_ticked_form(),
        )
        return {
            "page_title": self.title,
            "table": table,
            "paging": self.paging(page, count),
            "filters": self.filter_bar(),
            "tools": self.tools(count),
            "nothing_yet": not (page.rows or self.is_narrowed or self.gave_up or self.request.GET.get("after")),
            "faults": [*self.field_faults(), *self.faults],
            "notice": self.get_notice(),
        } | self.get_context()

    def page(self) -> Page:
        """The rows that the address asks for; the first ones when its place in the list cannot be read."""
        if self.counted and not self.counted.rows:
            return Page([])
        cursor = self.request.GET.get("after", "")
        try:
            return read_page(self.rows, self.reading_order, size=self.size, cursor=cursor)
        except BadCursor:
            self.faults.append(_("This place in the list is unknown; the list is shown from its beginning."))
            return read_page(self.rows, self.reading_order, size=self.size)

    @cached_property
    def reading_order(self) -> Order:
        """The order, and how its rows are best found."""
        return replace(self.order, by_index=not self.is_sorted_sooner())

    def is_sorted_sooner(self) -> bool:
        """Whether the rows are better found and sorted than met on the way through an index of all.

        What is filtered and what it is ordered by often hang together (unprofitable customers, by profit): then those
        rows all stand at the far end of the index.
        """
        if self.counted is None:
            return False
        return self.counted.is_exact or self.expected <= SORTED_LIMIT

    def count(self, page: Page) -> Count:
        """How many rows there are; a whole table that fits on its page needs no query for that."""
        if self.counted:
            return self.counted
        if not (page.previous or page.next):
            return Count(len(page.rows))
        return table_count(self.rows.model)

    @property
    def is_narrowed(self) -> bool:
        """Whether filters were asked for, usable or not."""
        return bool(self.filters_in_force or self.field_faults())

    def is_restricted(self) -> bool:
        """Whether the list has fewer rows than its table even without filters."""
        return bool(self.unfiltered.query.where)

    # --- Parts of the context

    def paging(self, page: Page, count: Count) -> Paging:
        return Paging(
            previous_url=self.url(after=page.previous) if page.previous else "",
            next_url=self.url(after=page.next) if page.next else "",
            first_url=self.url() if page.previous else "",
            shown=len(page.rows),
            count=count.rows,
            capped=count.capped,
            estimated=count.estimated,
        )

    def filter_bar(self) -> FilterBar | None:
        if not self.filters:
            return None
        filters = self.filters
        chips = [chip for name, value in self.filters_in_force.items() for chip in self.chips(filters, name, value)]
        clear = "?" + urlencode(self.kept("sort", "size", "col"))
        return FilterBar(
            filters,
            chips=chips,
            clear_url=clear,
            hidden=self.kept("sort", "size", "col", "view"),
            builder_url=self.get_builder_url(),
        )

    def chips(self, filters: FilterForm, name: str, value: Any) -> list[Chip]:
        return [Chip(words.label, words.value, self.url(**words.without)) for words in filters.words(name, value)]

    def field_faults(self) -> list[str]:
        """Filters that were left out because their values cannot be used."""
        if not self.filters:
            return []
        return [
            labelled(self.filters.fields[name].label, error)
            for name, errors in self.filters.errors.items()
            if name in self.filters.fields
            for error in errors
        ]

    def tools(self, count: Count) -> ListTools:
        shown = {column.name for column in self.columns}
        offered = self.table.columns[1:]
        exports = {kind: self.url(format=kind) for kind in RESPONSES} if self.may_export else {}
        return ListTools(
            choices=[ColumnChoice(column.name, str(column.label), column.name in shown) for column in offered],
            hidden=[pair for pair in self.pairs if pair[0] not in {"col", "size", *PLACE}],
            sizes=[(size, size == self.size) for size in PAGE_SIZES],
            csv_url=exports.get("csv", ""),
            xlsx_url=exports.get("xlsx", ""),
            export_note=_export_note(count) if exports else "",
        )

    # --- Addresses

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of this address."""
        return [(name, value) for name, values in self.request.GET.lists() for value in values if value]

    def kept(self, *names: str) -> list[tuple[str, str]]:
        return [pair for pair in self.pairs if pair[0] in names]

    def url(self, **changes: str | None) -> str:
        """This list with some parameters changed, from its beginning unless a place is given."""
        kept = [pair for pair in self.pairs if pair[0] not in changes and pair[0] not in PLACE]
        changed = [(name, value) for name, value in changes.items() if value is not None]
        return "?" + urlencode(kept + changed, safe=SAFE_IN_ADDRESS)


def _export_note(count: Count) -> str:
    if count.rows <= EXPORT_LIMIT and count.estimated:
        return _("About %(rows)s rows") % {"rows": number(count.rows)}
    if count.rows <= EXPORT_LIMIT and not count.capped:
        return ngettext("%(rows)s row", "%(rows)s rows", count.rows) % {"rows": number(count.rows)}
    return _("At most the first %(limit)s rows in this order") % {"limit": number(EXPORT_LIMIT)}
