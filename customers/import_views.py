"""Screens of imports: upload a file, follow its import, see what became of its rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import starmap
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import KeyFigure, Paging, Progress
from crm_site.lib.export import csv_response
from crm_site.lib.formatting import number
from crm_site.lib.jobs.progress import progress_of
from crm_site.lib.paging import BadCursor, Order, Page, Sort, read_page
from crm_site.lib.tables import Table, draw
from crm_site.lib.views import ListPage
from customers.import_actions import request_import
from customers.import_forms import ImportForm
from customers.import_tables import IMPORTS, REASON_COUNTS, REJECTIONS, import_facts, mapping_facts
from customers.importing.outcome import outcome_of
from customers.importing.problems import ImportProblem
from customers.importing.report import Rejection, rejection_sheet
from customers.models import Import
from customers.permissions import IMPORT_ORDERS, VIEW_IMPORTS

BY_LINE = Order(Sort("line"))
PAGE_SIZE = 25


class ImportList(ListPage):
    """All imports, the latest first."""

    permission_required = VIEW_IMPORTS
    title = gettext_lazy("Imports")
    template_name = "customers/import_list.html"

    def get_table(self) -> Table:
        return IMPORTS

    def get_rows(self) -> QuerySet[Import]:
        return Import.objects.visible_to(self.request.user).select_related("job", "requested_by")


@permission_required(IMPORT_ORDERS, raise_exception=True)
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a file; a wrong one is refused at once as far as its head tells."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and (source := _requested(form, request)):
        return redirect("import", source.pk)
    context = {
        "page_title": _("Import orders"),
        "breadcrumbs": [(_("Imports"), reverse("imports"))],
        "form": form,
        "multipart": True,
        "submit_label": _("Import"),
        "cancel_url": reverse("imports"),
    }
    return render(request, "customers/import_new.html", context, status=422 if request.method == "POST" else 200)


def _requested(form: ImportForm, request: HttpRequest) -> Import | None:
    upload, mapping = form.cleaned_data["file"], form.cleaned_data["mapping"]
    try:
        return request_import(upload=upload, mapping=mapping, requested_by=request.user)  # type: ignore[arg-type]
    except ImportProblem as problem:
        form.refuse(problem)
        return None


@permission_required(VIEW_IMPORTS, raise_exception=True)
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: its progress while it works, then what became of its rows."""
    source = _visible(request, pk)
    progress = _progress(source)
    if "HX-Request" in request.headers:
        response = render(request, "pages/job_progress.html", {"progress": progress}) if progress else HttpResponse()
        if not (progress and progress.active):
            response["HX-Refresh"] = "true"
    else:
        context = {
            "page_title": source.file_name,
            "breadcrumbs": [(_("Imports"), reverse("imports"))],
            "source": source,
            "progress": progress,
            "facts": import_facts(source),
            "mapping": mapping_facts(source) if source.finished_at else [],
        }
        result = _result(request, source) if source.finished_at else {}
        response = render(request, "customers/import.html", context | result)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _visible(request: HttpRequest, pk: int) -> Import:
    imports = Import.objects.visible_to(request.user).select_related("job", "requested_by")
    return get_object_or_404(imports, pk=pk)


def _progress(source: Import) -> Progress | None:
    """How far the job is; none once the rows were kept, which the page then tells better."""
    if source.job is None or source.finished_at:
        return None
    return replace(progress_of(source.job), poll_url=reverse("import", args=[source.pk]))


def _result(request: HttpRequest, source: Import) -> dict[str, Any]:
    """What became of the rows (3 queries, and 1 for each page of rejected rows)."""
    outcome = outcome_of(source)
    context: dict[str, Any] = {"figures": _figures(source), "outcome": outcome}
    if source.rejected:
        page = _rejected(request, source)
        context |= {
            "reasons": draw(REASON_COUNTS, REASON_COUNTS.columns, outcome.reasons, currency=""),
            "rejections": draw(REJECTIONS, REJECTIONS.columns, page.rows, currency=""),
            "paging": _paging(page, source),
        }
    return context


def _figures(source: Import) -> list[KeyFigure]:
    orders = f"{reverse('orders')}?source={source.pk}"
    return [
        KeyFigure(_("Rows in the file"), number(source.rows), icon="file-spreadsheet"),
        KeyFigure(
            _("Accepted"), number(source.accepted), icon="circle-check", url=orders if source.accepted else "",
            hint=_("Now lines of orders"),
        ),
        KeyFigure(
            _("Rejected"), number(source.rejected), icon="alert-triangle", url="#rejected" if source.rejected else "",
            hint=_("Listed with reason and remedy") if source.rejected else _("Every row could be read"),
        ),
        KeyFigure(_("Skipped"), number(source.skipped), icon="copy", hint=_("Already here from an earlier import")),
    ]  # fmt: skip


def _rejected(request: HttpRequest, source: Import) -> Page:
    """The page of rejected rows that the address asks for; the first one when its place cannot be read."""
    rows = source.rejections.all()
    try:
        return read_page(rows, BY_LINE, size=PAGE_SIZE, cursor=request.GET.get("after", ""))
    except BadCursor:
        return read_page(rows, BY_LINE, size=PAGE_SIZE)


def _paging(page: Page, source: Import) -> Paging:
    return Paging(
        previous_url=f"?after={page.previous}#rejected" if page.previous else "",
        next_url=f"?after={page.next}#rejected" if page.next else "",
        first_url="?#rejected" if page.previous else "",
        shown=len(page.rows),
        count=source.rejected,
    )


@permission_required(VIEW_IMPORTS, raise_exception=True)
def import_rejections(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All rejected rows as a file to be worked through."""
    source = _visible(request, pk)
    rows = source.rejections.values_list("line", "column", "value", "reason").iterator(chunk_size=2000)
    return csv_response(rejection_sheet(f"rejected-rows-{source.pk}", starmap(Rejection, rows)))
