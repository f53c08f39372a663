"""Behind a step of a change of customer equity: the customers it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from crm_site.lib.fields import amount_of
from customers.models import Customer
from customers.models.customer import CustomerQuerySet
from profitability.answer_actions import answer_about
from profitability.equity_statements import PARTS, everybodys_steps
from profitability.models import EquityBridge

# So many are shown; the file holds more.
LISTED = 100


@dataclass(frozen=True, slots=True)
class StepCustomer:
    """A customer's part in a step, between its value before and now."""

    customer: Customer
    before: Decimal
    part: Decimal
    after: Decimal


def largest_parts(bridge: EquityBridge, step: str, customers: CustomerQuerySet) -> list[StepCustomer]:
    """Those of these customers with the largest parts in a step (2 queries once that was asked)."""
    question = f"equity step {bridge.previous_id} {step}"
    return _named(answer_about(bridge.run, question, lambda: _parts(bridge, step, LISTED)), customers)


def all_parts(bridge: EquityBridge, step: str, customers: CustomerQuerySet, most: int) -> list[StepCustomer]:
    """So many at most, with the largest parts first (2 queries)."""
    return _named(_parts(bridge, step, most), customers)


def _parts(bridge: EquityBridge, step: str, most: int) -> list[list[int]]:
    """Customer, value before, part and value now, in cents (1 query)."""
    amount, condition = PARTS[step]
    rows, parameters = everybodys_steps(bridge.previous, bridge.run)
    query = f"""
        SELECT customer_id, before, ({amount})::bigint, after FROM ({rows}) s WHERE {condition}
        ORDER BY abs({amount}) DESC, customer_id LIMIT %s
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, most])
        return [list(row) for row in cursor.fetchall()]


def _named(parts: Sequence[Sequence[int]], customers: CustomerQuerySet) -> list[StepCustomer]:
    found = customers.in_bulk([row[0] for row in parts])
    return [
        StepCustomer(found[key], amount_of(before), amount_of(part), amount_of(after))
        for key, before, part, after in parts
        if key in found
    ]
