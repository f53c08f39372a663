"""What invented customers agreed to, and the texts that are sent to them."""

import datetime as dt

import numpy as np

from customers.models import Consent, ContactLimit, Customer, MessageTemplate, Purpose
from customers.models.channel import Channel

# Name, name in French, whether it needs consent.
NEWSLETTER = ("Newsletter", "Lettre d’information", True)
OFFERS = ("Offers", "Offres", True)
SERVICE = ("Orders and questions", "Commandes et questions", False)
# Share of customers who were asked, and of those who said yes, by purpose.
ASKED = {NEWSLETTER: (0.8, 0.7), OFFERS: (0.5, 0.45)}
TEXT_VERSION = "2025-01"
TEMPLATES = (
    (
        "Thank you for your order",
        "Merci pour votre commande",
        SERVICE,
        ("Thank you, {{ given_name }}", "Merci, {{ given_name }}"),
        (
            "Hello {{ given_name }},\n\nthank you for your order. We hope that you enjoy it.",
            "Bonjour {{ given_name }},\n\nmerci pour votre commande. Nous espérons qu’elle vous plaira.",
        ),
    ),
    (
        "New releases",
        "Nouveautés",
        NEWSLETTER,
        ("New records for you", "De nouveaux disques pour vous"),
        (
            "Hello {{ given_name }},\n\nthese records have just arrived. Ask us to set one aside for you.",
            "Bonjour {{ given_name }},\n\nces disques viennent d’arriver. Demandez-nous de vous en réserver un.",
        ),
    ),
)


def invent_consents(today: dt.date, rng: np.random.Generator) -> int:
    """Purposes, texts and limits, and who said yes or no in the shop's form; how many said something."""
    purposes = {kind: _purpose(*kind) for kind in (NEWSLETTER, OFFERS, SERVICE)}
    for name, name_fr, kind, subjects, bodies in TEMPLATES:
        MessageTemplate.objects.get_or_create(
            name=name,
            defaults={
                "name_fr": name_fr,
                "purpose": purposes[kind],
                "subject": subjects[0],
                "subject_fr": subjects[1],
                "body": bodies[0],
                "body_fr": bodies[1],
            },
        )
    ContactLimit.objects.get_or_create(channel="", days=30, defaults={"messages": 4})
    ids = np.array(Customer.objects.exclude(email="").order_by("reference").values_list("pk", flat=True))
    said = [
        consent
        for kind, (asked, agreed) in ASKED.items()
        for consent in _answers(purposes[kind], ids[rng.random(len(ids)) < asked], agreed, today, rng)
    ]
    Consent.objects.bulk_create(said, batch_size=5_000)
    return len(said)


def _purpose(name: str, name_fr: str, needs_consent: bool) -> Purpose:
    found, _ = Purpose.objects.get_or_create(name=name, defaults={"name_fr": name_fr, "needs_consent": needs_consent})
    return found


def _answers(
    purpose: Purpose, ids: np.ndarray, agreed: float, today: dt.date, rng: np.random.Generator
) -> list[Consent]:
    yes = rng.random(len(ids)) < agreed
    noon = dt.datetime.combine(today, dt.time(12), tzinfo=dt.UTC)
    days = rng.integers(5, 500, len(ids))
    return [
        Consent(
            customer_id=int(customer),
            channel=Channel.EMAIL,
            purpose=purpose,
            given=bool(given),
            at=noon - dt.timedelta(days=int(ago)),
            source="Order form / Bon de commande",
            text_version=TEXT_VERSION,
        )
        for customer, given, ago in zip(ids, yes, days, strict=True)
    ]
