"""Two customers become one: every row of every app that referred to the one that goes belongs to the one that stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import User
from crm_site.lib.trail.actions import unrecorded
from customers.duplicates import columns
from customers.duplicates.columns import Columns
from customers.duplicates.relations import Relation, own_ways, relations
from customers.models import Customer, Merge
from customers.signals import customers_merged


class MergeRefused(Exception):
    """The two cannot be merged, for a reason that the person can act on."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def fingerprint(row: Columns) -> str:
    """Equal as long as nobody changed the row."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:32]


@transaction.atomic
def merge_customers(
    *,
    kept: Customer,
    gone: Customer,
    fields: Mapping[str, Any],
    by: User,
    versions: Mapping[int, str] | None = None,
) -> Merge:
    """Take one customer up into another, who gets the given values of columns; all or nothing.

    `versions` are fingerprints of both as the person saw them. Raises MergeRefused, having changed nothing. Until the
    end of the transaction nobody else can change either or add anything to them.
    """
    rows = _locked(kept.pk, gone.pk)
    if any(fingerprint(rows[pk]) != version for pk, version in (versions or {}).items()):
        raise MergeRefused(
            _("Somebody else has changed one of the two since you opened this page. Look at them again.")
        )
    before, went = rows[kept.pk], rows[gone.pk]
    # A member of the customer that goes would become a member of itself.
    Customer.objects.filter(pk=kept.pk, member_of=gone.pk).update(member_of=None)
    # The trail tells of one merge, not of every row that it moves.
    with unrecorded():
        moved = _take_over(kept.pk, gone.pk)
        columns.remove(Customer, [gone.pk])
    stays = _write(kept.pk, dict(fields), before, went)
    (after,) = columns.read(Customer, [kept.pk])
    merge = Merge.objects.create(
        kept=stays, gone_id=gone.pk, gone_reference=went["reference"], gone=went, before=before, after=after,
        moved=moved, merged_by=by,
    )  # fmt: skip
    customers_merged.send(sender=Merge, merge=merge, kept=stays, gone_id=gone.pk, moved=moved["rows"])
    return merge


def _locked(kept_id: int, gone_id: int) -> dict[int, Columns]:
    """The columns of both, held until the end of the transaction; the lower id first, so that none waits in a ring."""
    if kept_id == gone_id:
        raise MergeRefused(_("A customer cannot be merged with itself."))
    both = Customer.objects.select_for_update(of=("self",)).filter(pk__in=(kept_id, gone_id)).order_by("pk")
    if len(both.only("pk")) < 2:
        raise MergeRefused(_("One of the two customers is no longer here: somebody has merged or deleted it."))
    return {row["id"]: row for row in columns.read(Customer, [kept_id, gone_id])}


def _take_over(kept_id: int, gone_id: int) -> dict[str, Any]:
    """Move everything that refers to a customer; what was moved, put aside or done in a model's own way."""
    own = {name: way.merge(kept_id, gone_id) for name, way in own_ways().items()}
    rows: dict[str, list[Any]] = {}
    aside: dict[str, list[Columns]] = {}
    for relation in relations():
        if relation.uniques and (doubled := _put_aside(relation, kept_id, gone_id)):
            aside[relation.name] = doubled
        if pks := relation.move(gone_id, kept_id):
            rows[relation.name] = pks
    return {"rows": rows, "aside": aside, "own": own}


def _put_aside(relation: Relation, kept_id: int, gone_id: int) -> list[Columns]:
    """Delete the rows that the kept customer has already, and give their columns back."""
    doubled = relation.doubled(kept_id, gone_id)
    pks = list(doubled.values_list("pk", flat=True))
    rows = columns.read(relation.model, pks)
    columns.remove(relation.model, pks)
    return rows


def _write(kept_id: int, fields: dict[str, Any], before: Columns, went: Columns) -> Customer:
    """Give the kept customer the chosen values."""
    stays = Customer.objects.get(pk=kept_id)
    fields["member_of_id"] = _home(fields.get("member_of_id", before["member_of_id"]), stays, went)
    for name, value in fields.items():
        setattr(stays, name, value)
    stays.save()
    return stays


def _home(wanted: int | None, stays: Customer, went: Columns) -> int | None:
    """Whose member the kept customer is: never its own, nor that of one of its own members."""
    if wanted in (stays.pk, went["id"]):
        wanted = went["member_of_id"]
    if wanted is None or wanted == stays.pk or Customer.objects.filter(pk=wanted, member_of=stays.pk).exists():
        return None
    return wanted
