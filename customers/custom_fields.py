"""The fields that a company adds to its customers: how entries are checked, how they are kept and how they are shown.

In `Customer.custom` a text or a choice stands as it is, a number as its exact decimal text, a date by ISO 8601 and
yes or no as a truth value; what is unknown does not stand there at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib import formatting
from crm_site.lib.components import Fact, Kind
from crm_site.lib.remembered import remembered
from crm_site.lib.tables import Column
from customers.models import Customer, CustomField

PREFIX = "custom_"  # before the code, wherever the fields stand among others
YES, NO = pgettext_lazy("value of a field", "Yes"), pgettext_lazy("value of a field", "No")
LONGEST_TEXT = 500
KINDS: dict[str, Kind] = {CustomField.Kind.NUMBER: "number", CustomField.Kind.DATE: "date"}


def fields() -> list[CustomField]:
    """The company's own fields in their order (1 query)."""
    return list(CustomField.objects.all())


# For pages that only show them: the fields as they stood some seconds ago.
shown_fields = remembered(seconds=10)(fields)


def options(field: CustomField) -> list[str]:
    """What a choice offers, each once, as the administrator ordered it."""
    return list(dict.fromkeys(line.strip() for line in field.choices.splitlines() if line.strip()))


# --- Kept values ------------------------------------------------------------------------------------------------------


def read(field: CustomField, custom: Mapping[str, Any]) -> Any:
    """A customer's value as Python knows it: Decimal, date, bool or text; None when unknown.

    A value that does not suit the field, because its kind was changed, is given as text: nothing entered is hidden.
    """
    value = custom.get(field.code)
    if value is None or value == "":
        return None
    try:
        return _read(field.kind, value)
    except (ValueError, InvalidOperation):
        return str(value)


def _read(kind: str, value: Any) -> Any:
    match kind:
        case CustomField.Kind.NUMBER if not isinstance(value, bool):
            number = Decimal(str(value))
            if not number.is_finite():
                raise ValueError(value)
            return number
        case CustomField.Kind.DATE:
            return dt.date.fromisoformat(str(value))
        case CustomField.Kind.YES_NO if isinstance(value, bool):
            return value
        case _:
            return str(value)


def kept(value: Any) -> Any:
    """A checked value as it stands in `Customer.custom`; None when there is none."""
    match value:
        case None | "":
            return None
        case Decimal():
            return f"{value.normalize():f}" if value else "0"
        case dt.date():
            return value.isoformat()
        case _:
            return value


def clean(values: Mapping[str, Any], among: Sequence[CustomField] | None = None) -> dict[str, Any]:
    """Entries by code, checked and as they are kept; None for a field that was emptied.

    Codes that are no field are left out. Raises ValidationError with the faults by code.
    """
    cleaned: dict[str, Any] = {}
    faults: dict[str, ValidationError] = {}
    for field in fields() if among is None else among:
        if field.code not in values:
            continue
        try:
            cleaned[field.code] = kept(form_field(field).clean(values[field.code]))
        except ValidationError as fault:
            faults[field.code] = fault
    if faults:
        raise ValidationError(faults)
    return cleaned


def merged(custom: Mapping[str, Any], cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """A customer's values after a change; what was not spoken of stays."""
    return {code: value for code, value in {**custom, **cleaned}.items() if value is not None}


# --- Forms ------------------------------------------------------------------------------------------------------------


def form_field(field: CustomField, present: Any = None) -> forms.Field:
    """The form field that asks for a value; `present` stays choosable though its choice was taken away."""
    shared: dict[str, Any] = {"label": field.label, "required": False}
    match field.kind:
        case CustomField.Kind.NUMBER:
            box = forms.NumberInput(attrs={"step": "any"})
            return forms.DecimalField(**shared, max_digits=24, decimal_places=6, widget=box)
        case CustomField.Kind.DATE:
            return forms.DateField(**shared, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        case CustomField.Kind.CHOICE:
            offered = options(field)
            if present is not None and str(present) not in offered:
                offered.append(str(present))
            return forms.ChoiceField(**shared, choices=[("", "—"), *((text, text) for text in offered)])
        case CustomField.Kind.YES_NO:
            answers = [("", gettext_lazy("Unknown")), ("yes", YES), ("no", NO)]
            return forms.TypedChoiceField(**shared, choices=answers, coerce=_is_yes, empty_value=None)
        case _:
            return forms.CharField(**shared, max_length=LONGEST_TEXT)


def _is_yes(answer: str) -> bool:
    return answer == "yes"


def initial(field: CustomField, custom: Mapping[str, Any]) -> Any:
    """What the form shows of a customer's value."""
    value = read(field, custom)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


# --- Pages and lists --------------------------------------------------------------------------------------------------


def shown(customer: Customer, among: Iterable[CustomField] | None = None) -> list[Fact]:
    """All of the company's own fields with a customer's values (1 query, none when the fields are given)."""
    return [
        Fact(field.label, _written(read(field, customer.custom))) for field in (fields() if among is None else among)
    ]


def writer(field: CustomField) -> Callable[[Any], str]:
    """How kept values of this field are written in the reader's language."""
    return lambda value: _written(read(field, {field.code: value}))


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(YES if value else NO)
        case Decimal():
            return formatting.number(value, digits=max(0, -int(value.normalize().as_tuple().exponent)))
        case dt.date():
            return formatting.day(value)
        case _:
            return str(value)


def columns(among: Iterable[CustomField]) -> tuple[Column, ...]:
    """The fields as columns that a reader of the customer list may add."""
    return tuple(_column(field) for field in among)


def _column(field: CustomField) -> Column:
    def value(customer: Customer) -> Any:
        found = read(field, customer.custom)
        if isinstance(found, bool):
            return str(YES if found else NO)
        # In a column of numbers or days a text would be no value.
        return None if isinstance(found, str) and field.kind in KINDS else found

    kind = KINDS.get(field.kind, "text")
    return Column(PREFIX + field.code, field.label, kind, value=value, digits=None, default=False)
