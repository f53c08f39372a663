"""Durations said at the beginning of a summary."""

import pytest

from customers.moments.durations import Said, said_duration


@pytest.mark.parametrize(
    ("text", "minutes", "rest"),
    [
        ("12 min talked about prices", 12, "talked about prices"),
        ("12min: prices", 12, "prices"),
        ("12 mn, a parlé des prix", 12, "a parlé des prix"),
        ("5' rappel", 5, "rappel"),
        ("5’ rappel", 5, "rappel"),
        ("1 h 15 visite du magasin", 75, "visite du magasin"),
        ("1h15 min visite", 75, "visite"),
        ("2 h in the shop", 120, "in the shop"),
        ("  90 MIN. Long", 90, "Long"),
        ("7", 7, ""),
        ("12 min", 12, ""),
    ],
)
def test_a_duration_with_its_unit_in_front_is_taken_from_the_words(text: str, minutes: int, rest: str) -> None:
    assert said_duration(text) == Said(minutes, rest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3 boxes were missing",
        "12 minutes late, apologised",
        "2 hours late",
        "talked for 12 min",
        "1234",
        "12 mince pies",
    ],
)
def test_other_numbers_stay_in_the_words(text: str) -> None:
    assert said_duration(text) is None
