"""The invented daily work of sales people: wishes and birthdays, messages that wait, tasks, opportunities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np
from django.utils import timezone

from customers.demo.moments import Staff
from customers.models import ContactMoment, Customer, Opportunity, OpportunityStage, Task
from customers.models.channel import Channel

T = TypeVar("T")

TASKS_EACH = 14
OPPORTUNITIES_EACH = 9
MOST_KNOWN_WELL = 1500
MOST_WAITING = 40
CHANNELS = (Channel.PHONE, Channel.EMAIL, Channel.SHOP, Channel.LETTER)

WISHES = {
    "en": (
        "Collects first pressings; tell before a sale begins.",
        "Buys presents for three grandchildren every December.",
        "Wants to listen before buying.",
        "Looks for live recordings of the seventies.",
        "Prefers parcels on Saturdays.",
    ),
    "fr": (
        "Collectionne les premiers pressages ; prévenir avant les soldes.",
        "Achète des cadeaux pour trois petits-enfants chaque décembre.",
        "Souhaite écouter avant d’acheter.",
        "Cherche des enregistrements publics des années soixante-dix.",
        "Préfère être livré le samedi.",
    ),
}
ERRANDS = {
    "en": (
        "Call about the reserved box set",
        "Send the list of new imports",
        "Ask how the last order was",
        "Prepare an offer for the anniversary",
        "Invite to the listening evening",
    ),
    "fr": (
        "Appeler au sujet du coffret réservé",
        "Envoyer la liste des nouveaux imports",
        "Demander si la dernière commande a plu",
        "Préparer une offre pour l’anniversaire",
        "Inviter à la soirée d’écoute",
    ),
}
DEALS = {
    "en": ("Subscription to new releases", "Jazz collection", "Records for a restaurant", "Box sets as presents"),
    "fr": ("Abonnement aux nouveautés", "Collection de jazz", "Disques pour un restaurant", "Coffrets à offrir"),
}


def invent_daily_work(staff: Staff, today: dt.date, rng: np.random.Generator) -> int:
    """What sales people have in hand; how many tasks and opportunities that makes."""
    owned = Customer.objects.filter(owner__in=staff.sales).order_by("reference")
    customers = list(owned.only("reference", "kind", "language", "owner")[:MOST_KNOWN_WELL])
    if not customers:
        return 0
    _know_well(customers, today, rng)
    _leave_waiting(today)
    return _plan_tasks(customers, staff, today, rng) + _see_chances(customers, staff, today, rng)


def _chosen(words: Mapping[str, tuple[str, ...]], customer: Customer, rng: np.random.Generator) -> str:
    return _one(words.get(customer.language, words["en"]), rng)


def _one(things: Sequence[T], rng: np.random.Generator) -> T:
    return things[int(rng.integers(len(things)))]


def _know_well(customers: list[Customer], today: dt.date, rng: np.random.Generator) -> None:
    """Most persons have told their birthday, and one in six what they like."""
    for customer in customers:
        if customer.kind == Customer.Kind.PERSON and rng.random() < 0.7:
            customer.birth_date = today - dt.timedelta(days=int(rng.integers(19 * 365, 80 * 365)))
        if rng.random() < 1 / 6:
            customer.needs = _chosen(WISHES, customer, rng)
            customer.preferred_channel = _one(CHANNELS, rng)
    Customer.objects.bulk_update(customers, ["birth_date", "needs", "preferred_channel"], batch_size=500)


def _leave_waiting(today: dt.date) -> None:
    """The latest messages of customers have not been answered yet."""
    since = timezone.make_aware(dt.datetime.combine(today - dt.timedelta(days=30), dt.time()))
    written = ContactMoment.objects.filter(direction="inbound", touchpoint__channel=Channel.EMAIL)
    latest = written.filter(occurred_at__gte=since).latest_first()[:MOST_WAITING]
    ContactMoment.objects.filter(pk__in=[moment.pk for moment in latest]).update(needs_reply=True)


def _customers_of(person: int, customers: list[Customer]) -> list[Customer]:
    return [customer for customer in customers if customer.owner_id == person]


def _plan_tasks(customers: list[Customer], staff: Staff, today: dt.date, rng: np.random.Generator) -> int:
    """Some overdue, some today, most in the weeks to come; one in five repeats."""
    tasks = []
    for person in staff.sales:
        for customer in _few(_customers_of(person, customers), TASKS_EACH, rng):
            due_on = today + dt.timedelta(days=int(rng.integers(-4, 20)))
            monthly = rng.random() < 0.2
            tasks.append(
                Task(
                    title=_chosen(ERRANDS, customer, rng),
                    customer=customer,
                    owner_id=person,
                    created_by_id=person,
                    due_on=due_on,
                    priority=int(rng.choice([1, 2, 3], p=[0.2, 0.6, 0.2])),
                    recurrence=Task.Recurrence.MONTHLY if monthly else Task.Recurrence.NEVER,
                    aims_at_day=due_on.day if monthly else None,
                )
            )
    return len(Task.objects.bulk_create(tasks))


def _few(things: list[T], number: int, rng: np.random.Generator) -> list[T]:
    places = rng.permutation(len(things))[:number]
    return [things[int(place)] for place in places]


def _see_chances(customers: list[Customer], staff: Staff, today: dt.date, rng: np.random.Generator) -> int:
    """Sales that could be won, in every stage; those that were lost have one of the known reasons."""
    stages = list(OpportunityStage.objects.all())
    if not stages:
        return 0
    reasons = (Opportunity.LossReason.ORDERS, Opportunity.LossReason.LONG_TERM_COST, Opportunity.LossReason.RELATION)
    chances = []
    for person in staff.sales:
        for customer in _few(_customers_of(person, customers), OPPORTUNITIES_EACH, rng):
            stage = _one(stages, rng)
            closed = stage.outcome != OpportunityStage.Outcome.OPEN
            days = int(rng.integers(1, 60))
            closed_on = dt.datetime.combine(today - dt.timedelta(days=days), dt.time(11))
            lost = stage.outcome == OpportunityStage.Outcome.LOST
            chances.append(
                Opportunity(
                    title=_chosen(DEALS, customer, rng),
                    customer=customer,
                    stage=stage,
                    owner_id=person,
                    expected_value=Decimal(int(rng.integers(4, 90)) * 25),
                    expected_on=today + dt.timedelta(days=-days if closed else days),
                    closed_at=timezone.make_aware(closed_on) if closed else None,
                    loss_reason=_one(reasons, rng) if lost else "",
                )
            )
    return len(Opportunity.objects.bulk_create(chances))
