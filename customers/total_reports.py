"""What the customers of a list come to together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from customers.models.customer import CustomerQuerySet

TOTALLED = frozenset({"net_revenue", "profit", "lifetime_value"})


@dataclass(frozen=True, slots=True)
class ListTotals:
    """Sums over a whole list; None where no customer of it has the figure."""

    customers: int
    with_figures: int
    net_revenue: Decimal | None = None
    profit: Decimal | None = None
    lifetime_value: Decimal | None = None


def totals_of_list(customers: CustomerQuerySet, *, figures: bool) -> ListTotals:
    """The sums over customers as `portfolio` gives them, with the totalled figures if there are any (1 query)."""
    plain = customers.order_by()
    if not figures:
        return ListTotals(plain.count(), 0)
    sums = plain.aggregate(
        customers=Count("pk"),
        with_figures=Count("card_customer"),
        **{f"{name}_total": Sum(name) for name in sorted(TOTALLED)},
    )
    counts = {name: sums.pop(name) for name in ("customers", "with_figures")}
    return ListTotals(**counts, **{name.removesuffix("_total"): value for name, value in sums.items()})


def totals_of_everybody(totals: dict[str, Any], *, customers: int) -> ListTotals | None:
    """The sums over all customers as their run found them (no query); None for a run that did not keep them."""
    try:
        accounts = [totals["statement"], totals["prospects_statement"]]
        equity = totals["customer_equity"]
        return ListTotals(
            customers=customers,
            with_figures=int(totals["customers"]),
            net_revenue=sum((Decimal(account["net_revenue"]) for account in accounts), Decimal(0)),
            profit=sum((Decimal(account["profit"]) for account in accounts), Decimal(0)),
            lifetime_value=None if equity is None else Decimal(equity),
        )
    except KeyError:
        return None
