"""One merged customer becomes two again, exactly as they were, as long as neither has changed since."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from crm_site.lib.accounts.models import User
from crm_site.lib.formatting import number
from crm_site.lib.trail.actions import unrecorded
from customers.duplicates import columns
from customers.duplicates.relations import Relation, own_ways, relations
from customers.models import Customer, Merge
from customers.signals import customer_merge_undone

# Follow from the name and the like; nobody knows them by a name.
DERIVED = frozenset({"sort_key", "search_text"})


class UndoRefused(Exception):
    """The merge cannot be undone; the sentences say what has changed."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


@transaction.atomic
def undo_merge(*, merge: Merge, by: User) -> Customer:
    """Bring the customer that went back under its old number and reference, with everything that it had.

    Raises UndoRefused, having changed nothing. What came to the kept customer since the merge stays there.
    """
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    Customer.objects.select_for_update(of=("self",)).get(pk=merge.kept_id)
    if sentences := obstacles(merge):
        raise UndoRefused(sentences)
    # First the one that stayed, since it may bear the other's reference; once more when it can be the other's member.
    _change_back(merge)
    with unrecorded():
        columns.add(Customer, columns.without_the_lost(Customer, merge.gone) or merge.gone)
    _change_back(merge)
    with unrecorded():
        _give_back(merge)
    merge.undone_at = timezone.now()
    merge.save(update_fields=["undone_at"])
    restored = Customer.objects.get(pk=merge.gone_id)
    customer_merge_undone.send(
        sender=Merge, merge=merge, kept=merge.kept, restored=restored, moved=merge.moved["rows"], by=by
    )
    return restored


def _change_back(merge: Merge) -> None:
    columns.change(Customer, columns.without_the_lost(Customer, merge.before) or merge.before)


def _give_back(merge: Merge) -> None:
    """Move the rows back that were moved, and put those back that were put aside."""
    known = _by_name()
    for name, pks in merge.moved["rows"].items():
        known[name].move_back(pks, merge.kept_id, merge.gone_id)
    for name, rows in merge.moved["aside"].items():
        for row in rows:
            if (whole := columns.without_the_lost(known[name].model, row)) is not None:
                columns.add(known[name].model, whole)
    for name, state in merge.moved["own"].items():
        own_ways()[name].undo(merge.kept_id, merge.gone_id, state)


def _by_name() -> dict[str, Relation]:
    return {relation.name: relation for relation in relations()}


def obstacles(merge: Merge) -> list[str]:
    """What stands in the way of undoing a merge, in words; nothing when it can be undone."""
    if merge.undone_at:
        return [_("This merge was already undone.")]
    later = Merge.objects.standing().filter(kept=merge.kept_id, pk__gt=merge.pk).order_by("pk").first()
    if later:
        return [_("Undo the later merge with %(reference)s first.") % {"reference": later.gone_reference}]
    found = [_changed_fields(merge), _taken(merge), *_lost_rows(merge)]
    return [sentence for sentence in found if sentence]


def _changed_fields(merge: Merge) -> str:
    (present,) = columns.read(Customer, [merge.kept_id])
    changed = [name for name, value in merge.after.items() if name in present and present[name] != value]
    if not changed:
        return ""
    labels = {field.column: str(field.verbose_name) for field in Customer._meta.concrete_fields}
    named = [labels[name] for name in changed if name not in DERIVED]
    return _("Changed on the kept customer since: %(fields)s.") % {"fields": get_text_list(named, _("and"))}


def _taken(merge: Merge) -> str:
    others = Customer.objects.exclude(pk=merge.kept_id).filter(reference=merge.gone_reference)
    if Customer.objects.filter(pk=merge.gone_id).exists() or others.exists():
        return _("Another customer now has the reference %(reference)s.") % {"reference": merge.gone_reference}
    return ""


def _lost_rows(merge: Merge) -> list[str]:
    known = _by_name()
    sentences = []
    for name, pks in merge.moved["rows"].items():
        relation = known.get(name)
        lost = len(pks) - (relation.still_with(merge.kept_id, pks) if relation else 0)
        if lost:
            sentences.append(_lost_sentence(relation, lost, name))
    return sentences


def _lost_sentence(relation: Relation | None, lost: int, name: str) -> str:
    things: Any = relation.model._meta.verbose_name_plural if relation else name
    text = _("Of what was moved, no longer with the kept customer (%(things)s): %(count)s.")
    return text % {"things": things, "count": number(lost)}
