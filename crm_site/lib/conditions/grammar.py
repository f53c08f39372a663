"""A filter as a short text for an address: conditions in groups, groups in a whole.

    profit:most:0;city:in:Lyon,Paris                      both conditions hold
    any(city:is:Lyon;country:is:Spain);all(profit:most:0) both groups hold; of the first, any condition
    either(all(profit:most:0;kind:is:person);all(…))      one of the groups holds

A condition is `field:operator`, or `field:operator:value,value`. In a value a `~` stands before `,` `;` `(` `)` and
`~`. What is written here is read back as the same; whether a field exists and a value suits it is not asked here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Joint = Literal["all", "any"]

LONGEST = 2000
MOST_CONDITIONS = 40
# These mean something in an address and need no encoding there, so that a filter stays readable.
SAFE_IN_ADDRESS = "(),:;~"

# Control characters and halves of characters: nobody types them, and no database takes them all.
_NEVER = frozenset({"Cc", "Cs"})
_SPECIAL = re.compile(r"[,;()~]")
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_OPERATOR = re.compile(r"[a-z]+")
_GROUP = re.compile(r"(all|any)\((.*)\)", re.DOTALL)
_EITHER = re.compile(r"either\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one field; the values as they stand in the text."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all or any must hold; at least one."""

    conditions: tuple[Condition, ...]
    joint: Joint = "all"


@dataclass(frozen=True, slots=True)
class Where:
    """Groups of which all or any must hold; without any, nothing is asked."""

    groups: tuple[Group, ...] = ()
    joint: Joint = "all"

    @property
    def conditions(self) -> Iterator[Condition]:
        return (condition for group in self.groups for condition in group.conditions)


class Reason(Enum):
    """Why a text is no filter."""

    TOO_LONG = "too long"
    TOO_MANY = "too many conditions"
    BRACKETS = "brackets that do not match"
    EMPTY = "an empty piece"
    SHAPE = "not field:operator:value"
    CHARACTER = "a character that no value has"


class BadText(ValueError):
    """The text is no filter: why, and the piece of it where that was seen."""

    def __init__(self, reason: Reason, piece: str) -> None:
        self.reason, self.piece = reason, piece
        super().__init__(f"{reason.value}: {piece}")


# --- Writing ----------------------------------------------------------------------------------------------------------


def write(where: Where) -> str:
    """The filter as text."""
    if len(where.groups) == 1 and where.joint == "all" and where.groups[0].joint == "all":
        return _conditions(where.groups[0])
    groups = ";".join(f"{group.joint}({_conditions(group)})" for group in where.groups)
    return f"either({groups})" if where.joint == "any" and where.groups else groups


def _conditions(group: Group) -> str:
    return ";".join(map(write_condition, group.conditions))


def write_condition(condition: Condition) -> str:
    """One condition as text."""
    values = ",".join(_SPECIAL.sub(r"~\g<0>", value) for value in condition.values)
    return ":".join(filter(None, (condition.field, condition.operator, values)))


# --- Reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Where:
    """The filter that a text says. Raises BadText."""
    if len(text) > LONGEST:
        raise BadText(Reason.TOO_LONG, text[:40])
    if any(unicodedata.category(character) in _NEVER for character in text):
        raise BadText(Reason.CHARACTER, text)
    if not text:
        return Where()
    either = _whole(_EITHER, text)
    pieces = _split(either.group(1) if either else text, ";")
    where = Where(_groups(pieces, plain=either is None), "any" if either else "all")
    if sum(1 for _ in where.conditions) > MOST_CONDITIONS:
        raise BadText(Reason.TOO_MANY, "")
    return where


def _groups(pieces: list[str], *, plain: bool) -> tuple[Group, ...]:
    """A group for each piece; bare conditions alone are one group of which all must hold."""
    found = [_whole(_GROUP, piece) for piece in pieces]
    if plain and not any(found):
        return (Group(tuple(map(_condition, pieces))),)
    return tuple(
        _group(match) if match else Group((_condition(piece),)) for match, piece in zip(found, pieces, strict=True)
    )


def _group(match: re.Match[str]) -> Group:
    joint: Joint = "any" if match.group(1) == "any" else "all"
    return Group(tuple(map(_condition, _split(match.group(2), ";"))), joint)


def _condition(piece: str) -> Condition:
    if not piece:
        raise BadText(Reason.EMPTY, piece)
    field, _, rest = piece.partition(":")
    operator, colon, values = rest.partition(":")
    if not (_FIELD.fullmatch(field) and _OPERATOR.fullmatch(operator)):
        raise BadText(Reason.SHAPE, piece)
    return Condition(field, operator, tuple(_value(value, piece) for value in _split(values, ",")) if colon else ())


def _value(text: str, piece: str) -> str:
    """A value without the signs that kept it together."""
    if not text:
        raise BadText(Reason.EMPTY, piece)
    plain, escaped = [], False
    for character in text:
        if not escaped and character in "()":
            raise BadText(Reason.BRACKETS, piece)
        if escaped or character != "~":
            plain.append(character)
        escaped = character == "~" and not escaped
    if escaped:
        raise BadText(Reason.SHAPE, piece)
    return "".join(plain)


def _whole(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The match of a pattern in brackets, if its last bracket closes its first."""
    match = pattern.fullmatch(text)
    return match if match and _balanced(match.group(match.lastindex or 0)) else None


def _balanced(text: str) -> bool:
    try:
        _split(text, ";")
    except BadText:
        return False
    return True


def _split(text: str, separator: str) -> list[str]:
    """The pieces between separators that stand outside of brackets and behind no `~`. Raises BadText."""
    pieces, start, depth, escaped = [], 0, 0, False
    for place, character in enumerate(text):
        if escaped or character == "~":
            escaped = not escaped
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                break
        elif character == separator and not depth:
            pieces.append(text[start:place])
            start = place + 1
    if depth:
        raise BadText(Reason.BRACKETS, text)
    return [*pieces, text[start:]]
