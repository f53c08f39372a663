"""Figures and dates as the reader's language writes them: pure text, no markup.

Babel knows every language's rules, but spends some 30 µs on one amount. Lists show hundreds of them, so the shape of a
number (signs, separators, places) is read once from Babel's own output and reused; a test keeps both equal.
`None` means "not known" and is written as a dash, never as zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from math import fmod
from typing import TypeAlias

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_precision,
)
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

Number: TypeAlias = Decimal | int | float

UNKNOWN = "—"
HOUR, DAY = 3600, 86_400

# Figures follow plain English (so a dollar is $, not US$); dates follow British usage, day before month.
DATE_LOCALES = {"en": "en_GB"}


@dataclass(frozen=True, slots=True)
class NumberShape:
    """How one language writes one kind of number."""

    spec: str  # Python's own format, such as ",.2f"
    prefix: str
    suffix: str
    negative_prefix: str
    negative_suffix: str
    separators: dict[int, str]  # Python's comma and point to the language's own

    def write(self, value: Number) -> str:
        """The number in this shape; what rounds to nothing is written without a minus."""
        if isinstance(value, float):
            value = Decimal(repr(value))
        digits = format(value, self.spec)
        if digits[0] != "-":
            return self.prefix + digits.translate(self.separators) + self.suffix
        digits = digits[1:]
        if not digits.strip("0,."):
            return self.prefix + digits.translate(self.separators) + self.suffix
        return self.negative_prefix + digits.translate(self.separators) + self.negative_suffix


def _language() -> str:
    return get_language() or "en"


@cache
def number_locale(language: str) -> Locale:
    """The locale whose numbers a language of the interface uses."""
    return Locale.parse(language, sep="-")


@cache
def date_locale(language: str) -> Locale:
    """The locale whose dates a language of the interface uses."""
    return Locale.parse(DATE_LOCALES.get(language, language).replace("-", "_"))


def listed(parts: Sequence[str]) -> str:
    """Some words or clauses as the reader's language strings them together: “a, b and c”; nothing for none."""
    return str(format_list(parts, locale=date_locale(get_language() or "en"))) if parts else ""


def labelled(label: object, text: object) -> str:
    """What something is called and what is said of it; languages differ in the space before the colon."""
    return _("%(thing)s: %(title)s") % {"thing": label, "title": text}


def _pattern(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def _shape(positive: str, negative: str, digits: int, language: str) -> NumberShape:
    """Reads prefix and suffix off the texts that Babel gives for +1 and −1 (with `digits` places)."""
    locale = number_locale(language)
    symbols = locale.number_symbols["latn"]
    core = format_decimal(1, _pattern(digits), locale=locale)
    prefix, _core, suffix = positive.partition(core)
    negative_prefix, _core, negative_suffix = negative.partition(core)
    separators = {ord(","): symbols["group"], ord("."): symbols["decimal"]}
    return NumberShape(f",.{digits}f", prefix, suffix, negative_prefix, negative_suffix, separators)


@cache
def _money_shape(language: str, currency: str, digits: int | None) -> NumberShape:
    locale = number_locale(language)
    places = get_currency_precision(currency) if digits is None else digits
    standard = locale.currency_formats["standard"].pattern
    pattern = standard.replace("#,##0.00", _pattern(places))
    positive, negative = (
        format_currency(sign, currency, pattern, locale=locale, currency_digits=False) for sign in (1, -1)
    )
    return _shape(positive, negative, places, language)


@cache
def _number_shape(language: str, digits: int) -> NumberShape:
    positive, negative = (format_decimal(sign, _pattern(digits), locale=number_locale(language)) for sign in (1, -1))
    return _shape(positive, negative, digits, language)


@cache
def _percent_shape(language: str, digits: int) -> NumberShape:
    locale = number_locale(language)
    pattern = locale.percent_formats[None].pattern.replace("#,##0", _pattern(digits))
    hundredth = Decimal("0.01")
    positive, negative = (format_percent(sign * hundredth, pattern, locale=locale) for sign in (1, -1))
    return _shape(positive, negative, digits, language)


def money(value: Number | None, currency: str, *, digits: int | None = None) -> str:
    """An amount with its currency; `digits` other than the currency's own when given."""
    if value is None:
        return UNKNOWN
    return _money_shape(_language(), currency, digits).write(value)


def compact_money(value: Number | None, currency: str) -> str:
    """An amount shortened for a headline: €1.2M."""
    if value is None:
        return UNKNOWN
    if -1000 < value < 1000:
        return money(value, currency, digits=0)
    amount = value if isinstance(value, Decimal) else Decimal(str(value))
    return format_compact_currency(amount, currency, locale=number_locale(_language()), fraction_digits=1)


def number(value: Number | None, *, digits: int = 0) -> str:
    """A plain number with `digits` places."""
    if value is None:
        return UNKNOWN
    return _number_shape(_language(), digits).write(value)


def compact_number(value: Number | None) -> str:
    """A plain number shortened for a headline: 1.2M."""
    if value is None:
        return UNKNOWN
    if -1000 < value < 1000:
        return number(value)
    return format_compact_decimal(value, locale=number_locale(_language()), fraction_digits=1)


def percent(value: Number | None, *, digits: int = 1) -> str:
    """A share as a percentage: 0.163 is written 16.3 %."""
    if value is None:
        return UNKNOWN
    return _percent_shape(_language(), digits).write(value * 100)


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def day(value: dt.date | None, style: str = "medium") -> str:
    """A day: 22 Nov 2026."""
    if value is None:
        return UNKNOWN
    if isinstance(value, dt.datetime):
        value = _local(value).date()
    return _written_day(value, style, _language())


# Lists repeat the same few days, and Babel takes a while over each.
@lru_cache(maxsize=4096)
def _written_day(value: dt.date, style: str, language: str) -> str:
    written = format_date(value, style, locale=date_locale(language))
    # French counts the first of a month and names the other days: 1er mai, 2 mai. Babel knows the latter only.
    if value.day == 1 and style != "short" and language.startswith("fr"):
        return written.replace("1 ", "1er ", 1)
    return written


def day_writer(style: str = "medium") -> Callable[[dt.date], str]:
    """How known days are written, decided once for all rows of a list; likewise the other writers below."""
    language = _language()
    return lambda value: _written_day(value, style, language)


def money_writer(currency: str, *, digits: int | None = None) -> Callable[[Number], str]:
    return _money_shape(_language(), currency, digits).write


def number_writer(*, digits: int = 0) -> Callable[[Number], str]:
    return _number_shape(_language(), digits).write


def percent_writer(*, digits: int = 1) -> Callable[[Number], str]:
    write = _percent_shape(_language(), digits).write
    return lambda value: write(value * 100)


def moment(value: dt.datetime | None, style: str = "medium") -> str:
    """A day and a time of day, in the company's time zone: 22 Nov 2026, 14:05."""
    if value is None:
        return UNKNOWN
    local = _local(value)
    return f"{_written_day(local.date(), style, _language())}, {local:%H:%M}"


def month(value: dt.date | None) -> str:
    """A month of a year: Nov 2026."""
    if value is None:
        return UNKNOWN
    return format_date(value, "MMM y", locale=date_locale(_language()))


def ago(value: dt.datetime | None, now: dt.datetime) -> str:
    """How long before (or after) `now`: 3 minutes ago."""
    if value is None:
        return UNKNOWN
    seconds = int((value - now).total_seconds())
    return _written_distance(seconds - int(fmod(seconds, _grain(abs(seconds)))), _language())


def _grain(seconds: int) -> int:
    """To how many seconds a distance in time matters to its words, so that few distances are ever written."""
    if seconds >= 60 * DAY:
        return DAY
    return HOUR if seconds >= 2 * DAY else 60 if seconds >= 2 * HOUR else 1


@lru_cache(maxsize=8192)
def _written_distance(seconds: int, language: str) -> str:
    return format_timedelta(dt.timedelta(seconds=seconds), add_direction=True, locale=date_locale(language))
