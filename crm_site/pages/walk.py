"""From one customer's file to the next, along the list that it was opened from."""

from __future__ import annotations

from copy import copy
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.paging import Cursor, read_page
from crm_site.pages.recent import last_list
from customers.models import Customer
from customers.permissions import VIEW_CUSTOMERS
from customers.views import CustomerList


def can_walk(request: HttpRequest) -> bool:
    """Whether the last list was one of customers, along which files can be turned over."""
    return urlsplit(last_list(request)).path == reverse("customers")


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_next(request: HttpRequest, pk: int) -> HttpResponse:
    """The file after this one in the list."""
    return _walked(request, pk, backwards=False)


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_previous(request: HttpRequest, pk: int) -> HttpResponse:
    """The file before this one in the list."""
    return _walked(request, pk, backwards=True)


def _walked(request: HttpRequest, pk: int, *, backwards: bool) -> HttpResponse:
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    found = neighbour(request, pk, backwards=backwards)
    if found is None:
        messages.info(request, _("The list ends here."))
    return redirect(found or customer)


def neighbour(request: HttpRequest, pk: int, *, backwards: bool) -> Customer | None:
    """The customer beside this one in the last list; None at its end and for who is not in it (2 queries for keys)."""
    asked = copy(request)
    asked.GET = QueryDict(urlsplit(last_list(request)).query)
    page = CustomerList()
    page.setup(asked)
    here = page.rows.filter(pk=pk).first()
    if here is None:
        return None
    order = page.reading_order
    place = Cursor(getattr(here, order.sort.path), pk, backwards).encode()
    found = read_page(page.rows, order, size=1, cursor=place).rows
    # Asked for what precedes the first row, a page answers with that row itself.
    return found[0] if found and found[0].pk != pk else None
