"""What may be done to the trail itself: leave something out of it, and erase what it says of a customer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from crm_site.lib.trail.models import Change


@contextmanager
def unrecorded() -> Iterator[None]:
    """Leave what is done in the block out of the trail: something else tells of it as a whole.

    For rows that are moved by the thousand in one act (a merge, a demonstration), never for what a person edits.
    """
    with transaction.atomic():
        _set("compagnon.trail", "off")
        yield
        _set("compagnon.trail", "on")


@contextmanager
def erasing() -> Iterator[None]:
    """Let consents and changes be deleted in the block; what is removed meanwhile leaves no values in the trail."""
    with transaction.atomic():
        _set("compagnon.erasing", "on")
        yield
        _set("compagnon.erasing", "off")


def erase_changes(*, customer_ids: Collection[int]) -> int:
    """Erase what the trail says of these customers and of what stands on their files; how many changes that were."""
    with erasing():
        return Change.objects.filter(customer_id__in=customer_ids).delete()[0]


def _set(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
