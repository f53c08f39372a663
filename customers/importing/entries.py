"""Texts of cells into what the files of customers and contact moments take, or the reason why not."""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from customers import custom_fields
from customers.importing.cells import Convert, Unusable, moment, number
from customers.importing.mappings import bare
from customers.importing.words import countries, vocabulary
from customers.models.custom_field import CustomField

LONGEST_TEXT = 5000
# Signs that steer the direction of text or stand for nothing; joiners belong to the letters of some languages.
_STEERING = "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_STEERS = re.compile(f"[{_STEERING}]")
# ... and control characters that neither end a line nor lead to a next column. None of these is printable.
_UNSEEN = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_STEERING}]")
_SPACE = re.compile(r"\s")
# Most addresses look like this; Django's rules, which take longer, agree to all of these.
_USUAL_EMAIL = re.compile(r"[\w+-]+(?:\.[\w+-]+)*@(?:[a-z0-9]{1,63}\.)+[a-z]{2,63}", re.ASCII | re.IGNORECASE)
_PHONE_DIGITS = re.compile(r"\D", re.ASCII)
_MORE_TIME = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Manner:
    """How dates and numbers of a file are read."""

    dates: str
    decimal: str
    zone: ZoneInfo
    now: dt.datetime


# --- Texts ------------------------------------------------------------------------------------------------------------


def line(text: str, *, longest: int) -> str | None:
    """A text of one line, kept whole or not at all."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).strip()
    if not text.isprintable():
        text = _UNSEEN.sub("", _SPACE.sub(" ", text)).strip()
    if len(text) > longest:
        raise Unusable("text_too_long")
    return text or None


def lines(text: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """A text that may have several lines."""
    if not text.isprintable():
        text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.strip()
    if len(text) > longest:
        raise Unusable("text_too_long")
    return text or None


def email(text: str) -> str | None:
    """An address of e-mail, without the word that links put before it."""
    if not text:
        return None
    if len(text) <= 254 and _USUAL_EMAIL.fullmatch(text):
        return text
    text = _STEERS.sub("", text.removeprefix("mailto:"))
    if len(text) > 254:
        raise Unusable("bad_email")
    try:
        validate_email(text)
    except ValidationError:
        raise Unusable("bad_email") from None
    return text


def phone(text: str) -> str | None:
    """A number as people write it; it must have at least one digit."""
    found = line(text, longest=32)
    if found and not any(map(str.isdigit, found)):
        raise Unusable("bad_phone")
    return found


def phone_key(text: str) -> str | None:
    """By what numbers are compared: their last nine digits, as they are with or without the code of the country."""
    digits = _PHONE_DIGITS.sub("", text).lstrip("0")
    return digits[-9:] if len(digits) >= 6 else None


def postal_key(text: str) -> str:
    return text.replace(" ", "").upper()


def country(text: str) -> str | None:
    """The English name of a country that is known by this name or code; any other text as it stands."""
    found = line(text, longest=60)
    return countries().get(bare(found), found) if found else None


def word(text: str, *, among: str, fault: str) -> str | None:
    """The value that a word stands for."""
    if not text:
        return None
    found = vocabulary(among).get(bare(text)) or vocabulary(among).get(text)
    if found is None:
        raise Unusable(fault)
    return found


def looked_up(text: str, *, among: Mapping[str, int | None], fault: str) -> str | None:
    """The key of the record of this name; None among them stands for a name that several have."""
    if not text:
        return None
    found = among.get(text.casefold())
    if found is None:
        raise Unusable(fault)
    return str(found)


# --- Days, times and amounts ------------------------------------------------------------------------------------------


def day(text: str, manner: Manner, *, past: bool) -> str | None:
    """A calendar day; one in the past where only that can be."""
    if not text:
        return None
    on, _at = moment(text, dates=manner.dates, zone=manner.zone)
    if on.year < 1850:
        raise Unusable("bad_date")
    if past and on > manner.now.astimezone(manner.zone).date():
        raise Unusable("future_day")
    return on.isoformat()


def occurred_at(text: str, manner: Manner) -> str | None:
    """A moment in the company's zone; a day without a time counts from its beginning."""
    on, at = moment(text, dates=manner.dates, zone=manner.zone)
    try:
        at = at or dt.datetime.combine(on, dt.time(), manner.zone)
        late = at > manner.now + _MORE_TIME
        written = at.astimezone(dt.UTC).isoformat()
    except (OverflowError, ValueError):
        raise Unusable("bad_date") from None
    if on.year < 1900:
        raise Unusable("bad_date")
    if late:
        raise Unusable("future_moment")
    return written


def amount(text: str, manner: Manner, *, digits: int) -> str | None:
    """An amount or a duration, never below zero."""
    value = number(text, decimal=manner.decimal, places=2, digits=digits)
    if value and Decimal(value) < 0:
        raise Unusable("below_zero")
    return value


# --- The company's own fields -----------------------------------------------------------------------------------------


def own_field(text: str, field: CustomField, manner: Manner, options: Mapping[str, str]) -> str | None:
    """The value of a further field as it stands in the database, written as JSON."""
    if not text:
        return None
    value: str | bool | None
    match field.kind:
        case CustomField.Kind.NUMBER:
            exact = number(text, decimal=manner.decimal, places=6, digits=18)
            value = custom_fields.kept(Decimal(exact)) if exact else None
        case CustomField.Kind.DATE:
            value = day(text, manner, past=False)
        case CustomField.Kind.YES_NO:
            value = word(text, among="yes_no", fault="not_yes_no") == "true"
        case CustomField.Kind.CHOICE:
            if (value := options.get(bare(text)) or options.get(text)) is None:
                raise Unusable("unknown_choice")
        case _:
            value = line(text, longest=custom_fields.LONGEST_TEXT)
    return None if value is None else json.dumps(value, ensure_ascii=False)


def own_fields(among: list[CustomField], manner: Manner) -> dict[str, Convert]:
    """What converts the further fields of customers."""
    converters: dict[str, Convert] = {}
    for field in among:
        offered = custom_fields.options(field)
        options = {bare(text): text for text in offered} | {text: text for text in offered}
        converters[custom_fields.PREFIX + field.code] = partial(own_field, field=field, manner=manner, options=options)
    return converters
