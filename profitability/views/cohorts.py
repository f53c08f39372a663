"""Customers in classes by recency, frequency and value, and in cohorts by where and when they came from."""

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Tab
from crm_site.lib.downloads import Tabular
from crm_site.lib.formatting import day, month
from crm_site.lib.jobs.progress import progress_of
from customers.models import AcquisitionSource, Company, Run
from profitability.cohort_actions import cohorts_for
from profitability.cohorts import Cohort, Cohorts
from profitability.models import RunCohorts
from profitability.permissions import SEE_VALUE
from profitability.reports.rfm import classes_now
from profitability.reports.runs import published_now
from profitability.tables.cohorts import cohort_sheet, profit_table, retention_table, worth_table
from profitability.tables.rfm import classes_sheet, classes_table, grid, parts_table, rfm_sheet
from profitability.views.files import page_with_files

LATEST = 24  # cohorts of months that fit a screen; the file has them all
SORTS = ("months", "sources")


@permission_required(SEE_VALUE, raise_exception=True)
def rfm_page(request: HttpRequest) -> HttpResponseBase:
    """The grid of recency and frequency, its parts, and what each class stands for (3 queries)."""
    found, currency = classes_now(), Company.of(request).currency
    context: dict[str, Any] = {"page_title": _("Recency, frequency, value")}
    files: dict[str, Tabular | None] = {}
    if found and found.cells:
        context |= {
            "page_subtitle": _("Figures as of %(day)s") % {"day": day(found.run.as_of)},
            "grid": grid(found.cells, currency),
            "parts": parts_table(found.cells, currency),
            "classes": classes_table(found.cells, currency),
        }
        # The grid as a file is told apart by value too.
        files = {"grid": rfm_sheet(found.cells), "parts": context["parts"], "classes": classes_sheet(found.cells)}
    return page_with_files(request, "profitability/rfm.html", context, **files)


@permission_required(SEE_VALUE, raise_exception=True)
def cohorts_page(request: HttpRequest) -> HttpResponseBase:
    """Retention and cumulative profit by month of life, for customers won in a month or by a source (4 queries)."""
    published = published_now()
    sort = _sort(request)
    context: dict[str, Any] = {"page_title": _("Cohorts"), "tabs": _tabs(sort), "sort": sort}
    files: dict[str, Tabular | None] = {}
    if published and published.run.has_rows:
        kept = cohorts_for(run=published.run, totals=published.totals, by=request.user)
        shown = _shown(kept, published.run, sort, Company.of(request).currency)
        context |= shown
        files = {name: shown.get(name) for name in ("ages", "retention", "profit", "worth")}
    return page_with_files(request, "profitability/cohorts.html", context, **files)


def _shown(kept: RunCohorts, run: Run, sort: str, currency: str) -> dict[str, Any]:
    if not kept.computed_at:
        return {"job": progress_of(kept.job, reload="done") if kept.job else None}
    cohorts = _of(Cohorts.from_json(kept.totals), sort)
    if not cohorts:
        return {}
    names = _names(sort, cohorts)
    shown = cohorts[-LATEST:]
    return {
        "page_subtitle": _("Figures as of %(day)s") % {"day": day(run.as_of)},
        "ages": cohort_sheet(f"cohorts-{sort}", cohorts, names),  # which as a file is whole
        "retention": retention_table(shown, names),
        "profit": profit_table(shown, names, currency),
        "worth": worth_table(shown, names, currency),
        "some_left_out": len(cohorts) - len(shown),
    }


def _sort(request: HttpRequest) -> str:
    asked = request.GET.get("by", "")
    return asked if asked in SORTS else SORTS[0]


def _of(cohorts: Cohorts, sort: str) -> tuple[Cohort, ...]:
    return cohorts.months if sort == "months" else cohorts.sources


def _tabs(sort: str) -> list[Tab]:
    names = {"months": _("By month of the first order"), "sources": _("By acquisition source")}
    return [Tab(name, f"{reverse('cohorts')}?by={code}", active=code == sort) for code, name in names.items()]


def _names(sort: str, cohorts: tuple[Cohort, ...]) -> dict[str, str]:
    """What cohorts are called (1 query for sources)."""
    if sort == "months":
        return {cohort.key: month(dt.date.fromisoformat(cohort.key)) for cohort in cohorts}
    known = {str(source.pk): str(source) for source in AcquisitionSource.objects.all()}
    return {cohort.key: known.get(cohort.key, _("Source not known")) for cohort in cohorts}
