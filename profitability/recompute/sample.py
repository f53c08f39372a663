"""The orders of some customers, as a comparison of models reads them: all of them in a small base, a fair part else."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection

from customers.models import Customer
from profitability.lifetime_value import Ledger
from profitability.models import Costing
from profitability.sources import ORDER_ROWS

MOST_CUSTOMERS = 25_000  # with so many, chance moves the measures less than models differ


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Orders and returns of one customer in `one_in`, by gross margin in the house currency."""

    ledger: Ledger
    one_in: int


def read_sample(as_of: date) -> Sample:
    """Up to a day (3 queries).

    Customers are chosen by a hash of their number: no kind of customer is preferred.

    Customers with orders of a subscription are left out: others are forecast by these models.
    """
    one_in = -(-Customer.objects.count() // MOST_CUSTOMERS) or 1
    costing = Costing.objects.current()
    ratio = float(costing.default_cost_ratio or 0) if costing else 0.0
    chosen = "WHERE l.order_id IN (SELECT s.id FROM customers_order s WHERE hashint8(s.customer_id) %% %s = 0)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT o.customer_id, o.ordered_on - DATE '1970-01-01', o.lines > 0,
                coalesce(o.gross, 0) - coalesce(o.discounts, 0) - coalesce(o.returns, 0) + coalesce(o.other, 0)
                    - coalesce(o.known_cost, 0) - %s * coalesce(o.without_cost, 0)
            FROM {ORDER_ROWS.replace("/* part */", chosen)}
            WHERE o.customer_id IS NOT NULL AND o.ordered_on <= %s AND o.customer_id NOT IN (
                SELECT s.customer_id FROM customers_order s WHERE s.contract <> '' AND s.customer_id IS NOT NULL
            )
            """,
            [ratio, one_in, as_of],
        )
        rows = cursor.fetchall()
    customer, day, ordered, cents = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Sample(
        ledger=Ledger(
            customer=np.array(customer, dtype=np.int64),
            day=np.array(day, dtype=np.int64),
            ordered=np.array(ordered, dtype=bool),
            value=np.array(cents, dtype=np.float64) / 100,
        ),
        one_in=one_in,
    )
