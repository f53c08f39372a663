"""A duration said at the beginning of a summary, as somebody types it during a call."""

from __future__ import annotations

import re
from dataclasses import dataclass

# "12 min", "12 mn", "12'", "1 h", "1 h 15", "1h15 min"; whole words ("12 minutes late") tell of something else.
DURATION = re.compile(
    r"\s*(?:(?P<hours>\d{1,2})\s*h(?:\s*(?P<rest>[0-5]?\d)(?:\s*mi?n)?)?|(?P<minutes>\d{1,3})\s*(?:mi?n|['’′]))(?![^\W_])\.?"
    r"[\s,:;–—-]*",
    re.IGNORECASE,
)
ALONE = re.compile(r"\s*\d{1,3}\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """The minutes that a text begins with, and the text without them."""

    minutes: int
    text: str


def said_duration(text: str) -> Said | None:
    """What a text says of a duration: by a unit in front, or by being nothing but a number, which means minutes."""
    if ALONE.fullmatch(text):
        return Said(int(text), "")
    found = DURATION.match(text)
    if found is None:
        return None
    hours, rest, minutes = (int(part or 0) for part in found.group("hours", "rest", "minutes"))
    return Said(hours * 60 + rest + minutes, text[found.end() :])
