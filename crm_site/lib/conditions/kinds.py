"""What sorts of fields filters know: which operators each has, and how its values are read, typed and written.

In the text of a filter a value stands in one form for all languages (12.5 and 2026-12-31); people type and read it as
their language writes it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext_lazy, npgettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from crm_site.lib import formatting

# How many values an operator takes; `days` is one number of days, whatever the field.
Takes = Literal["none", "one", "two", "many", "days"]
Control = Literal["text", "decimal", "date", "choice"]

MOST_DAYS = 36_500
LARGEST = Decimal(10) ** 14

_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,12})?")
_SPACES = re.compile(r"[\s\u00a0\u202f’']")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Operator:
    """How a value is compared: its name in a list of choices, and the condition in words."""

    label: str | Promise
    takes: Takes
    phrase: str | Promise


OPERATORS = {
    "is": Operator(pgettext_lazy("filter", "is"), "one", pgettext_lazy("filter", "is %(value)s")),
    "not": Operator(pgettext_lazy("filter", "is not"), "one", pgettext_lazy("filter", "is not %(value)s")),
    "in": Operator(pgettext_lazy("filter", "is one of"), "many", pgettext_lazy("filter", "is %(value)s")),
    "out": Operator(pgettext_lazy("filter", "is none of"), "many", pgettext_lazy("filter", "is neither %(value)s")),
    "contains": Operator(pgettext_lazy("filter", "contains"), "one", pgettext_lazy("filter", "contains “%(value)s”")),
    "lacks": Operator(
        pgettext_lazy("filter", "does not contain"), "one", pgettext_lazy("filter", "does not contain “%(value)s”")
    ),
    "starts": Operator(
        pgettext_lazy("filter", "begins with"), "one", pgettext_lazy("filter", "begins with “%(value)s”")
    ),
    "has": Operator(
        pgettext_lazy("filter", "has words that begin with"),
        "one",
        pgettext_lazy("filter", "has words that begin with “%(value)s”"),
    ),
    "least": Operator(pgettext_lazy("filter", "at least"), "one", pgettext_lazy("filter", "at least %(value)s")),
    "most": Operator(pgettext_lazy("filter", "at most"), "one", pgettext_lazy("filter", "at most %(value)s")),
    "between": Operator(
        pgettext_lazy("filter", "between"), "two", pgettext_lazy("filter", "between %(value)s and %(other)s")
    ),
    "before": Operator(pgettext_lazy("filter", "before"), "one", pgettext_lazy("filter", "before %(value)s")),
    "after": Operator(pgettext_lazy("filter", "after"), "one", pgettext_lazy("filter", "after %(value)s")),
    "last": Operator(
        pgettext_lazy("filter", "in the last … days"),
        "days",
        npgettext_lazy("days behind", "today", "in the last %(count)s days", "count"),
    ),
    "next": Operator(
        pgettext_lazy("filter", "in the next … days"),
        "days",
        npgettext_lazy("days ahead", "today", "in the next %(count)s days", "count"),
    ),
    "ago": Operator(
        pgettext_lazy("filter", "… days ago or longer"),
        "days",
        ngettext_lazy("%(count)s day ago or longer", "%(count)s days ago or longer", "count"),
    ),
    "empty": Operator(pgettext_lazy("filter", "is empty"), "none", pgettext_lazy("filter", "is empty")),
    "known": Operator(pgettext_lazy("filter", "is known"), "none", pgettext_lazy("filter", "is known")),
}
ABOUT_NOTHING = frozenset({"empty", "known"})


class BadValue(ValueError):
    """A value that suits no such field; the message says so in the reader's language."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of field. `read` and `typed` raise BadValue."""

    operators: tuple[str, ...]
    control: Control
    read: Callable[[str], Any]  # from the text of a filter
    typed: Callable[[str], str]  # from what somebody typed to the text of a filter
    written: Callable[[Any, str], str]  # in words, with the house currency

    def shown(self, text: str) -> str:
        """A value of the text of a filter as it stands in an input."""
        return localised(text) if self.control == "decimal" and _PLAIN_NUMBER.fullmatch(text) else text


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_number(text: str) -> Decimal:
    """A number with a point and nothing else. Raises BadValue."""
    if not _PLAIN_NUMBER.fullmatch(text) or abs(Decimal(text)) >= LARGEST:
        raise _no_number(text)
    return Decimal(text)


def read_whole(text: str) -> int:
    """A whole number. Raises BadValue."""
    number = read_number(text)
    if number != number.to_integral_value() or abs(number) >= 2**31:
        raise BadValue(_("“%(value)s” is no whole number.") % {"value": localised(text)})
    return int(number)


def read_day(text: str) -> dt.date:
    """A day as 2026-12-31. Raises BadValue."""
    try:
        if len(text) != 10:
            raise ValueError(text)
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise _no_day(text) from error


def read_days(text: str) -> int:
    """A number of days. Raises BadValue."""
    days = read_whole(text)
    if not 1 <= days <= MOST_DAYS:
        raise BadValue(_("Give a number of days from 1 to %(most)s.") % {"most": formatting.number(MOST_DAYS)})
    return days


def _no_number(text: str) -> BadValue:
    example = formatting.number(Decimal("1234.5"), digits=1)
    return BadValue(_("“%(value)s” is no number. Write it like %(example)s.") % {"value": text, "example": example})


def _no_day(text: str) -> BadValue:
    return BadValue(_("“%(value)s” is no day. Write it like %(example)s.") % {"value": text, "example": "31/12/2026"})


def as_it_is(text: str) -> str:
    return text


# --- Typing -----------------------------------------------------------------------------------------------------------


def typed_text(text: str) -> str:
    return text.strip()


def typed_number(text: str) -> str:
    """A number as the reader's language writes it, in the form of a filter's text. Raises BadValue.

    Signs between groups of three are taken only where they stand between groups of three: 1,23 is no 123 in English.
    """
    bare = _SPACES.sub("", text.strip().removesuffix("%")).replace("−", "-")
    symbols = formatting.number_locale(get_language() or "en").number_symbols["latn"]
    group, decimal = symbols["group"], symbols["decimal"]
    if group in ".,":
        pattern = rf"-?([0-9]{{1,3}}({re.escape(group)}[0-9]{{3}})+|[0-9]+)({re.escape(decimal)}[0-9]+)?"
    else:
        pattern = rf"-?[0-9]+([.{re.escape(decimal)}][0-9]+)?"
    if not re.fullmatch(pattern, bare):
        raise _no_number(text)
    plain = bare.replace(group, "") if group in ".," else bare
    plain = plain.replace(decimal, ".")
    read_number(plain)
    return plain


def typed_day(text: str) -> str:
    """A day from a date field, or typed day first. Raises BadValue."""
    text = text.strip()
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = map(int, match.groups())
        return read_day(f"{year:04}-{month:02}-{day:02}").isoformat()
    return read_day(text).isoformat()


def localised(text: str) -> str:
    """A plain number as the reader's language writes it in an input: without signs between groups."""
    decimal = formatting.number_locale(get_language() or "en").number_symbols["latn"]["decimal"]
    return text.replace(".", str(decimal))


# --- Writing ----------------------------------------------------------------------------------------------------------


def _number(value: Decimal, _currency: str) -> str:
    return formatting.number(value, digits=_places(value))


def _money(value: Decimal, currency: str) -> str:
    places = _places(value)
    return formatting.money(value, currency, digits=max(places, 2) if places else 0)


def _percent(value: Decimal, _currency: str) -> str:
    return formatting.percent(value / 100, digits=_places(value))


def _places(value: Decimal) -> int:
    """The decimal places that a number needs."""
    return max(0, -int(value.normalize().as_tuple().exponent))


def _day(value: dt.date, _currency: str) -> str:
    return formatting.day(value)


def _text(value: Any, _currency: str) -> str:
    return str(value)


_WORDS = ("is", "not", "in", "out", "contains", "lacks", "starts", "empty", "known")
_CHOICES = ("is", "not", "in", "out", "empty", "known")
_NUMBERS = ("least", "most", "between", "is", "empty", "known")
_DAYS = ("last", "next", "ago", "is", "between", "before", "after", "empty", "known")

KINDS = {
    "text": Kind(_WORDS, "text", as_it_is, typed_text, _text),
    "words": Kind(("has",), "text", as_it_is, typed_text, _text),
    "key": Kind(("is", "not", "empty", "known"), "text", as_it_is, typed_text, _text),
    "choice": Kind(_CHOICES, "choice", as_it_is, as_it_is, _text),
    "yes_no": Kind(("is", "empty", "known"), "choice", as_it_is, as_it_is, _text),
    "number": Kind(_NUMBERS, "decimal", read_number, typed_number, _number),
    "whole": Kind(_NUMBERS, "decimal", read_whole, typed_number, lambda value, _: formatting.number(value)),
    "money": Kind(_NUMBERS, "decimal", read_number, typed_number, _money),
    "percent": Kind(_NUMBERS, "decimal", read_number, typed_number, _percent),
    "day": Kind(_DAYS, "date", read_day, typed_day, _day),
    "birthday": Kind(("next",), "date", read_day, typed_day, _day),
}
DAYS = Kind((), "decimal", read_days, typed_number, lambda value, _: formatting.number(value))
