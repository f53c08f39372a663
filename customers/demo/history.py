"""The real part of the demonstration: the CDNOW purchases, moved in time by whole weeks and in nothing else."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

Numbers = NDArray[Any]
DAYS_IN_WEEK = 7
# The day of the last purchase in the file.
LAST_PURCHASE = dt.date(1998, 6, 30)
PURCHASES = """
    SELECT c.reference, o.customer_id, o.id, o.ordered_on, sum(l.quantity)::bigint, sum(l.gross - l.discount)::bigint
    FROM customers_order o
    JOIN customers_customer c ON c.id = o.customer_id
    JOIN customers_orderline l ON l.order_id = o.id
    WHERE o.source_id = %s
    GROUP BY c.reference, o.customer_id, o.id
    ORDER BY c.reference, o.ordered_on, o.number COLLATE "C"
"""


@dataclass(frozen=True, kw_only=True)
class History:
    """Purchases as they were imported: customer by customer in the order of their references, oldest first."""

    references: list[str]
    customer_ids: Numbers
    order_ids: Numbers
    customer: Numbers  # position of the customer, for each order
    day: Numbers  # datetime64[D], already moved
    discs: Numbers
    cents: Numbers

    @property
    def customers(self) -> int:
        return len(self.references)

    @property
    def orders(self) -> int:
        return len(self.order_ids)

    @cached_property
    def orders_of_customer(self) -> Numbers:
        return np.bincount(self.customer, minlength=self.customers)

    @cached_property
    def first_day_of_customer(self) -> Numbers:
        first = np.full(self.customers, self.day.max())
        np.minimum.at(first, self.customer, self.day)
        return first

    @cached_property
    def last_day_of_customer(self) -> Numbers:
        last = np.full(self.customers, self.day.min())
        np.maximum.at(last, self.customer, self.day)
        return last

    @property
    def days(self) -> int:
        """Days from the first order to the last, both counted."""
        return int((self.day.max() - self.day.min()).astype(int)) + 1

    @cached_property
    def is_first_order(self) -> Numbers:
        """Marks the first order of each customer."""
        marks = np.zeros(self.orders, dtype=bool)
        marks[np.unique(self.customer, return_index=True)[1]] = True
        return marks


def weeks_to_shift(today: dt.date) -> int:
    """Whole weeks that bring the last purchase into the seven days before today; weekdays stay what they were."""
    return (today - dt.timedelta(days=1) - LAST_PURCHASE).days // DAYS_IN_WEEK


def read_history(import_id: int) -> History:
    """The purchases of an import (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(PURCHASES, [import_id])
        references, customer_ids, order_ids, days, discs, cents = zip(*cursor.fetchall(), strict=True)
    firsts, customer = np.unique(np.array(references), return_index=True, return_inverse=True)[1:]
    return History(
        references=[references[first] for first in firsts],
        customer_ids=np.array(customer_ids)[firsts],
        order_ids=np.array(order_ids),
        customer=customer,
        day=np.array(days, dtype="datetime64[D]"),
        discs=np.array(discs),
        cents=np.array(cents),
    )
