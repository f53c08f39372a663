"""The orders of some customers, as a comparison of models reads them: all of them in a small base, a fair part else."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from customers.models import Customer
from profitability.lifetime_value import Ledger
from profitability.models import Costing
from profitability.recompute.orders import Orders

MOST_CUSTOMERS = 25_000  # with so many, chance moves the measures less than models differ
CHOSEN = """
    o.customer_id IS NOT NULL AND mod(hashint8(o.customer_id), {one_in:d}) = 0 AND o.ordered_on <= DATE '{as_of}'
    AND o.customer_id NOT IN (
        SELECT s.customer_id FROM customers_order s WHERE s.contract <> '' AND s.customer_id IS NOT NULL
    )
"""


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
    orders = Orders.those(CHOSEN.format(one_in=one_in, as_of=as_of)).read()
    value = orders["gross"] - orders["discounts"] - orders["returns"] + orders["other"] - orders["known_cost"]
    return Sample(
        ledger=Ledger(
            customer=orders["customer"],
            day=orders["day"].astype(np.int64),
            ordered=orders["lines"] > 0,
            value=(value - ratio * orders["without_cost"]) / 100,
        ),
        one_in=one_in,
    )
