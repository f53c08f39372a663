"""Screens on which a filter is put together: that of the customer list, and that of a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg2.errors import QueryCanceled

from crm_site.lib.conditions.builder import (
    Builder,
    builder_from,
    builder_of,
    checked,
    pressed,
    sections,
    where_of,
)
from crm_site.lib.conditions.fields import check, explain
from crm_site.lib.conditions.grammar import SAFE_IN_ADDRESS, BadText, Where, read, write
from crm_site.lib.conditions.words import describe
from crm_site.lib.counting import capped_count
from crm_site.lib.formatting import number
from customers.filter_fields import CustomerFields
from customers.filter_folding import folded
from customers.forms import segment_field
from customers.models import Segment
from customers.models.company import company_lately
from customers.permissions import CHANGE_SEGMENT, VIEW_CUSTOMERS
from customers.reports import MOST_SEGMENTS
from customers.segment_actions import change_filters
from customers.segment_views import conditions_of, current_run, matches_of, own_segment

# Where one stood in the list says nothing about another list.
LEFT_BEHIND = frozenset({"where", "after", "format", "totals"})
Pairs = Sequence[tuple[str, str]]


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_filter(request: HttpRequest) -> HttpResponse:
    """Put conditions together for the customer list; the rest of its address stays."""
    query = request.POST.get("query", "") if request.method == "POST" else request.META.get("QUERY_STRING", "")
    rest = [pair for pair in _pairs(query) if pair[0] not in LEFT_BEHIND]
    listed = f"{reverse('customers')}?{_address(rest)}"
    segments = Segment.objects.visible_to(request.user)[:MOST_SEGMENTS]
    form = _Form(request, QueryDict(query).get("where", ""), rest, segments)

    def applied(where: Where) -> HttpResponse:
        return redirect(f"{reverse('customers')}?{_address([*rest, ('where', write(where))])}")

    titles = {
        "page_title": _("Advanced filter"),
        "breadcrumbs": [(_("Customers"), reverse("customers"))],
        "submit_label": _("Show the customers"),
        "cancel_url": listed,
        "clear_url": listed if form.start.groups else "",
    }
    return form.answer(titles, applied)


def segment_filters(request: HttpRequest, pk: int) -> HttpResponse:
    """Change which customers belong to a dynamic segment."""
    segment = own_segment(request, pk, CHANGE_SEGMENT)
    if segment.kind != Segment.Kind.DYNAMIC:
        raise Http404
    run = current_run(request)
    where, rest = folded(segment.query, run)
    form = _Form(request, where, rest)

    def applied(where: Where) -> HttpResponse | None:
        pairs = [*rest, ("where", write(where))]
        if not any(value for _name, value in pairs):
            return None
        change_filters(segment=segment, query=_address(pairs), run=run)
        messages.success(request, _("The filters of the segment “%(name)s” were changed.") % {"name": segment})
        return redirect("segment", segment.pk)

    titles = {
        "page_title": _("Filters of the segment “%(name)s”") % {"name": segment},
        "breadcrumbs": [(_("Segments"), reverse("segments")), (segment.label, reverse("segment", args=[pk]))],
        "submit_label": _("Save"),
        "cancel_url": reverse("segment", args=[pk]),
        "nothing": _("A segment needs at least one condition."),
        "changed": _("Somebody else has changed these filters since you opened them. Save again to replace theirs."),
    }
    return form.answer(titles, applied)


def _pairs(query: str) -> Pairs:
    return [(name, value) for name, values in QueryDict(query).lists() for value in values if value]


def _address(pairs: Pairs) -> str:
    return urlencode([pair for pair in pairs if pair[1]], safe=SAFE_IN_ADDRESS)


class _Form:
    """The form in which conditions are put together, for whatever takes the filter in the end."""

    def __init__(self, request: HttpRequest, where: str, rest: Pairs, segments: Iterable[Segment] = ()) -> None:
        self.request, self.where, self.rest = request, where, rest
        self.run = current_run(request)
        self.segments = list(segments)
        self.fields = CustomerFields(request.user, self.run, segment_field(self.segments, self.run))
        self.fault = ""
        self.start = self._read(where)

    def _read(self, text: str) -> Where:
        """The filter to begin with; an empty one where the text is none, and why."""
        try:
            return read(text)
        except BadText as problem:
            self.fault = explain(problem)
            return Where()

    def answer(self, titles: dict[str, Any], applied: Callable[[Where], HttpResponse | None]) -> HttpResponse:
        """The page, or what comes of the filter once it is asked for."""
        if self.request.method != "POST":
            return self.page(checked(builder_of(self.start, self.fields)), titles)
        builder = builder_from(self.request.POST, self.fields)
        button = self.request.POST.get("do", "update")
        if button != "apply":
            return self.page(pressed(builder, button, self.fields), titles)
        builder = checked(builder)
        if "changed" in titles and self.request.POST.get("query") != self.query:
            self.fault = titles["changed"]
            return self.page(builder, titles, status=409)
        if not builder.faults and (response := applied(where_of(builder))):
            return response
        self.fault = "" if builder.faults else titles.get("nothing", "")
        return self.page(builder, titles, status=422)

    @property
    def query(self) -> str:
        """The filters that the form began with."""
        return _address([*self.rest, ("where", self.where)])

    def page(self, builder: Builder, titles: dict[str, Any], *, status: int = 200) -> HttpResponse:
        alone = "HX-Request" in self.request.headers
        context = {
            "builder": builder,
            "sections": sections(self.fields),
            "builder_words": describe(check(where_of(builder), self.fields), company_lately().currency),
            "builder_note": self.note(builder),
            "path": self.request.path,
            "query": self.query,
            "conditions": conditions_of(_address(self.rest), self.run, self.segments),
            "fault": self.fault,
        }
        template = "components/condition_builder.html" if alone else "customers/filter.html"
        return render(self.request, template, context | titles, status=status)

    def note(self, builder: Builder) -> str:
        """How many customers the rows find as far as they can be used, together with the other filters (1 query)."""
        where = write(where_of(builder))
        if not where:
            return ""
        try:
            found = capped_count(matches_of(self.request, _address([*self.rest, ("where", where)]), self.run))
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return ""
        if found.capped:
            return _("More than %(count)s customers match.") % {"count": number(found.rows)}
        text = ngettext("%(count)s customer matches.", "%(count)s customers match.", found.rows)
        return text % {"count": number(found.rows)}
