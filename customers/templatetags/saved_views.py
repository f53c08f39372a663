"""The menu of saved views beside the title of a list: `{% load saved_views %}{% saved_views %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context

from customers.models import SavedView
from customers.permissions import ADD_SEGMENT
from customers.saved_view_actions import kept_query

register = template.Library()

MOST_VIEWS = 50


@register.inclusion_tag("customers/saved_views.html", takes_context=True)
def saved_views(context: Context) -> dict[str, Any]:
    """The views of the present list that one may see; is the list still as the opened one says? (1 query)"""
    request: HttpRequest = context["request"]
    match = request.resolver_match
    if match is None or match.kwargs or not match.url_name:
        return {"offered": False}  # only a list with an address of its own is kept by its name
    views = SavedView.objects.of_list(request.user, match.url_name, MOST_VIEWS)
    query = kept_query(request.META.get("QUERY_STRING", ""))
    current = next((view for view in views if str(view.pk) == request.GET.get("view")), None)
    return {
        "offered": True,
        "views": views,
        "pinned": [view for view in views if view.is_pinned],
        "current": current,
        "changed": current is not None and kept_query(current.query) != query,
        "query": query,
        "path": request.path,
        "list_name": match.url_name,
        "user": request.user,
        "may_add_segment": request.user.has_perm(ADD_SEGMENT),
        "csrf_token": context.get("csrf_token"),
    }
