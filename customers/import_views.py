"""Screens of imports: upload a file, follow its import, see what became of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import permission_required, user_passes_test
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import Paging, Progress
from crm_site.lib.export import csv_response
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.progress import progress_of
from crm_site.lib.paging import BadCursor, Order, Page, Sort, read_page
from crm_site.lib.tables import Table, draw
from crm_site.lib.views import ListPage
from customers.import_actions import receive_people, request_import
from customers.import_figures import order_figures, people_figures
from customers.import_forms import ImportForm
from customers.import_tables import IMPORTS, REASON_COUNTS, REJECTIONS, import_facts, mapping_facts
from customers.importing.mending import mending_sheet
from customers.importing.outcome import left_behind, outcome_of
from customers.importing.problems import ImportProblem
from customers.importing.report import faults_of
from customers.models import Customer, Import
from customers.permissions import IMPORT_CUSTOMERS, IMPORT_ORDERS, VIEW_IMPORTS

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


def may_import(user: AbstractBaseUser | AnonymousUser) -> list[str]:
    """What files of this person may hold."""
    kinds = Import.Kind
    orders = [kinds.ORDERS.value] if user.has_perm(IMPORT_ORDERS) else []  # type: ignore[union-attr]
    people = [kinds.CUSTOMERS.value, kinds.PERSONS.value, kinds.MOMENTS.value]
    return orders + (people if user.has_perm(IMPORT_CUSTOMERS) else [])  # type: ignore[union-attr]


def _may_import_any(user: AbstractBaseUser | AnonymousUser) -> bool:
    if user.is_authenticated and not may_import(user):
        raise PermissionDenied
    return user.is_authenticated


@user_passes_test(_may_import_any)
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a file; a wrong one is refused at once as far as its head tells."""
    initial = {"kind": request.GET.get("kind", "")}
    form = ImportForm(request.POST or None, request.FILES or None, kinds=may_import(request.user), initial=initial)
    if request.method == "POST" and form.is_valid() and (source := _requested(form, request)):
        return redirect("import-columns" if source.stored_file else "import", source.pk)
    context = {
        "page_title": _("Import a file"),
        "breadcrumbs": [(_("Imports"), reverse("imports"))],
        "form": form,
        "multipart": True,
        "submit_label": _("Continue"),
        "cancel_url": reverse("imports"),
    }
    return render(request, "customers/import_new.html", context, status=422 if request.method == "POST" else 200)


def _requested(form: ImportForm, request: HttpRequest) -> Import | None:
    entered = form.cleaned_data
    try:
        if entered["kind"] == Import.Kind.ORDERS:
            return request_import(upload=entered["file"], mapping=entered["mapping"], requested_by=request.user)  # type: ignore[arg-type]
        return receive_people(
            upload=entered["file"],
            kind=entered["kind"],
            encoding=entered["encoding"],
            requested_by=request.user,  # type: ignore[arg-type]
        )
    except ImportProblem as problem:
        form.refuse(problem)
        return None


@permission_required(VIEW_IMPORTS, raise_exception=True)
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One import: its progress while it works, then what became of its rows."""
    source = visible_import(request, pk)
    if source.stored_file:
        return redirect("import-columns", pk)
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
            "may_import": bool(may_import(request.user)),
            "may_undo": source.can_be_undone and request.user.has_perm(IMPORT_CUSTOMERS),
        }
        result = _result(request, source) if source.finished_at else {}
        response = render(request, "customers/import.html", context | result)
    patch_vary_headers(response, ["HX-Request"])
    return response


def visible_import(request: HttpRequest, pk: int) -> Import:
    imports = Import.objects.visible_to(request.user).select_related("job", "undo_job", "requested_by")
    return get_object_or_404(imports, pk=pk)


def _progress(source: Import) -> Progress | None:
    """How far the job is; none once its work is done, which the page then tells better."""
    job = source.undo_job if source.finished_at else source.job
    if job is None or source.undone_at or (source.finished_at and job.state == Job.State.DONE):
        return None
    return replace(progress_of(job), poll_url=reverse("import", args=[source.pk]))


def _result(request: HttpRequest, source: Import) -> dict[str, Any]:
    """What became of the rows (3 queries, 1 for each page of rejected rows, 2 once it was undone)."""
    outcome = outcome_of(source)
    figures = order_figures(source) if source.kind == Import.Kind.ORDERS else people_figures(source)
    context: dict[str, Any] = {"figures": figures, "outcome": outcome}
    if source.undone_at:
        context["left"] = left_behind(source, Customer.objects.visible_to(request.user))
    if source.rejected:
        page = _rejected(request, source)
        context |= {
            "reasons": draw(REASON_COUNTS, REASON_COUNTS.columns, outcome.reasons, currency=""),
            "rejections": draw(REJECTIONS, REJECTIONS.columns, faults_of(page.rows), currency=""),
            "paging": _paging(page, source),
        }
    return context


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
    """All rejected rows as a file to be mended and imported again."""
    return csv_response(mending_sheet(visible_import(request, pk)))
