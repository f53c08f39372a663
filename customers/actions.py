"""What changes customers: the same for pages, commands and tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from customers.models import Customer

# What the form of a customer edits, and so what two people may change at the same time.
EDITED_FIELDS = (
    "reference",
    "kind",
    "name",
    "given_name",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "country",
    "language",
    "member_of_id",
    "owner_id",
    "source_id",
    "acquisition_cost",
    "acquired_on",
    "team_id",
    "birth_date",
    "preferred_channel",
    "best_time",
    "needs",
    "custom",
)


class EditConflict(Exception):
    """Somebody else changed the customer since this person began."""


def version_of(customer: Customer) -> str:
    """A fingerprint of what can be edited: equal as long as nobody changed it (1 query, for the tags)."""
    tags = sorted(customer.tags.values_list("pk", flat=True))
    values = "\x1f".join([*(f"{getattr(customer, name)}" for name in EDITED_FIELDS), str(tags)])
    return hashlib.sha256(values.encode()).hexdigest()[:32]


@transaction.atomic
def change_customer(*, customer_id: int, version: str, changes: Mapping[str, Any]) -> Customer:
    """Write the changes if the customer is still as it was when `version` was taken; otherwise change nothing."""
    customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
    if version_of(customer) != version:
        raise EditConflict
    for name, value in changes.items():
        if name == "tags":
            customer.tags.set(value)
        else:
            setattr(customer, name, value)
    customer.save()
    return customer
