"""How alike two customers are: a score from 0 to 100 and the reasons for it. Knows neither Django nor a database."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from crm_site.lib.text import tokens

# A pair of at least this score is worth a person's look; one who enters a customer is warned a little sooner.
WORTH_A_LOOK = 60
WORTH_A_WARNING = 50
# What makes two people of one household, or father and son, different people whatever else they share.
MOST_OF_DIFFERENT = 45

SAME_EMAIL, SAME_PHONE, SAME_ADDRESS, SAME_POSTAL_CODE, SAME_TOWN, SAME_BIRTH_DATE = (
    "same_email",
    "same_phone",
    "same_address",
    "same_postal_code",
    "same_town",
    "same_birth_date",
)
SAME_NAME, ALIKE_NAME, SHORT_NAME, RELATED_NAME = "same_name", "alike_name", "short_name", "related_name"

POINTS = {
    SAME_NAME: 45,
    ALIKE_NAME: 38,
    SHORT_NAME: 30,
    RELATED_NAME: 15,
    SAME_EMAIL: 45,
    SAME_PHONE: 35,
    SAME_ADDRESS: 25,
    SAME_POSTAL_CODE: 15,
    SAME_TOWN: 8,
    SAME_BIRTH_DATE: 20,
}
OTHER_NAME = -30
OTHER_KIND = -20
OTHER_COUNTRY = -20

PERSON = "person"
# Forms of companies and titles of people: written or left out as the clerk likes.
UNSAID = frozenset(
    {
        "sarl", "sas", "sasu", "sa", "eurl", "sci", "snc", "ltd", "limited", "llc", "inc", "corp", "plc", "gmbh", "ag",
        "kg", "bv", "nv", "srl", "spa", "sprl", "co", "cie", "et", "and", "the",
        "m", "mr", "mrs", "ms", "miss", "mme", "mlle", "monsieur", "madame", "dr", "prof",
    }
)  # fmt: skip
_STREET_WORDS = {
    "r": "rue", "av": "avenue", "ave": "avenue", "bd": "boulevard", "bvd": "boulevard", "blvd": "boulevard",
    "pl": "place", "ch": "chemin", "rte": "route", "st": "street", "rd": "road", "str": "strasse", "ste": "sainte",
}  # fmt: skip
_DOTS_DO_NOT_COUNT = frozenset({"gmail.com", "googlemail.com"})
_TRUNK = re.compile(r"\(0\)")
_NOT_DIGITS = re.compile(r"\D+")
# Between two forms of one number stands at most a country's code.
SHORTEST_PHONE = 8
LONGEST_COUNTRY_CODE = 3


@dataclass(frozen=True)
class Identity:
    """What is compared of a customer, as it was entered."""

    kind: str
    name: str
    given_name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    birth_date: dt.date | None = None

    @cached_property
    def names(self) -> list[str]:
        return words_of_name(f"{self.given_name} {self.name}")

    @cached_property
    def given_names(self) -> list[str]:
        return words_of_name(self.given_name)


@dataclass(frozen=True)
class Likeness:
    """How alike two customers are, and by what."""

    score: int
    reasons: tuple[str, ...]


def likeness(one: Identity, other: Identity) -> Likeness:
    """Compare two customers; nothing that one of both lacks counts for or against them."""
    reasons = [reason for reason in (_name_reason(one, other), *_contact_reasons(one, other)) if reason]
    score = sum(POINTS[reason] for reason in reasons) + _against(one, other, reasons)
    if _are_different_people(one, other):
        score = min(score, MOST_OF_DIFFERENT)
    return Likeness(max(0, min(100, score)), tuple(reasons))


# --- Names


def words_of_name(name: str) -> list[str]:
    """The words of a name that count, sorted: «Dupont S.A.R.L.» and «SARL Dupont» have the same."""
    said = _joined(tokens(name))
    return sorted(word for word in said if word not in UNSAID) or sorted(said)


def _joined(words: list[str]) -> list[str]:
    """Single letters in a row as one word: «s a r l» is «sarl»; one alone stays an initial."""
    joined: list[str] = []
    letters = ""
    for word in [*words, ""]:
        if len(word) == 1:
            letters += word
            continue
        joined += filter(None, (letters, word))
        letters = ""
    return joined


def _name_reason(one: Identity, other: Identity) -> str:
    if not (one.names and other.names):
        return ""
    alike = name_ratio(one, other)
    if alike >= 97:
        return SAME_NAME
    if alike >= 86:
        return ALIKE_NAME
    if _is_short_form(one, other) or _is_short_form(other, one):
        return SHORT_NAME
    return RELATED_NAME if alike >= 60 else ""


def name_ratio(one: Identity, other: Identity) -> float:
    """How alike two names are, whatever the order of their words: 0 to 100."""
    return fuzz.ratio(" ".join(one.names), " ".join(other.names))


def _is_short_form(short: Identity, long: Identity) -> bool:
    """Whether each word of one name is a word of the other or its initial, with at least one whole word among them."""
    if len(short.names) > len(long.names):
        return False
    left = list(long.names)
    for word in sorted(short.names, key=len, reverse=True):
        match = next((each for each in left if each == word or (len(word) == 1 and each[0] == word)), None)
        if match is None:
            return False
        left.remove(match)
    return len(max(short.names, key=len)) > 2


def _are_different_people(one: Identity, other: Identity) -> bool:
    """Two of one family: other given names, or other days of birth."""
    if PERSON not in (one.kind, other.kind):
        return False
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return True
    if not (one.given_names and other.given_names) or name_ratio(one, other) >= 86:
        return False
    if _is_short_form(one, other) or _is_short_form(other, one):
        return False
    # Given names that are not alike; a family name changes by marriage.
    return fuzz.ratio(" ".join(one.given_names), " ".join(other.given_names)) < 70


# --- Contact data


def _contact_reasons(one: Identity, other: Identity) -> list[str]:
    reasons = []
    if one.email and mailbox(one.email) == mailbox(other.email):
        reasons.append(SAME_EMAIL)
    if same_phone(one.phone, other.phone):
        reasons.append(SAME_PHONE)
    reasons.append(_place_reason(one, other))
    if one.birth_date and one.birth_date == other.birth_date:
        reasons.append(SAME_BIRTH_DATE)
    return reasons


def _against(one: Identity, other: Identity, reasons: list[str]) -> int:
    """What speaks against it: wholly different names, kinds or countries."""
    named = bool({SAME_NAME, ALIKE_NAME, SHORT_NAME, RELATED_NAME} & set(reasons))
    countries = {" ".join(tokens(country)) for country in (one.country, other.country)} - {""}
    return (
        (0 if named else OTHER_NAME)
        + (OTHER_KIND if one.kind != other.kind else 0)
        + (OTHER_COUNTRY if len(countries) == 2 else 0)
    )


def mailbox(address: str) -> str:
    """An e-mail address as its server knows it: without case, without what follows a plus."""
    local, at, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0]
    if domain in _DOTS_DO_NOT_COUNT:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}{at}{domain}"


def phone_digits(phone: str) -> str:
    """The digits of a number without what is dialled before it: «+33 (0)6 12», «0033 6 12» and «33 6 12» are one."""
    return _NOT_DIGITS.sub("", _TRUNK.sub("", phone)).lstrip("0")


def same_phone(one: str, other: str) -> bool:
    """Whether two numbers ring the same telephone, with or without the code of the country."""
    short, long = sorted((phone_digits(one), phone_digits(other)), key=len)
    if len(short) < SHORTEST_PHONE:
        return False
    return long.endswith(short) and len(long) - len(short) <= LONGEST_COUNTRY_CODE


def _place_reason(one: Identity, other: Identity) -> str:
    codes = [_code(identity.postal_code) for identity in (one, other)]
    towns = [" ".join(tokens(identity.city)) for identity in (one, other)]
    same_code, same_town = bool(codes[0]) and codes[0] == codes[1], bool(towns[0]) and towns[0] == towns[1]
    if (same_code or (same_town and not all(codes))) and _same_street(one.street, other.street):
        return SAME_ADDRESS
    if same_code:
        return SAME_POSTAL_CODE
    return SAME_TOWN if same_town else ""


def _code(postal_code: str) -> str:
    return "".join(tokens(postal_code))


def _same_street(one: str, other: str) -> bool:
    """The same numbers, and words that are nearly the same."""
    words = [[_STREET_WORDS.get(word, word) for word in tokens(street)] for street in (one, other)]
    numbers = [[word for word in street if word[0].isdigit()] for street in words]
    return all(words) and numbers[0] == numbers[1] and fuzz.token_sort_ratio(*map(" ".join, words)) >= 85
