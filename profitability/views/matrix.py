"""The customer × product matrix: who earns and loses what on which products, and one cell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Fact
from crm_site.lib.formatting import money, percent
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company, Customer, OrderLine
from profitability.matrix import mark
from profitability.matrix_actions import matrix_for, totals_of
from profitability.matrix_totals import ANONYMOUS_ROW, MatrixTotals
from profitability.permissions import SEE_VALUE
from profitability.reports.matrix import (
    Cell,
    Named,
    Place,
    best_columns,
    cell_of,
    latest_lines,
    lines_of_customer,
    matrix_at,
)
from profitability.reports.matrix_names import COLUMNS, CUSTOMERS, ROWS, customers_url, row_names
from profitability.reports.runs import Published, published_now
from profitability.tables.matrix import LINES, MARKS, SHOWN, Writer, finding, legend, place_query, sheet
from profitability.tables.ranking import unsorted
from profitability.views.files import page_with_files
from profitability.views.runs import recompute_context, run_url

UNKNOWN_ROW = "none"  # in addresses: the group of whom it is not known


@dataclass(frozen=True)
class Asked:
    """What an address asks for, once it was found to make sense."""

    published: Published
    totals: MatrixTotals
    named: Named
    show: str


@permission_required(SEE_VALUE, raise_exception=True)
def matrix_page(request: HttpRequest) -> HttpResponseBase:
    """The matrix as a heat map that is a table: by group of customers or customer by customer; or as a file."""
    published = published_now()
    if published is None:
        context = {"page_title": _("Customer × product matrix")} | recompute_context(request.user)
        return render(request, "profitability/not_computed.html", context)
    stored = matrix_for(run=published.run, by=request.user)
    if not stored.computed_at:
        context = {
            "page_title": _("Customer × product matrix"),
            "job": progress_of(stored.job, reload="done") if stored.job else None,
        }
        return render(request, "profitability/matrix_waiting.html", context)
    asked = _asked(request, published, totals_of(stored))
    return page_with_files(
        request, "profitability/matrix.html", _context(request, asked), matrix=sheet(asked.named, asked.show)
    )


def _asked(request: HttpRequest, published: Published, totals: MatrixTotals) -> Asked:
    """The matrix that the address names; what does not exist is not found."""
    query = request.GET
    rank = query.get("from_rank", "1")
    place = Place(
        rows=query.get("rows") or "category",
        columns=query.get("columns") or best_columns(totals),
        of_rows=query.get("of_rows", ""),
        of=query.get("of", ""),
        from_rank=max(int(rank), 1) if rank.isdecimal() and len(rank) < 10 else 1,
    )
    if place.rows not in ROWS or place.columns not in COLUMNS or place.of_rows not in {"", *ROWS} - {CUSTOMERS}:
        raise Http404
    named = matrix_at(place, published, totals, request.user)
    if named is None:
        raise Http404
    show = query.get("show", "profit")
    return Asked(published, totals, named, show if show in SHOWN else "profit")


def _context(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    place, currency = asked.named.place, Company.of(request).currency
    address = f"{reverse('matrix')}?{place_query(place, show=asked.show)}"
    return {
        "page_title": _("Customer × product matrix"),
        "data_as_of": asked.published.run.published_at,
        "data_url": run_url(request.user, asked.published),
        "place": place,
        "group": _group_name(asked),
        "group_url": f"{reverse('matrix')}?{place_query(Place(place.of_rows, place.columns))}" if place.of_rows else "",
        "rows_offered": [(name, label, name == place.rows) for name, label in ROWS.items()],
        "columns_offered": [(name, label, name == place.columns) for name, label in COLUMNS.items()],
        "shown_offered": [(name, label, name == asked.show) for name, label in SHOWN.items()],
        "heads": [asked.named.columns.get(key, key) for key in asked.named.matrix.columns],
        "body": Writer(asked.named, asked.show).rows(),
        "unit": _("Amounts in %(currency)s") % {"currency": currency} if asked.show != "margin" else "",
        "finding": finding(asked.named, currency),
        "legend": legend(),
        "average": percent(asked.named.average),
        "overlapping": asked.named.matrix.overlapping,
        "records_changed": asked.totals.records_changed,
        "next_url": f"{address}&from_rank={asked.named.next_rank}" if asked.named.next_rank else "",
        "first_url": address if place.from_rank > 1 else "",
    }


def _group_name(asked: Asked) -> str:
    """The group whose customers are shown one by one."""
    place = asked.named.place
    if not place.of_rows or place.rows != CUSTOMERS:
        return ""
    return row_names(place.of_rows, [place.of]).get(place.of, place.of)


@permission_required(SEE_VALUE, raise_exception=True)
def matrix_cell(request: HttpRequest) -> HttpResponseBase:
    """One cell: what it comes to, its customers and orders, and the levers that lead to a what-if."""
    if "row" not in request.GET:
        return redirect("matrix")
    published = published_now()
    stored = matrix_for(run=published.run, by=request.user) if published else None
    if published is None or stored is None or not stored.computed_at:
        raise Http404
    asked = _asked(request, published, totals_of(stored))
    key = request.GET.get("row", "")
    cell = cell_of(asked.named, "" if key == UNKNOWN_ROW else key, request.GET.get("column", ""))
    if cell is None:
        raise Http404
    context = _cell_context(request, asked, cell)
    return page_with_files(request, "profitability/matrix_cell.html", context, lines=context["lines"])


def _cell_context(request: HttpRequest, asked: Asked, cell: Cell) -> dict[str, Any]:
    named, currency = asked.named, Company.of(request).currency
    place, row = named.place, named.rows.get(cell.row.key, cell.row.key)
    column = named.columns.get(cell.column, "") if cell.column else _("No product")
    back = f"{reverse('matrix')}?{place_query(place)}"
    found = mark(cell.amounts, cell.average)
    return {
        "page_title": f"{row} × {column}",
        "breadcrumbs": [(_("Customer × product matrix"), back)],
        "data_as_of": asked.published.run.published_at,
        "data_url": run_url(request.user, asked.published),
        "mark": found.value.replace("-", "−"),
        "mark_words": MARKS.get(found, ""),
        "facts": _facts(cell, currency),
        "is_product": bool(cell.column),
        "lines": unsorted(LINES, _lines(request, asked, cell), currency) if cell.column else None,
        "customers_url": customers_url(place.rows, cell.row.key),
        "customer_url": reverse("customer", args=[cell.row.key]) if place.rows == CUSTOMERS else "",
        "members_url": _members_url(place, cell),
        "levers": _levers(place, cell) if cell.row.key != ANONYMOUS_ROW else [],
    }


def _members_url(place: Place, cell: Cell) -> str:
    if place.rows == CUSTOMERS or cell.row.key in ("", ANONYMOUS_ROW, "others", "total"):
        return ""
    return f"{reverse('matrix')}?{place_query(Place(CUSTOMERS, place.columns, place.rows, cell.row.key))}"


def _facts(cell: Cell, currency: str) -> list[Fact]:
    amounts = cell.amounts
    return [
        Fact(_("Net revenue"), money(amounts.net_revenue / 100, currency)),
        Fact(_("Cost of goods"), money(amounts.cost_of_goods / 100, currency)),
        Fact(_("Gross margin"), money(amounts.gross_margin / 100, currency)),
        Fact(_("Cost to serve"), money(amounts.cost_to_serve / 100, currency)),
        *([Fact(_("Direct costs"), money(amounts.direct_costs / 100, currency))] if amounts.direct_costs else []),
        Fact(_("Profit"), money(amounts.profit / 100, currency)),
        Fact(_("Margin"), percent(amounts.margin)),
        Fact(_("Average margin of all products"), percent(cell.average)),
    ]


def _lines(request: HttpRequest, asked: Asked, cell: Cell) -> list[OrderLine]:
    place, columns = asked.named.place, asked.named.matrix.columns
    visible = Customer.objects.visible_to(request.user)
    if place.rows == CUSTOMERS:
        if not visible.filter(pk=cell.row.key).exists():
            return []
        return list(lines_of_customer(int(cell.row.key), place.columns, cell.column, columns))
    return latest_lines(asked.named, cell, asked.published.run, visible)


def _levers(place: Place, cell: Cell) -> list[tuple[str, str, str]]:
    """The three levers of a cell, each with the address of a what-if that is about this cell."""
    target = place_query(Place(place.rows, place.columns), row=cell.row.key or UNKNOWN_ROW, column=cell.column)
    address = f"{reverse('scenario-new')}?{target}"
    if not cell.column:
        return [(_("Change the service"), f"{address}&lever=service", "adjustments-horizontal")]
    return [
        (_("Raise the price"), f"{address}&lever=price", "coins"),
        (_("Drop the product"), f"{address}&lever=drop", "trash"),
        (_("Encourage what earns"), f"{address}&lever=promote", "speakerphone"),
    ]
