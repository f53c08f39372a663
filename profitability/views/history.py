"""What a customer was worth month by month: a panel of the customer's profit and loss."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.downloads import file_asked_for, file_links
from crm_site.lib.panels import answer_panel
from customers.models import Customer, Run
from customers.permissions import EXPORT
from profitability.charts.history import worth_chart
from profitability.history_actions import KEPT
from profitability.permissions import SEE_VALUE
from profitability.reports.history import worth_in_words, worth_over_time
from profitability.reports.members import members_below
from profitability.tables.history import worth_table
from profitability.views.periods import currency_of


@permission_required(SEE_VALUE, raise_exception=True)
def customer_value_history(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Lifetime value, profit and category in past months and now; of a household or company, of all its members.

    5 queries, and those of `members_below` where there are members of members.
    """
    visible = Customer.objects.visible_to(request.user)
    customer = get_object_or_404(visible, pk=pk)
    run = Run.objects.current_head()
    if run is None or not run.has_rows:
        raise Http404
    currency = currency_of(request)
    below = members_below(customer, visible)
    history = worth_over_time(run, [pk, *below.branch])
    context: dict[str, Any] = {
        "page_title": _("Value over time"),
        "breadcrumbs": [
            (_("Customers"), reverse("customers")),
            (customer.full_name, reverse("customer", args=[pk])),
            (_("Profit and loss"), reverse("customer-profit-and-loss", args=[pk])),
        ],
        "chart": worth_chart(history, currency) if len(history) > 1 else None,
        "said": worth_in_words(history, currency),
        "table": worth_table(history, currency) if history else None,
        "years": KEPT // 12,
        "together": bool(below.branch),
    }
    tables = {"values": context["table"]}
    if file := file_asked_for(request, tables, permission=EXPORT):
        return file
    context["files"] = file_links(request, tables, permission=EXPORT)
    return answer_panel(request, "profitability/value_history_panel.html", context)
