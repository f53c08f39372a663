"""Who belongs together: members of households, contact persons and branches of companies; all of it invented.

Nobody is added and no order moves: some of the persons get the name and the address of a household, some turn out to
be whom one speaks with at a company, and a few companies are branches of another. So every figure of a single customer
stays what it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from customers.demo.identities import email_of
from customers.demo.storing import change_rows
from customers.demo.words import REGIONS
from customers.models import Customer

# Of all households and companies, in so many parts of a hundred somebody is known by name, and companies have branches.
HOUSEHOLDS_KNOWN = 15
COMPANIES_KNOWN = 20
COMPANIES_WITH_BRANCHES = 2
COLUMNS = (
    *("name", "email", "phone", "street", "postal_code", "city"),
    *("member_of_id", "sort_key", "search_text"),
)
# What is needed to choose them and to find them again; of the rest nothing changes.
READ = (
    *("reference", "kind", "name", "given_name", "email", "phone", "street", "postal_code", "city"),
    *("country", "language", "owner"),
)
Place = tuple[str, str]  # country and language


@dataclass
class Candidates:
    """Customers of each country and language, the next to be chosen last; nobody is chosen twice."""

    by_place: dict[Place, list[Customer]]

    def take(self, place: Place, count: int) -> list[Customer]:
        here = self.by_place.get(place, [])
        return [here.pop() for _ in range(min(count, len(here)))]


def invent_families(rng: np.random.Generator) -> int:
    """Bring some customers together; how many now belong to another."""
    everybody = list(Customer.objects.filter(is_synthetic=True).order_by("reference").only(*READ))
    by_kind: dict[str, list[Customer]] = defaultdict(list)
    for customer in everybody:
        by_kind[customer.kind].append(customer)
    taken = {customer.email for customer in everybody}
    persons = _candidates(by_kind[Customer.Kind.PERSON], rng)
    companies = by_kind[Customer.Kind.COMPANY]
    members = [
        *_households(_share(by_kind[Customer.Kind.HOUSEHOLD], HOUSEHOLDS_KNOWN, rng), persons, taken, rng),
        *_contact_persons(_share(companies, COMPANIES_KNOWN, rng), persons, rng),
        *_branches(companies, taken, rng),
    ]
    for member in members:
        member.fill_search_columns()
    change_rows(Customer, COLUMNS, ([one.pk, *(getattr(one, column) for column in COLUMNS)] for one in members))
    return len(members)


def _candidates(customers: Iterable[Customer], rng: np.random.Generator) -> Candidates:
    by_place: dict[Place, list[Customer]] = defaultdict(list)
    for customer in customers:
        by_place[customer.country, customer.language].append(customer)
    return Candidates({place: _shuffled(here, rng) for place, here in by_place.items()})


def _shuffled(customers: Sequence[Customer], rng: np.random.Generator) -> list[Customer]:
    """In an order of chance, but those last whom a sales person looks after: they bought most, and are seen by them."""
    return sorted((customers[place] for place in rng.permutation(len(customers))), key=_is_looked_after)


def _is_looked_after(customer: Customer) -> bool:
    return customer.owner_id is not None


def _share(customers: Sequence[Customer], hundredths: int, rng: np.random.Generator) -> list[Customer]:
    """At least one of them, if there is any."""
    count = -(-len(customers) * hundredths // 100)
    return _shuffled(customers, rng)[len(customers) - count :]


def _households(
    households: Iterable[Customer], persons: Candidates, taken: set[str], rng: np.random.Generator
) -> Iterator[Customer]:
    """Two or three persons of the household's name under its roof."""
    for household in households:
        family = _family_name(household)
        for person in persons.take((household.country, household.language), int(rng.integers(2, 4))):
            person.name = family
            person.email = _free_email(f"{person.given_name}.{family}", taken) if person.email else ""
            person.phone = household.phone
            person.street, person.postal_code, person.city = household.street, household.postal_code, household.city
            yield _joined(person, household)


def _family_name(household: Customer) -> str:
    """The name that the household was called after: from “Famille {}” or “{} family”."""
    region = next(one for one in REGIONS if (one.country, one.language) == (household.country, household.language))
    before, after = region.household.split("{}")
    return household.name.removeprefix(before).removesuffix(after)


def _contact_persons(
    companies: Iterable[Customer], persons: Candidates, rng: np.random.Generator
) -> Iterator[Customer]:
    """One to three persons whom one speaks with at a company; they also buy for themselves, at their own address."""
    for company in companies:
        for person in persons.take((company.country, company.language), int(rng.integers(1, 4))):
            yield _joined(person, company)


def _branches(companies: Sequence[Customer], taken: set[str], rng: np.random.Generator) -> Iterator[Customer]:
    """Some companies have a branch or two in other towns, which bear their name."""
    parents = _share(companies, COMPANIES_WITH_BRANCHES, rng)
    others = _candidates([company for company in companies if company not in parents], rng)
    for parent in parents:
        for branch in others.take((parent.country, parent.language), int(rng.integers(1, 3))):
            branch.name = f"{parent.name}, {branch.city}"
            branch.email = _free_email(f"music.{parent.name}.{branch.city}", taken) if branch.email else ""
            yield _joined(branch, parent)


def _joined(member: Customer, whole: Customer) -> Customer:
    member.member_of_id = whole.pk
    return member


def _free_email(mailbox: str, taken: set[str]) -> str:
    """An address that nobody else has."""
    number = 1
    while (address := email_of(mailbox, number)) in taken:
        number += 1
    taken.add(address)
    return address
