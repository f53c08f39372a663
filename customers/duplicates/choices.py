"""What is chosen field by field before two customers become one, with what is most likely right chosen already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import pgettext

from crm_site.lib import formatting
from customers.models import Customer, CustomField

# Of two values that differ, who a customer is stays; how it is reached follows the file that was made last.
WHO = ("reference", "kind", "name", "given_name", "birth_date", "member_of", "owner", "team", "source")
CONTACT = ("email", "phone", "language", "preferred_channel", "best_time", "needs")
ADDRESS = ("street", "postal_code", "city", "country")  # from one file all four: half an address is none
ORIGIN = ("acquired_on", "acquisition_cost")
OFFERED = (*WHO, *CONTACT, *ADDRESS, *ORIGIN)
CUSTOM = "custom:"


@dataclass(frozen=True)
class Option:
    """The value of one of both."""

    customer_id: int
    text: str
    value: Any


@dataclass(frozen=True)
class Choice:
    """A field in which the two differ."""

    name: str
    label: str
    options: tuple[Option, Option]
    preselected: int

    def option(self, customer_id: int) -> Option:
        return next(option for option in self.options if option.customer_id == customer_id)


def choices(one: Customer, other: Customer, *, kept: Customer, currency: str) -> list[Choice]:
    """The fields in which two customers differ, in the order of the file (1 query for the further fields)."""
    newer = max(one, other, key=lambda customer: (customer.created_at, customer.pk))
    address = _with_address(newer, one, other)
    made = []
    for name in OFFERED:
        options = _option(one, name, currency), _option(other, name, currency)
        if options[0].value != options[1].value:
            prefer = {**dict.fromkeys(CONTACT, newer), **dict.fromkeys(ADDRESS, address)}.get(name, kept)
            label = str(capfirst(Customer._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
            made.append(Choice(name, label, options, _preselected(name, options, prefer)))
    return made + list(_custom_choices(one, other, kept))


def values_of(chosen: Mapping[str, int], made: Iterable[Choice], *, kept: Customer, gone: Customer) -> dict[str, Any]:
    """What the kept customer gets, by column, when each field is taken from the customer that was chosen for it."""
    values: dict[str, Any] = {}
    custom = {**gone.custom, **kept.custom}
    for choice in made:
        value = choice.option(chosen[choice.name]).value
        if not choice.name.startswith(CUSTOM):
            values[Customer._meta.get_field(choice.name).attname] = value  # type: ignore[union-attr]
        elif value is None:
            custom.pop(choice.name.removeprefix(CUSTOM), None)
        else:
            custom[choice.name.removeprefix(CUSTOM)] = value
    return values | {"custom": custom}


def _option(customer: Customer, name: str, currency: str) -> Option:
    field = Customer._meta.get_field(name)
    return Option(customer.pk, in_words(customer, name, currency), getattr(customer, field.attname))  # type: ignore[union-attr]


def in_words(customer: Customer, name: str, currency: str) -> str:
    """The value of a field as people read it; '' where there is none."""
    value = getattr(customer, name)
    if value is None or value == "":
        return ""
    writers: dict[str, Callable[[Any], str]] = {
        "birth_date": formatting.day,
        "acquired_on": formatting.day,
        "acquisition_cost": partial(formatting.money, currency=currency),
    }
    display = getattr(customer, f"get_{name}_display", None)
    return str(display()) if display else writers.get(name, str)(value)


def _with_address(newer: Customer, one: Customer, other: Customer) -> Customer:
    """Whose address is taken: that of the newer file, unless only the older one says more than the town."""
    older = other if newer is one else one
    return max(newer, older, key=lambda customer: (bool(customer.street), bool(customer.postal_code)))


def _preselected(name: str, options: tuple[Option, ...], prefer: Customer) -> int:
    """The preferred customer's, unless it is empty; an address stays together; the earliest day of being won."""
    if name == "acquired_on" and all(option.value for option in options):
        return min(options, key=lambda option: option.value).customer_id
    own, foreign = sorted(options, key=lambda option: option.customer_id != prefer.pk)
    takes_own = name in ADDRESS or own.value not in (None, "") or foreign.value in (None, "")
    return (own if takes_own else foreign).customer_id


def _custom_choices(one: Customer, other: Customer, kept: Customer) -> Iterable[Choice]:
    """The company's own fields, of which a value may be of any kind."""
    differing = [code for code in {**one.custom, **other.custom} if one.custom.get(code) != other.custom.get(code)]
    labels = {field.code: field.label for field in CustomField.objects.filter(code__in=differing)} if differing else {}
    for code in differing:
        options = _custom_option(one, code), _custom_option(other, code)
        yield Choice(f"{CUSTOM}{code}", labels.get(code, code), options, _preselected(code, options, kept))


def _custom_option(customer: Customer, code: str) -> Option:
    return Option(customer.pk, _plain(customer.custom.get(code)), customer.custom.get(code))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return pgettext("value of a field", "Yes") if value else pgettext("value of a field", "No")
    return "" if value is None else str(value)
