"""Amounts of cost pools by month: typed into a grid, copied from the month before, or taken from a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.components import Tab
from crm_site.lib.formatting import month as month_name
from crm_site.lib.formatting import number
from customers.importing.problems import ImportProblem
from profitability import costing_actions as actions
from profitability.amount_files import AmountFile, read_amounts
from profitability.amount_grid import Grid
from profitability.costing_actions import ChangedMeanwhile, Published
from profitability.costing_forms import AmountFileForm
from profitability.models import Costing
from profitability.periods import Length, Period, month_at, month_index, quarter_of, year_of
from profitability.permissions import EDIT_COSTING
from profitability.reports.period_words import period_name
from profitability.reports.workshop import grid_period, months_in
from profitability.tables.workshop import amounts_sheet, example_lines, faults_table
from profitability.views.files import page_with_files
from profitability.views.workshop import breadcrumbs, sent_back, version_url, visible_costing

FAULTS_SHOWN = 100


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
    context = _grid_context(costing, period, grid)
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


def _grid_context(costing: Costing, period: Period, grid: Grid) -> dict[str, Any]:
    address = reverse("costing-amounts", args=[costing.pk])
    assert period.since is not None, "A grid has a beginning."
    quarter, year = quarter_of(period.since), year_of(period.since)
    before, after = _beside(period)
    return {
        "page_title": _("Amounts of %(period)s") % {"period": period_name(period)},
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
            found = read_amounts(form.cleaned_data["file"], costing)
            if not found.faults:
                return _taken(request, costing, found)
        except ImportProblem as problem:
            form.add_error("file", _sentence(problem))
        except Published:
            return sent_back(request, costing)
    context = {
        "page_title": _("Import amounts"),
        "breadcrumbs": breadcrumbs(costing),
        "form": form,
        "multipart": True,
        "submit_label": _("Import"),
        "cancel_url": version_url(costing),
        "found": found,
        "faults": faults_table(found.faults[:FAULTS_SHOWN]) if found else None,
        "example": example_lines(list(costing.pools.all())),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "profitability/costing_amounts_import.html", context, status=status)


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
    messages.success(request, text % {"rows": number(found.rows), "changed": number(different)})
    last = max((key.month for key in found.cells), default=None)
    period = f"?period={year_of(last).code}" if last else ""
    return redirect(reverse("costing-amounts", args=[costing.pk]) + period)
