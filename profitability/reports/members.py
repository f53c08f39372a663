"""Who belongs to a household or company, as far as a reader may see them: members, and the members of these."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_site.lib.written import Blank, written
from customers.models import Customer
from customers.models.customer import CustomerQuerySet

# A household or company of more members is summed up over these, the first by name.
MOST_MEMBERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of a customer, and everybody below them."""

    direct: tuple[Customer, ...]  # by name
    branch: Mapping[int, int]  # of everybody below the customer, the direct member to whom they belong
    hidden: int  # whom the reader may not see, and who are therefore in no sum
    cut: bool  # whether there are more than are summed up


def members_below(customer: Customer, visible: CustomerQuerySet) -> Members:
    """The members of a household or company (1 query, one for each further level and one where some may be hidden)."""

    def members() -> CustomerQuerySet:
        return visible.filter(member_of=Blank("customer")).order_by("sort_key", "pk")[: MOST_MEMBERS + 1]

    # Whoever sees everybody asks the same.
    direct = written("members", members, alike=not visible.query.where).read(customer=customer.pk)
    branch = {one.pk: one.pk for one in direct if one.pk != customer.pk}
    # Only households and companies have members, so that most often nothing is asked here.
    parents = [one.pk for one in direct if one.kind != Customer.Kind.PERSON]
    while parents and len(branch) <= MOST_MEMBERS:
        found = visible.filter(member_of__in=parents).exclude(pk__in=[customer.pk, *branch]).order_by("sort_key", "pk")
        rows = list(found.values_list("pk", "member_of", "kind")[: MOST_MEMBERS + 1 - len(branch)])
        branch |= {pk: branch[parent] for pk, parent, _kind in rows if parent is not None}
        parents = [pk for pk, _parent, kind in rows if kind != Customer.Kind.PERSON]
    cut = len(branch) > MOST_MEMBERS
    kept = dict(list(branch.items())[:MOST_MEMBERS])
    return Members(
        direct=tuple(one for one in direct if one.pk in kept),
        branch=kept,
        hidden=0 if cut else _hidden(customer, kept, visible),
        cut=cut,
    )


def _hidden(customer: Customer, branch: Mapping[int, int], visible: CustomerQuerySet) -> int:
    """How many belong there whom this reader may not see (no query for whoever sees everybody)."""
    if not visible.query.where:
        return 0
    belonging = Customer.objects.filter(member_of__in=[customer.pk, *branch])
    return belonging.exclude(pk=customer.pk).exclude(pk__in=branch).count()
