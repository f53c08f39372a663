"""Single cells of files of customers and contact moments."""

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from customers.importing import entries
from customers.importing.cells import Unusable


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com", "a.b+c-d_e@mail.example.co.uk", "A@EXAMPLE.COM", "a..b@example.com", ".a@example.com",
        "a.@example.com", "a@example", "a@example.c", "a@-example.com", "a@example-.com", "a@ex-ample.com", "a@.com",
        "a@example..com", "a@example.com.", "a@b@example.com", "a b@example.com", "@example.com", "a@", "é@example.com",
        "a@éxample.com", "a@example.ſs", "o'neil@example.com", "a@[127.0.0.1]", "a@example.12", "a@example.1a",
        f"a@{'x' * 63}.com", f"a@{'x' * 64}.com", f"a@example.{'x' * 64}",
    ],
)  # fmt: skip
def test_addresses_are_those_that_forms_take(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        with pytest.raises(Unusable, match="bad_email"):
            entries.email(address)
    else:
        assert entries.email(address) == address


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("Étienne", "Étienne"),
        ("E\u0301tienne", "Étienne"),
        ("Le\u00a0Goff\tet\nfils", "Le Goff et fils"),
        ("\u202eevil\u202c", "evil"),
        ("a\x07b\x85c\ufeff", "ab c"),
        ("\u200f", None),
        ("न\u200dम", "न\u200dम"),
    ],
)
def test_a_line_keeps_what_people_see(cell: str, kept: str | None) -> None:
    assert entries.line(cell, longest=40) == kept


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("Asked.", "Asked."),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("a\tb\x0bc\x1b[31m", "a\tbc[31m"),
        ("\u202eé\u2066\u00ad\x85", "é"),
        ("\x00", None),
    ],
)
def test_a_text_keeps_its_lines_and_columns(cell: str, kept: str | None) -> None:
    assert entries.lines(cell) == kept
