"""Panels that a page fetches once it stands: the same address answers the panel alone, or a page of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def answer_panel(request: HttpRequest, panel: str, context: dict[str, Any]) -> HttpResponse:
    """The panel's template alone where a page asked for it in its place; within a page for a reader without scripts.

    The context is the panel's own, with `page_title` and `breadcrumbs` for the page around it.
    """
    alone = "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    response = render(request, panel if alone else "generic/panel.html", context | {"panel": panel, "alone": alone})
    patch_vary_headers(response, ["HX-Request"])
    return response
