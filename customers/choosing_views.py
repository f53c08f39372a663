"""Customers offered while one is typed."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from customers.choosing import choosable, labelled, offered
from customers.permissions import VIEW_CUSTOMERS


@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def customer_choices(request: HttpRequest) -> HttpResponse:
    """The first customers whom a text may mean, for choosing.js (3 queries)."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    visible = choosable(request.user, kinds=request.GET.get("kinds", ""))
    shown = visible.only("reference", "kind", "name", "given_name", "city", "sort_key")
    choices = [(labelled(customer), customer) for customer in offered(shown, text)]
    return render(request, "customers/choices.html", {"choices": choices})
