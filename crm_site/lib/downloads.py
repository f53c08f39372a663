"""The tables and charts of a page as files, each as CSV and as a workbook, at the address of the page.

A page names them, and `?table=rates&format=csv` answers one of them in place of the page: with the period, filter or
group that the rest of the address asks for, behind the same permission as the page and that to export besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from crm_site.lib.export import RESPONSES, Sheet

# Of the address of a page, what asks for a file.
ASKING = ("format", "table")


class Tabular(Protocol):
    """What can be a file: a table or chart as it is drawn, or rows that no page shows in full."""

    @property
    def title(self) -> str: ...

    def as_sheet(self, name: str) -> Sheet: ...


@dataclass(frozen=True)
class Later:
    """A table that is worked out only when somebody asks for it as a file: more of it than its page shows."""

    title: str
    make: Callable[[], Tabular]

    def as_sheet(self, name: str) -> Sheet:
        return self.make().as_sheet(name)


@dataclass(frozen=True, slots=True)
class FileLinks:
    """Where a table of a page is a file; drawn by `{% downloads %}`."""

    title: str
    csv_url: str
    xlsx_url: str


def page_or_file(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    tables: Mapping[str, Tabular | None],
    *,
    permission: str,
) -> HttpResponseBase:
    """The page, with links to its tables by name in `files`; or the table that the address asks for.

    Tables that are None are not there today. Whoever may not export gets no links.
    """
    if answer := file_asked_for(request, tables, permission=permission):
        return answer
    return render(request, template, context | {"files": file_links(request, tables, permission=permission)})


def file_asked_for(
    request: HttpRequest, tables: Mapping[str, Tabular | None], *, permission: str
) -> HttpResponseBase | None:
    """The table that the address asks for as a file, the first where it names none; None where it asks for no file."""
    respond = RESPONSES.get(request.GET.get("format", ""))
    if respond is None:
        return None
    if not request.user.has_perm(permission):
        raise PermissionDenied
    name = request.GET.get("table") or next(iter(tables), "")
    table = tables.get(name)
    if table is None:
        raise Http404
    return respond(table.as_sheet(_file_name(request, name)))


def _file_name(request: HttpRequest, table: str) -> str:
    """What a file is called: by its page and, where that does not say it yet, by its table."""
    page, name = (request.resolver_match and request.resolver_match.url_name) or "", table.replace("_", "-")
    return page if page.endswith(name) else f"{page}-{name}"


def file_links(request: HttpRequest, tables: Mapping[str, Tabular | None], *, permission: str) -> dict[str, FileLinks]:
    """The addresses of the tables that are there, for whoever may export."""
    if not request.user.has_perm(permission):
        return {}
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in ASKING]

    def url(name: str, kind: str) -> str:
        return f"{request.path}?" + urlencode([*kept, ("table", name), ("format", kind)])

    return {
        name: FileLinks(table.title, url(name, "csv"), url(name, "xlsx")) for name, table in tables.items() if table
    }
