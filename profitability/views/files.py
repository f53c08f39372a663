"""The tables of the pages of profitability as files."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from crm_site.lib.downloads import Tabular, page_or_file
from customers.permissions import EXPORT


def page_with_files(
    request: HttpRequest, template: str, context: dict[str, Any], **tables: Tabular | None
) -> HttpResponseBase:
    """The page, or the one of its tables and charts that the address asks for as a file."""
    return page_or_file(request, template, context, tables, permission=EXPORT)
