"""Texts with places for the customer's data.

A text is data: its places are filled by plain replacement from a closed list, and never evaluated as a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import User
from customers.models import Company, Customer, MessageTemplate

PLACES: dict[str, str | Promise] = {
    "given_name": _("given name"),
    "name": _("family name, or name of the household or company"),
    "full_name": _("whole name"),
    "reference": _("reference of the customer"),
    "city": _("town"),
    "company": _("name of our company"),
    "writer": _("name of the person who writes"),
}
_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A text whose places were filled, and those of them that were not."""

    subject: str
    body: str
    # Known places for which this customer has nothing, and places that nobody knows.
    empty: tuple[str, ...]
    unknown: tuple[str, ...]


def draft_for(customer: Customer, template: MessageTemplate, *, company: Company, writer: User) -> Draft:
    """A template in the customer's language, with the customer's data in its places."""
    values = {
        "given_name": customer.given_name,
        "name": customer.name,
        "full_name": customer.full_name,
        "reference": customer.reference,
        "city": customer.city,
        "company": company.name,
        "writer": writer.get_full_name() or writer.username,
    }
    french = language_of(customer) == "fr"
    subject = (template.subject_fr if french else "") or template.subject
    body = (template.body_fr if french else "") or template.body
    used = dict.fromkeys(_PLACE.findall(f"{subject} {body}"))
    return Draft(
        subject=one_line(fill(subject, values)),
        body=fill(body, values),
        empty=tuple(name for name in used if name in values and not values[name]),
        unknown=tuple(name for name in used if name not in values),
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each known place once; what a value itself contains is left alone, and so are unknown places."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def places_in(text: str) -> list[str]:
    """The places of a text that are still open."""
    return list(dict.fromkeys(f"{{{{ {name} }}}}" for name in _PLACE.findall(text)))


def one_line(text: str) -> str:
    """A subject has one line, whatever was put into its places."""
    return " ".join(text.split())


def language_of(customer: Customer) -> str:
    """The customer's language, or the one that is spoken here when it is unknown."""
    return customer.language or (get_language() or settings.LANGUAGE_CODE)[:2]


def in_language_of(customer: Customer) -> override:
    """Speak the customer's language for a while."""
    return override(language_of(customer))
