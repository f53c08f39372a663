"""What belongs to a customer and changes hands in a merge, and which merges a customer has behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from crm_site.lib.formatting import labelled, number
from customers.duplicates.relations import Relation, relations
from customers.models import Customer, Merge
from customers.models.duplicate import MergeQuerySet

SHOWN_IN_A_FILE = 5


@dataclass(frozen=True)
class Belonging:
    """So many things of one kind."""

    label: str
    count: int

    @property
    def text(self) -> str:
        return labelled(self.label, number(self.count))


def belongings(customer: Customer) -> list[Belonging]:
    """What refers to a customer, most first (1 query for each kind of thing)."""
    by_model: dict[type[Model], list[Relation]] = {}
    for relation in relations():
        by_model.setdefault(relation.model, []).append(relation)
    counted = [Belonging(_label(model), _count(model, customer, those)) for model, those in by_model.items()]
    return sorted((each for each in counted if each.count), key=lambda each: (-each.count, each.label))


def _count(model: type[Model], customer: Customer, those: list[Relation]) -> int:
    mine = reduce(or_, (Q(**{relation.field.attname: customer.pk}) for relation in those))
    return int(model._base_manager.filter(mine).count())


def _label(model: type[Model]) -> str:
    """What such rows are called; those of a many-to-many table by what they tie the customer to."""
    if model is Customer:
        return _("members")
    if model._meta.auto_created:
        ends = [field.related_model for field in model._meta.concrete_fields if field.is_relation]
        model = next(end for end in ends if end is not Customer)  # type: ignore[assignment]
    return str(model._meta.verbose_name_plural)


def standing_merges(customer: Customer) -> MergeQuerySet:
    """The latest merges of a customer that were not undone, for its file (1 query)."""
    merges = Merge.objects.standing().filter(kept=customer).select_related("merged_by")
    return merges.defer("before", "after", "moved")[:SHOWN_IN_A_FILE]
