"""Charts of one customer's account."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from customers.models import Customer

MONTHS_DRAWN = 36


def profit_of_customer(customer: Customer, months: Sequence[tuple[dt.date, Decimal]], currency: str) -> Chart | None:
    """Profit of a customer in each month with figures; each opens the account of the month. None without any."""
    shown = months[-MONTHS_DRAWN:]
    if not shown:
        return None
    address = reverse("customer-profit-and-loss", args=[customer.pk])
    return Chart(
        kind="bar",
        title=_("Profit by month"),
        x_label=_("Month"),
        x_type="month",
        x_values=[month for month, _profit in shown],
        series=[Series(_("Profit"), [profit for _month, profit in shown])],
        format="money",
        currency=currency,
        digits=0,
        links=[f"{address}?period={month:%Y-%m}" for month, _profit in shown],
    )
