"""Screens of orders."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.tables import Table, draw
from crm_site.lib.views import ListPage
from customers import reports
from customers.forms import OrderFilters
from customers.models import Company, Order
from customers.models.order import OrderQuerySet
from customers.permissions import EXPORT, VIEW_IMPORTS, VIEW_ORDERS
from customers.tables import ORDER_LINES, ORDERS, order_amounts, order_facts

MOST_LINES = 1000


class OrderList(ListPage):
    """All orders, the latest first."""

    permission_required = VIEW_ORDERS
    export_permission = EXPORT
    title = gettext_lazy("Orders")
    template_name = "customers/order_list.html"

    def get_table(self) -> Table:
        return ORDERS

    def get_filters(self) -> OrderFilters:
        return OrderFilters(self.request.GET, user=self.request.user)

    def get_rows(self) -> OrderQuerySet:
        orders = self.visible.select_related("customer")
        shown = ("number", "ordered_on", "contract", "customer__given_name", "customer__name")
        return reports.with_line_totals(orders.only(*shown))

    @cached_property
    def visible(self) -> OrderQuerySet:
        return Order.objects.visible_to(self.request.user)

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    def is_restricted(self) -> bool:
        return bool(self.visible.query.where)


@permission_required(VIEW_ORDERS, raise_exception=True)
def order_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One order: its lines, what they come to, and where it came from."""
    orders = Order.objects.visible_to(request.user).select_related("customer", "source")
    order = get_object_or_404(orders, pk=pk)
    lines = list(order.lines.select_related("product").order_by("pk")[:MOST_LINES])
    totals = reports.order_totals(order)
    currency = Company.of(request).currency
    context = {
        "page_title": _("Order %(number)s") % {"number": order.number},
        "breadcrumbs": [(_("Orders"), reverse("orders"))],
        "lines": draw(ORDER_LINES, ORDER_LINES.columns, lines, currency=currency),
        "lines_cut": totals.lines > MOST_LINES,
        "totals": totals,
        "amounts": order_amounts(totals, currency),
        "facts": order_facts(order, may_see_import=request.user.has_perm(VIEW_IMPORTS)),
    }
    return render(request, "customers/order.html", context)
