"""Invented people, households and companies for the real purchases; every one is marked as synthetic."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

import numpy as np
from django.utils import timezone

from crm_site.lib.text import normalise
from customers.demo.catalogue import SOURCES
from customers.demo.history import History
from customers.demo.storing import change_rows
from customers.demo.traits import Traits
from customers.demo.words import REGIONS, Region
from customers.models import AcquisitionSource, Customer

MAIL_DOMAINS = ("example.com", "example.org", "example.net")
WITHOUT_EMAIL = 0.08
WITHOUT_PHONE = 0.25
# What is invented about a customer, by database column; the reference is real.
COLUMNS = (
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
    "owner_id",
    "source_id",
    "acquisition_cost",
    "acquired_on",
    "is_synthetic",
    "created_at",
    "sort_key",
    "search_text",
)


@dataclass(frozen=True)
class Name:
    """`given` is empty for a household or company; `mailbox` is what stands before the @."""

    family: str
    given: str
    mailbox: str


def invent_identities(
    history: History, traits: Traits, *, sources: Sequence[AcquisitionSource], rng: np.random.Generator
) -> None:
    """Give the customers of the history an identity each."""
    customers = identities(history, traits, sources=sources, rng=rng)
    rows = ([customer.pk, *(getattr(customer, column) for column in COLUMNS)] for customer in customers)
    change_rows(Customer, COLUMNS, rows)


def identities(
    history: History, traits: Traits, *, sources: Sequence[AcquisitionSource], rng: np.random.Generator
) -> Iterator[Customer]:
    """The customers in the order of the history, not saved."""
    taken: Counter[str] = Counter()
    # Drawing one word at a time, Python's own generator is many times faster than numpy's.
    chance = Random(int(rng.integers(2**62)))
    first_days = history.first_day_of_customer.tolist()
    source_of = _draw_sources(traits, rng)
    for position, reference in enumerate(history.references):
        customer = _identity(traits.kind[position], REGIONS[traits.region[position]], taken, chance)
        customer.pk = int(history.customer_ids[position])
        customer.reference = reference
        customer.owner_id = int(traits.owner[position]) or None
        customer.source = sources[source_of[position]]
        customer.acquisition_cost = Decimal(SOURCES[source_of[position]].cost)
        customer.acquired_on = first_days[position]
        customer.created_at = timezone.make_aware(dt.datetime.combine(first_days[position], dt.time(12)))
        customer.fill_search_columns()
        yield customer


def _draw_sources(traits: Traits, rng: np.random.Generator) -> list[int]:
    """Where each customer came from: companies by other ways than persons."""
    is_company = traits.kind == Customer.Kind.COMPANY.value
    persons = np.array([source.share for source in SOURCES])
    companies = np.array([source.company_share for source in SOURCES])
    drawn = rng.choice(len(SOURCES), size=len(is_company), p=persons / persons.sum())
    of_companies = rng.choice(len(SOURCES), size=len(is_company), p=companies / companies.sum())
    return np.where(is_company, of_companies, drawn).tolist()


def _identity(kind: str, region: Region, taken: Counter[str], chance: Random) -> Customer:
    town = chance.choice(region.towns)
    name = _name(kind, region, chance)
    return Customer(
        kind=kind,
        name=name.family,
        given_name=name.given,
        email="" if chance.random() < WITHOUT_EMAIL else _email(name.mailbox, taken),
        phone="" if chance.random() < WITHOUT_PHONE else _phone(region, town.dialling, chance),
        street=region.address.format(number=chance.randrange(1, 199), street=chance.choice(region.streets)),
        postal_code=town.postal_code,
        city=town.name,
        country=region.country,
        language=region.language,
        is_synthetic=True,
    )


def _name(kind: str, region: Region, chance: Random) -> Name:
    origin = chance.choices(region.origins, region.origin_shares)[0]
    family = chance.choice(origin.family_beginnings) + chance.choice(origin.family_ends)
    if kind == Customer.Kind.COMPANY:
        company = chance.choice(region.company_names).format(family)
        return Name(company, "", f"music.{company}")
    if kind == Customer.Kind.HOUSEHOLD:
        household = region.household.format(family)
        return Name(household, "", household.replace(" ", "."))
    given = chance.choice(origin.given)
    return Name(family, given, f"{given}.{family}")


def _email(mailbox: str, taken: Counter[str]) -> str:
    """An address that nobody else has."""
    local = _local_part(mailbox)
    taken[local] += 1
    return email_of(mailbox, taken[local])


def email_of(mailbox: str, number: int) -> str:
    """The address of the so many-th customer of that mailbox, on a domain kept for examples."""
    local = _local_part(mailbox)
    domain = MAIL_DOMAINS[len(local) % len(MAIL_DOMAINS)]
    return f"{local}@{domain}" if number == 1 else f"{local}.{number}@{domain}"


def _local_part(mailbox: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", normalise(mailbox))


def _phone(region: Region, dialling: str, chance: Random) -> str:
    two, other_two, three = chance.randrange(100), chance.randrange(100), chance.randrange(1000)
    return region.phone.format(dialling=dialling, two=two, other_two=other_two, three=three)
