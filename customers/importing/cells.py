"""Texts of cells into what the database takes, or the reason why not.

Each column has a dictionary of its own that converts a text when it first sees it: the same dates, prices and codes
come again and again, so most cells cost one look-up.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from hashlib import md5
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies

from crm_site.lib.export import GUARD, original_text
from customers.importing.mappings import bare
from customers.importing.words import vocabulary

# What a text becomes: the text to stage, or None for an empty cell.
Convert = Callable[[str], str | None]

REMEMBERED = 50_000
LONGEST_REMEMBERED = 100
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009'’"), " ") | {ord("−"): "-"}
_PLAIN = {
    "point": re.compile(r"[+-]?(?:(?:\d+|\d{1,3}([, ])\d{3}(?:\1\d{3})*)(?:\.\d*)?|\.\d+)", re.ASCII),
    "comma": re.compile(r"[+-]?(?:(?:\d+|\d{1,3}([. ])\d{3}(?:\1\d{3})*)(?:,\d*)?|,\d+)", re.ASCII),
}
_TIME = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"(\d{{4}})([-/.]?)(\d{{2}})\2(\d{{2}}){_TIME}", re.ASCII)
_WORDS = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII)
_CURRENCIES = frozenset(list_currencies())
_EARLIEST = dt.date(1900, 1, 1)


class Unusable(Exception):
    """A cell whose row cannot be taken; carries the code of the reason."""


class Cells(dict[str, "str | None"]):
    """The converted texts of one column; in text files without the guard that an export puts before formulas."""

    def __init__(self, convert: Convert, *, guarded: bool = False) -> None:
        super().__init__()
        self._convert = convert
        self._guarded = guarded

    def __missing__(self, text: str) -> str | None:
        bare = text.strip()
        value = self._convert(original_text(bare) if self._guarded and bare[:1] == GUARD else bare)
        if len(self) >= REMEMBERED:
            self.clear()
        if len(text) <= LONGEST_REMEMBERED:
            self[text] = value
        return value


# --- Texts ------------------------------------------------------------------------------------------------------------


def reference(text: str, *, longest: int, required: bool = True) -> str | None:
    """A text by which things are found again: taken exactly or not at all."""
    if not text:
        if required:
            raise Unusable("missing_value")
        return None
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
        if any(unicodedata.category(character) in _INVISIBLE for character in text):
            raise Unusable("invisible_character")
    if len(text) > longest:
        raise Unusable("too_long")
    return text


def code_of(name: str) -> str | None:
    """A code for a product of which only the name is known: the name itself, or its beginning and a fingerprint."""
    code = reference(name, longest=10_000)
    if code and len(code) > 40:
        code = f"{code[:31]}-{md5(code.encode(), usedforsecurity=False).hexdigest()[:8]}"
    return code


def label(text: str, *, longest: int) -> str | None:
    """A text that is only read: on one line, without invisible characters, shortened when it is too long."""
    if not text.isprintable():
        visible = (c if unicodedata.category(c) not in _INVISIBLE else " " if c.isspace() else "" for c in text)
        text = "".join(visible)
    text = " ".join(text.split())
    return (text if len(text) <= longest else f"{text[: longest - 1]}…") or None


# --- Numbers ----------------------------------------------------------------------------------------------------------


def number(text: str, *, decimal: str, places: int, digits: int = 10, required: bool = False) -> str | None:
    """A number as PostgreSQL reads it; decimal is point, comma, or empty when no sample told."""
    if not text:
        if required:
            raise Unusable("missing_value")
        return None
    text = text.translate(_SPACES)
    if not decimal and "," in text and told_decimal(text) != "point":
        raise Unusable("ambiguous_number")
    if not _PLAIN[decimal or "point"].fullmatch(text):
        raise Unusable("not_a_number")
    if decimal == "comma":
        text = text.replace(".", "").replace(",", ".")
    return _exact(text.replace(",", "").replace(" ", ""), places=places, digits=digits)


def _exact(text: str, *, places: int, digits: int) -> str:
    whole, _, fraction = text.partition(".")
    if len(whole.lstrip("+-").lstrip("0")) > digits:
        raise Unusable("too_large")
    if len(fraction) <= places:
        return text
    value = Decimal(text)
    rounded = round(value, places)
    # Programs that compute in binary fractions write 20.340000000000003: that is 20.34.
    if abs(value - rounded) >= Decimal("1e-9"):
        raise Unusable("too_many_decimals")
    return str(rounded)


def quantity(text: str, *, decimal: str) -> str | None:
    """How many; never zero."""
    value = number(text, decimal=decimal, places=3, digits=9, required=True)
    if not value or not Decimal(value):
        raise Unusable("zero_quantity")
    return value


def direction(text: str, *, decimal: str) -> str | None:
    """One unit for an amount that tells no quantity: sold, or given back when the amount is negative."""
    amount = number(text, decimal=decimal, places=2, digits=13)
    return "-1" if amount and Decimal(amount) < 0 else "1"


def cost(text: str, *, decimal: str) -> str | None:
    """What one unit cost; empty when unknown."""
    value = number(text, decimal=decimal, places=6)
    if value and Decimal(value) < 0:
        raise Unusable("negative_cost")
    return value


def rate(text: str, *, decimal: str) -> str | None:
    """An exchange rate, greater than zero."""
    value = number(text, decimal=decimal, places=8, digits=8)
    if value and Decimal(value) <= 0:
        raise Unusable("bad_rate")
    return value


def currency(text: str, *, house: str) -> str | None:
    """A currency other than the house's."""
    code = text.upper()
    if code in {"", house}:
        return None
    if code not in _CURRENCIES:
        raise Unusable("unknown_currency")
    return code


def subscription(text: str) -> str | None:
    """Whether an order begins or renews a subscription; None for an order of any other kind."""
    if not text:
        return None
    found = vocabulary("subscription").get(bare(text))
    if found is None:
        raise Unusable("unknown_subscription")
    return None if found == "none" else found


# --- Dates ------------------------------------------------------------------------------------------------------------


def moment(text: str, *, dates: str, zone: ZoneInfo) -> tuple[dt.date, dt.datetime | None]:
    """The day of a text in the company's zone, and the exact time when the text tells it."""
    if not text:
        raise Unusable("missing_value")
    if match := _ISO.fullmatch(text):
        year, _, month, day, *time = match.groups()
    elif dates in {"dmy", "mdy"} and (match := _WORDS.fullmatch(text)):
        first, _, second, year, *time = match.groups()
        day, month = (first, second) if dates == "dmy" else (second, first)
    else:
        raise Unusable("bad_date")
    try:
        on = dt.date(int(year), int(month), int(day))
        at = _time_of(on, time, zone) if time[0] else None
    except (ValueError, OverflowError):
        raise Unusable("bad_date") from None
    return (at.date() if at else on), at


def _time_of(on: dt.date, time: list[str | None], zone: ZoneInfo) -> dt.datetime:
    hour, minute, second, offset = time
    at = dt.datetime.combine(on, dt.time(int(hour or 0), int(minute or 0), int(second or 0)))
    if not offset:
        return at.replace(tzinfo=zone)
    return dt.datetime.fromisoformat(f"{at.isoformat()}{'+00:00' if offset == 'Z' else offset}").astimezone(zone)


def day(text: str, *, dates: str, zone: ZoneInfo, today: dt.date, shift: dt.timedelta) -> str:
    """The calendar day of an order, in the company's zone."""
    on, _ = moment(text, dates=dates, zone=zone)
    try:
        on += shift
    except OverflowError:
        raise Unusable("bad_date") from None
    if on < _EARLIEST:
        raise Unusable("bad_date")
    if on > today:
        raise Unusable("future_date")
    return on.isoformat()


def exact_time(text: str, *, dates: str, zone: ZoneInfo, shift: dt.timedelta) -> str | None:
    """The time of an order with its offset, when the file tells it."""
    _, at = moment(text, dates=dates, zone=zone)
    return (at + shift).isoformat() if at else None


# --- What a sample tells ----------------------------------------------------------------------------------------------


def told_order(text: str) -> str | None:
    """Which order of day and month a date tells: iso, dmy, mdy, empty when it could be either, none when no date."""
    if _ISO.fullmatch(text):
        return "iso"
    match = _WORDS.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[3])
    if min(first, second) > 12:
        return None
    if max(first, second) > 12:
        return "dmy" if first > second else "mdy"
    return ""


def told_decimal(text: str) -> str | None:
    """What a number tells of its decimal sign: point, comma, empty when it could be either, none when nothing."""
    text = text.translate(_SPACES)
    as_point, as_comma = (bool(_PLAIN[sign].fullmatch(text)) for sign in ("point", "comma"))
    if as_point and as_comma:
        # Three digits behind one sign; behind a comma nobody can tell, behind a point they are taken for decimals.
        return "" if "," in text else None
    return "point" if as_point else "comma" if as_comma else None


def converters(
    *, dates: str, decimal: str, zone: ZoneInfo, house: str, today: dt.date, shift: dt.timedelta
) -> dict[str, Convert]:
    """What converts each field of a row to the column of the same name in the staging table."""
    money = partial(number, decimal=decimal, required=True)
    return {
        "order": partial(reference, longest=60),
        "customer": partial(reference, longest=40, required=False),
        "customer_name": partial(label, longest=160),
        "day": partial(day, dates=dates, zone=zone, today=today, shift=shift),
        "moment": partial(exact_time, dates=dates, zone=zone, shift=shift),
        "sku": partial(reference, longest=40),
        "product": partial(label, longest=200),
        "quantity": partial(quantity, decimal=decimal),
        "unit_price": partial(money, places=6),
        "amount": partial(money, places=2, digits=13),
        "discount": partial(number, decimal=decimal, places=2, digits=13),
        "unit_cost": partial(cost, decimal=decimal),
        "currency": partial(currency, house=house),
        "exchange_rate": partial(rate, decimal=decimal),
        "country": partial(label, longest=60),
        "subscription": subscription,
        "sku_from_product": code_of,
        "quantity_from_amount": partial(direction, decimal=decimal),
    }
