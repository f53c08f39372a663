"""Likely duplicates when one of both is merged: pairs are ordered and unique, so they cannot simply change hands."""

from typing import Any

from django.db.models import Q

from customers.duplicates import columns
from customers.duplicates.relations import OwnWay, register_own_way
from customers.models import DuplicatePair


def merge_pairs(kept_id: int, gone_id: int) -> dict[str, list[Any]]:
    """Put the pairs of the customer that goes aside; whoever was found different from it stays different."""
    pairs = DuplicatePair.objects.filter(Q(first=gone_id) | Q(second=gone_id))
    rows = columns.read(DuplicatePair, list(pairs.values_list("pk", flat=True)))
    pairs.delete()
    carried = [
        pk for row in rows if row["state"] == DuplicatePair.State.DIFFERENT if (pk := _carry(row, kept_id, gone_id))
    ]
    return {"rows": rows, "carried": carried}


def _carry(row: columns.Columns, kept_id: int, gone_id: int) -> int | None:
    """The same word on the customer that stays, unless there is one already."""
    other = row["first_id"] if row["second_id"] == gone_id else row["second_id"]
    if other == kept_id:
        return None
    first, second = sorted((other, kept_id))
    said = {
        "score": row["score"],
        "reasons": row["reasons"],
        "state": row["state"],
        "decided_by_id": row["decided_by_id"],
    }
    pair, created = DuplicatePair.objects.get_or_create(first_id=first, second_id=second, defaults=said)
    return pair.pk if created else None


def undo_pairs(kept_id: int, gone_id: int, state: dict[str, list[Any]]) -> None:
    DuplicatePair.objects.filter(pk__in=state["carried"]).delete()
    for row in state["rows"]:
        whole = columns.without_the_lost(DuplicatePair, row)
        if whole is not None:
            columns.add(DuplicatePair, whole)


register_own_way(OwnWay(DuplicatePair, merge_pairs, undo_pairs))
