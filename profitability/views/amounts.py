"""Amounts of cost pools by month: typed into a grid, copied from the month before, or taken from a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.components import Tab
from crm_site.lib.export import csv_response
from crm_site.lib.formatting import month as month_name
from crm_site.lib.formatting import number
from customers.importing.problems import PROBLEMS, ImportProblem
from customers.importing.uploads import discard, put_away, stored
from customers.models import Company
from profitability import costing_actions as actions
from profitability.amount_files import MOST_ROWS, AmountFile, TooManyRows, read_amounts
from profitability.amount_grid import Grid
from profitability.costing_actions import ChangedMeanwhile, Published
from profitability.costing_forms import AmountFileForm
from profitability.models import Costing
from profitability.periods import Length, Period, month_at, month_index, quarter_of, year_of
from profitability.permissions import EDIT_COSTING
from profitability.reports.period_words import period_name
from profitability.reports.workshop import grid_period, months_in
from profitability.tables.amounts import amounts_sheet, amounts_to_mend, example_lines, faults_table
from profitability.views.files import page_with_files
from profitability.views.workshop import breadcrumbs, sent_back, version_url, visible_costing

FAULTS_SHOWN = 50
# Where the session of a person keeps which file was refused last.
TO_MEND = "amounts_to_mend"


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_amounts(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The grid of a quarter or a year: what each cost pool cost in each month, and its capacity where it differs."""
    costing = visible_costing(request, pk)
    if not costing.is_draft:
        return sent_back(request, costing)
    period = grid_period(costing, request.GET.get("period", ""))
    grid = _grid(costing, period)
    if request.method == "POST":
        grid.read(request.POST)
        if not grid.faults and (answer := _saved(request, costing, period, grid)):
            return answer
    context = _grid_context(costing, period, grid, Company.of(request).currency)
    if grid.faults:
        return render(request, "profitability/costing_amounts.html", context, status=422)
    return page_with_files(request, "profitability/costing_amounts.html", context, amounts=amounts_sheet(costing))


def _grid(costing: Costing, period: Period) -> Grid:
    months = months_in(period)
    return Grid(list(costing.pools.all()), months, actions.cells_of(costing, months))


def _saved(request: HttpRequest, costing: Costing, period: Period, grid: Grid) -> HttpResponse | None:
    """The answer once the grid was written; None when it was refused, with the reasons in the grid."""
    try:
        changed = actions.change_cells(
            costing_id=costing.pk, seen_cells=grid.seen_in(request.POST.get("seen", "")), typed=grid.typed
        )
        target = next((month for month in grid.months if request.POST.get("copy") == f"{month:%Y-%m}"), None)
        filled = _copied(costing, target) if target else 0
    except Published:
        return sent_back(request, costing)
    except ChangedMeanwhile as conflict:
        grid.present = actions.cells_of(costing, grid.months)
        grid.fought(conflict.present)
        return None
    messages.success(request, _said(changed, filled, target))
    return redirect(f"{reverse('costing-amounts', args=[costing.pk])}?period={period.code}")


def _copied(costing: Costing, target: dt.date) -> int:
    source = month_at(month_index(target) - 1)
    return actions.copy_month(costing_id=costing.pk, source=source, target=target)


def _said(changed: int, filled: int, target: dt.date | None) -> str:
    """What was written, in words."""
    if target is not None:
        text = ngettext(
            "%(count)s empty cell of %(month)s was filled from the month before.",
            "%(count)s empty cells of %(month)s were filled from the month before.",
            filled,
        )
        return text % {"count": number(filled), "month": month_name(target)}
    text = ngettext(
        "%(count)s figure was saved. It counts once this draft is published.",
        "%(count)s figures were saved. They count once this draft is published.",
        changed,
    )
    return text % {"count": number(changed)}


def _grid_context(costing: Costing, period: Period, grid: Grid, currency: str) -> dict[str, Any]:
    address = reverse("costing-amounts", args=[costing.pk])
    assert period.since is not None, "A grid has a beginning."
    quarter, year = quarter_of(period.since), year_of(period.since)
    before, after = _beside(period)
    return {
        "page_title": _("Amounts of %(period)s") % {"period": period_name(period)},
        "page_subtitle": _("Amounts in %(currency)s") % {"currency": currency},
        "breadcrumbs": breadcrumbs(costing),
        "costing": costing,
        "grid": grid,
        "months": grid.months,
        "address": f"{address}?period={period.code}",
        "tabs": [
            Tab(_("Quarter"), f"{address}?period={quarter.code}", period.length == Length.QUARTER),
            Tab(_("Year"), f"{address}?period={year.code}", period.length == Length.YEAR),
        ],
        "before": (period_name(before), f"{address}?period={before.code}"),
        "after": (period_name(after), f"{address}?period={after.code}"),
        "import_url": reverse("costing-amounts-import", args=[costing.pk]),
        "cancel_url": version_url(costing),
        "faults": len(grid.faults),
    }


def _beside(period: Period) -> tuple[Period, Period]:
    """The quarters or years before and after."""
    assert period.since is not None, "A grid has a beginning."
    assert period.until is not None, "A grid has an end."
    make = quarter_of if period.length == Length.QUARTER else year_of
    return make(month_at(month_index(period.since) - 1)), make(month_at(month_index(period.until) + 1))


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_amounts_import(request: HttpRequest, pk: int) -> HttpResponse:
    """Take amounts from a file; one with any row that cannot be taken changes nothing, and each such row is named."""
    costing = visible_costing(request, pk)
    if not costing.is_draft:
        return sent_back(request, costing)
    form = AmountFileForm(request.POST or None, request.FILES or None)
    found: AmountFile | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = _read(request, form.cleaned_data["file"], costing)
            if not found.faults:
                return _taken(request, costing, found)
        except ImportProblem as problem:
            form.add_error("file", _sentence(problem))
        except TooManyRows:
            said = _("The file has more than %(most)s rows. Split it into several files.")
            form.add_error("file", said % {"most": number(MOST_ROWS)})
        except Published:
            return sent_back(request, costing)
    context = {
        "page_title": _("Import amounts"),
        "breadcrumbs": breadcrumbs(costing),
        "form": form,
        "multipart": True,
        "submit_label": _("Import"),
        "cancel_url": version_url(costing),
        "refused": len(found.refused) if found else 0,
        "faults": faults_table(found.faults[:FAULTS_SHOWN]) if found else None,
        "faults_left_out": max(len(found.faults) - FAULTS_SHOWN, 0) if found else 0,
        "rejected_url": reverse("costing-amounts-rejected", args=[costing.pk]),
        "example": example_lines(list(costing.pools.all())),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "profitability/costing_amounts_import.html", context, status=status)


def _read(request: HttpRequest, upload: UploadedFile, costing: Costing) -> AmountFile:
    """What a file says; it is kept for this person, and no longer than the next one, while it has rows to mend."""
    _forget(request)
    name = put_away(upload)
    try:
        found = read_amounts(stored(name), costing)
    except (ImportProblem, TooManyRows):
        discard(name)
        raise
    if found.faults:
        request.session[TO_MEND] = {"file": name, "costing": costing.pk}
    else:
        discard(name)
    return found


def _forget(request: HttpRequest) -> None:
    if kept := request.session.pop(TO_MEND, None):
        discard(kept["file"])


@permission_required(EDIT_COSTING, raise_exception=True)
def costing_amounts_rejected(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows of the file that was refused last, those to be mended first, as a file to be imported again."""
    costing = visible_costing(request, pk)
    kept = request.session.get(TO_MEND) or {}
    if kept.get("costing") != costing.pk or not stored(kept["file"]).exists():
        messages.error(request, PROBLEMS["upload_gone"])
        return redirect("costing-amounts-import", pk)
    return csv_response(amounts_to_mend(read_amounts(stored(kept["file"]), costing)))


def _sentence(problem: ImportProblem) -> str:
    """What is wrong with a file as a whole; this page has no mapping of columns to be told about."""
    match problem.code:
        case "incomplete_mapping":
            words = _("The first line must name the columns of cost pool, month and amount. It says: %(columns)s.")
        case "encoding_unknown":
            words = _("Line %(line)s of the file cannot be read as text. Save the file as CSV (UTF-8) or as XLSX.")
        case _:
            return problem.sentence
    return words % problem.values


def _taken(request: HttpRequest, costing: Costing, found: AmountFile) -> HttpResponse:
    different = actions.fill_cells(costing_id=costing.pk, cells=found.cells)
    text = _("Rows read: %(rows)s. Figures that changed: %(changed)s. They count once this draft is published.")
    messages.success(request, text % {"rows": number(len(found.rows)), "changed": number(different)})
    last = max((key.month for key in found.cells), default=None)
    period = f"?period={year_of(last).code}" if last else ""
    return redirect(reverse("costing-amounts", args=[costing.pk]) + period)
