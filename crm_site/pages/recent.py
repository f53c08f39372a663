"""Where a person has just been: the customer files opened last, and the list that led to the last of them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from crm_site.lib.views import ListPage

RECENT = 10
FILES, LIST = "recent_customers", "last_list"
LONGEST_QUERY = 8000


def note_visit(request: HttpRequest, customer_id: int) -> None:
    """Remember a file that was opened, for the palette; called beside the page, which need not wait for the writing."""
    files = request.session.get(FILES, [])
    if files[:1] != [customer_id]:
        request.session[FILES] = [customer_id, *(pk for pk in files if pk != customer_id)][:RECENT]


def note_list(request: HttpRequest) -> None:
    """Remember the list that led to a file; the session is written when that is news."""
    came_from = list_behind(request)
    if came_from and came_from != request.session.get(LIST):
        request.session[LIST] = came_from


def recent_files(request: HttpRequest) -> list[int]:
    """The keys of the customers whose files were opened last, the latest first."""
    return request.session.get(FILES, [])


def list_behind(request: HttpRequest) -> str:
    """The path and query of the list page that led here, '' when it was no list of this site."""
    address = urlsplit(request.headers.get("Referer", ""))
    if address.netloc != request.get_host() or len(address.query) > LONGEST_QUERY:
        return ""
    try:
        view = resolve(address.path).func
    except Resolver404:
        return ""
    if not issubclass(getattr(view, "view_class", object), ListPage):
        return ""
    return f"{address.path}?{address.query}" if address.query else address.path


def last_list(request: HttpRequest) -> str:
    """The address of the list that the last file was opened from, with its filters and order."""
    return request.session.get(LIST, "")
