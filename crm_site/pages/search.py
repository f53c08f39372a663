"""Search over everything: customers and orders by the beginning of what people remember of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from crm_site.lib.tables import draw
from customers import reports
from customers.models import Company, Customer, Order
from customers.tables import FOUND_CUSTOMERS, ORDERS

FOUND = 20
LONGEST_SEARCH = 200


def search(request: HttpRequest) -> HttpResponse:
    """What matches, in groups: at most twenty of each, with a link to the whole list."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    currency = Company.of(request).currency
    customers = reports.found_customers(Customer.objects.visible_to(request.user), text, FOUND) if text else []
    orders = reports.found_orders(Order.objects.visible_to(request.user), text, FOUND) if text else []
    context = {
        "page_title": _("Search"),
        "text": text,
        "customers": draw(FOUND_CUSTOMERS, FOUND_CUSTOMERS.columns, customers, currency=currency),
        "orders": draw(ORDERS, ORDERS.columns, orders, currency=currency),
        "customers_cut": len(customers) == FOUND,
        "orders_cut": len(orders) == FOUND,
    }
    return render(request, "pages/search.html", context)
