"""Screens of segments: the list, one segment with its figures and policy, and its forms."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.counting import expected_rows
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers import reports
from customers.forms import CustomerFilters
from customers.models import Company, Customer, Run, Segment
from customers.models.customer import CustomerQuerySet
from customers.models.segment import SegmentQuerySet
from customers.permissions import (
    ADD_SEGMENT,
    CHANGE_SEGMENT,
    DELETE_SEGMENT,
    EXPORT,
    SEE_ALL,
    VIEW_FIGURES,
    VIEW_SEGMENTS,
)
from customers.segment_actions import TooManyMembers, create_segment, filters_of
from customers.segment_forms import NewSegmentForm, SegmentFilters, SegmentForm
from customers.segment_reports import state_of, with_figures
from customers.segment_tables import segment_facts, segment_figures, segment_table


def current_run(request: HttpRequest) -> Run | None:
    """The run whose figures this person may see (1 query)."""
    return Run.objects.current_head() if request.user.has_perm(VIEW_FIGURES) else None


class SegmentList(ListPage):
    """The segments that one may see, by name or by what they amounted to at the current run."""

    permission_required = VIEW_SEGMENTS
    export_permission = EXPORT
    title = gettext_lazy("Segments")
    template_name = "customers/segment_list.html"

    @cached_property
    def run(self) -> Run | None:
        return current_run(self.request)

    def get_table(self) -> Table:
        return segment_table(figures=self.run is not None and self.request.user.has_perm(SEE_ALL))

    def get_filters(self) -> SegmentFilters:
        return SegmentFilters(self.request.GET)

    def get_rows(self) -> SegmentQuerySet:
        return with_figures(Segment.objects.visible_to(self.request.user).select_related("owner"), self.run)

    def get_currency(self) -> str:
        return Company.of(self.request).currency


def visible_segment(request: HttpRequest, pk: int) -> Segment:
    """The segment, if this person may see it; to whoever sees no segments there is none."""
    return get_object_or_404(Segment.objects.visible_to(request.user).select_related("owner", "team"), pk=pk)


def own_segment(request: HttpRequest, pk: int, permission: str) -> Segment:
    """The segment, if this person may change it: its owner may, and whoever sees all customers."""
    segment = visible_segment(request, pk)
    if not (request.user.has_perm(permission) and may_change(request, segment)):
        raise PermissionDenied
    return segment


def may_change(request: HttpRequest, segment: Segment) -> bool:
    """Whether this segment is this person's, or all are."""
    return segment.owner_id == request.user.pk or request.user.has_perm(SEE_ALL)


def segment_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One segment: who belongs to it, what it is worth, how that moved, and how it is treated."""
    segment, run = visible_segment(request, pk), current_run(request)
    members_url = f"{reverse('customers')}?segment={segment.pk}"
    context = {
        "page_title": segment.label,
        "breadcrumbs": [(_("Segments"), reverse("segments"))],
        "segment": segment,
        "figures": segment_figures(state_of(segment, run, request.user), Company.of(request).currency, members_url),  # type: ignore[arg-type]
        "run": run,
        "data_as_of": run and run.published_at,
        "members_url": members_url,
        "conditions": conditions_of(segment.query, run),
        "facts": segment_facts(segment),
        "may_change": may_change(request, segment),
    }
    return render(request, "customers/segment.html", context)


def conditions_of(query: str, run: Run | None, segments: Iterable[Segment] = ()) -> list[tuple[str, str]]:
    """Filters in words: what each is about, and its value; those that can no longer be used say so."""
    filters = CustomerFilters(QueryDict(query), choices=reports.filter_choices(), run=run, segments=list(segments))
    usable = filters.in_force()
    found: list[tuple[str, str]] = []
    for name in filters.data:
        if name in usable:
            found += [(words.label, words.value) for words in filters.words(name, usable[name])]
        elif name in CustomerFilters.base_fields:
            label = str(CustomerFilters.base_fields[name].label)
            found.append((label, _("no longer usable: nobody belongs to it")))
    return found


def matches_of(request: HttpRequest, query: str, run: Run | None) -> CustomerQuerySet:
    """The customers that this person sees in the customer list under these filters."""
    segments = list(Segment.objects.visible_to(request.user))
    choices = reports.filter_choices()
    filters = CustomerFilters(
        QueryDict(query), choices=choices, run=run, segments=segments, user=request.user, expected=expected_rows
    )
    filters.is_valid()
    if filters.errors:
        return Customer.objects.none()
    return filters.apply(reports.portfolio(Customer.objects.visible_to(request.user), run))  # type: ignore[return-value]


@permission_required(ADD_SEGMENT, raise_exception=True)
def segment_create(request: HttpRequest) -> HttpResponse:
    """Make a segment of the customers that the filters of the list find."""
    run = current_run(request)
    initial = {"owner": request.user.pk, "filters": filters_of(request.GET.get("filters", ""))}
    if request.method == "GET" and not initial["filters"]:
        messages.info(request, _("Filter the list of customers first: a segment is what its filters find."))
        return redirect("customers")
    form = NewSegmentForm(request.POST or None, initial=initial, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid() and (segment := _created(request, form, run)):
        messages.success(request, _("The segment “%(name)s” was made.") % {"name": segment})
        return redirect("segment", segment.pk)
    query = str(form.data.get("filters", "") if form.is_bound else initial["filters"])
    context = {
        "page_title": _("New segment"),
        "breadcrumbs": [(_("Segments"), reverse("segments"))],
        "form": form,
        "conditions": conditions_of(filters_of(query), run, Segment.objects.visible_to(request.user)),
        "cancel_url": reverse("customers") + f"?{filters_of(query)}",
    }
    return render(request, "customers/segment_new.html", context, status=422 if form.is_bound else 200)


def _created(request: HttpRequest, form: NewSegmentForm, run: Run | None) -> Segment | None:
    segment = form.save(commit=False)
    try:
        return create_segment(segment=segment, matches=matches_of(request, segment.query, run), run=run)
    except TooManyMembers:
        form.too_many()
        return None


def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a segment's name and relational policy, unless somebody else did so since; its filters stay."""
    segment = own_segment(request, pk, CHANGE_SEGMENT)
    name = segment.label
    form = SegmentForm(request.POST or None, instance=segment, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and _changed(form):
        messages.success(request, _("The changes to %(segment)s were saved.") % {"segment": segment})
        return redirect("segment", pk)
    context = {
        "page_title": _("Edit %(segment)s") % {"segment": name},
        "breadcrumbs": [(_("Segments"), reverse("segments")), (name, reverse("segment", args=[pk]))],
        "form": form,
        "cancel_url": reverse("segment", args=[pk]),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _changed(form: SegmentForm) -> bool:
    """Checked and written in one go: nobody comes between."""
    if not form.is_valid():
        return False
    form.save()
    return True


def segment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then forget a segment and its figures; its customers stay."""
    segment = own_segment(request, pk, DELETE_SEGMENT)
    if request.method == "POST":
        segment.delete()
        messages.success(request, _("The segment “%(name)s” was deleted.") % {"name": segment})
        return redirect("segments")
    context: dict[str, Any] = {
        "page_title": _("Delete the segment “%(name)s”?") % {"name": segment},
        "breadcrumbs": [(_("Segments"), reverse("segments")), (segment.label, reverse("segment", args=[pk]))],
        "confirm_text": _("Its policy and the figures kept at each recompute are deleted. Its customers stay."),
        "confirm_label": _("Delete"),
        "confirm_tone": "danger",
        "cancel_url": reverse("segment", args=[pk]),
    }
    return render(request, "generic/confirm.html", context)
