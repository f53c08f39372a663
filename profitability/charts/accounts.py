"""Charts of one customer's account."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from crm_site.lib.addresses import reverse
from crm_site.lib.charts import Chart, Series
from customers.models import Customer
from profitability.periods import month_at, month_index

MONTHS_DRAWN = 36


def profit_of_customer(customer: Customer, months: Sequence[tuple[dt.date, Decimal]], currency: str) -> Chart | None:
    """Profit of a customer from its first month with figures to its last; each opens its account. None without any.

    Months in which nothing happened stand between the others, so that the way along the axis is time.
    """
    if not months:
        return None
    profits = dict(months)
    between = range(month_index(min(profits)), month_index(max(profits)) + 1)
    shown = [(month, profits.get(month, Decimal())) for month in map(month_at, between[-MONTHS_DRAWN:])]
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
