"""Screens of a file that waits: what its columns hold, what would become of its rows; and taking an import back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_site.lib.formatting import number
from crm_site.lib.tables import draw
from customers.import_actions import drop_upload, name_columns, request_people, request_undo, wish_of
from customers.import_forms import ColumnsForm
from customers.import_tables import PREVIEW, outcome_sentence, preview_lines, samples_of, steps_to
from customers.import_views import visible_import
from customers.importing.people import preview
from customers.importing.problems import ImportProblem
from customers.importing.uploads import stored
from customers.models import Import
from customers.permissions import IMPORT_CUSTOMERS


@permission_required(IMPORT_CUSTOMERS, raise_exception=True)
def import_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what each column of a waiting file holds."""
    source = visible_import(request, pk)
    if not source.stored_file:
        return redirect("import", pk)
    form = ColumnsForm(request.POST or None, source=source)
    if request.method == "POST" and form.is_valid() and _named(form, source):
        return redirect("import-preview", pk)
    context = {
        "page_title": _("What the columns hold"),
        "breadcrumbs": _breadcrumbs(source),
        "steps": steps_to(2),
        "source": source,
        "form": form,
        "columns": list(zip(form.columns(), samples_of(source), strict=False)),
    }
    return render(request, "customers/import_columns.html", context, status=422 if request.method == "POST" else 200)


def _named(form: ColumnsForm, source: Import) -> bool:
    entered = form.cleaned_data
    try:
        name_columns(
            source=source, mapping=entered["mapping"], mode=entered.get("mode", ""), key=entered.get("key", "")
        )
    except ImportProblem as problem:
        form.refuse(problem)
        return False
    return True


@permission_required(IMPORT_CUSTOMERS, raise_exception=True)
def import_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What would become of the first rows; sent, it starts the import."""
    source = visible_import(request, pk)
    if not source.stored_file:
        return redirect("import", pk)
    if request.method == "POST":
        request_people(import_id=pk, requested_by=request.user)  # type: ignore[arg-type]
        return redirect("import", pk)
    try:
        rows = preview(stored(source.stored_file), source.mapping, wish_of(source), request.user)  # type: ignore[arg-type]
    except ImportProblem as problem:
        messages.error(request, problem.sentence)
        return redirect("import-columns", pk)
    context = {
        "page_title": _("What will happen"),
        "breadcrumbs": _breadcrumbs(source),
        "steps": steps_to(3),
        "source": source,
        "summary": outcome_sentence(rows),
        "table": draw(PREVIEW, PREVIEW.columns, preview_lines(rows), currency=""),
    }
    return render(request, "customers/import_preview.html", context)


@require_POST
@permission_required(IMPORT_CUSTOMERS, raise_exception=True)
def import_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a file that waits."""
    source = visible_import(request, pk)
    if not source.stored_file:
        return redirect("import", pk)
    drop_upload(source=source)
    messages.success(request, _("The file was put away. Nothing was imported."))
    return redirect("imports")


@permission_required(IMPORT_CUSTOMERS, raise_exception=True)
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once more, then take an import back in the background."""
    source = visible_import(request, pk)
    if not source.can_be_undone:
        messages.info(request, _("This import cannot be undone, or is being undone already."))
        return redirect("import", pk)
    if request.method == "POST":
        request_undo(import_id=pk, requested_by=request.user)  # type: ignore[arg-type]
        return redirect("import", pk)
    figures = {"created": number(source.created), "updated": number(source.updated)}
    context = {
        "page_title": _("Undo the import?"),
        "breadcrumbs": [(_("Imports"), reverse("imports")), (source.file_name, reverse("import", args=[pk]))],
        "confirm_text": _(
            "What this import added is removed (%(created)s), and what it changed is put back (%(updated)s). "
            "What somebody has changed or used since is left as it is, and named."
        )
        % figures,
        "confirm_label": _("Undo the import"),
        "confirm_tone": "danger",
        "cancel_url": reverse("import", args=[pk]),
    }
    return render(request, "generic/confirm.html", context)


def _breadcrumbs(source: Import) -> list[tuple[str, str]]:
    return [(_("Imports"), reverse("imports")), (source.file_name, "")]
