"""Values of filters as people type and read them, in both languages."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from crm_site.lib import formatting
from crm_site.lib.conditions.kinds import KINDS, BadValue, localised, read_days, read_number, typed_day, typed_number

LANGUAGES = st.sampled_from(["en", "fr"])
AMOUNTS = st.decimals(-(10**12), 10**12, places=2)


@given(AMOUNTS, LANGUAGES)
def test_a_number_that_is_shown_can_be_typed_again(amount: Decimal, language: str) -> None:
    with override(language):
        for shown in (formatting.number(amount, digits=2), localised(f"{amount:f}")):
            assert read_number(typed_number(shown)) == amount


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("text", ["", "-", "1,2,3", "1.2.3", "NaN", "1e5", "0x1", "١٢", "5 five", "1" * 40])
def test_what_is_no_number_is_refused_in_both_languages(language: str, text: str) -> None:
    with override(language), pytest.raises(BadValue):
        typed_number(text)


def test_a_comma_is_no_decimal_sign_in_english_and_a_point_no_thousand_in_french() -> None:
    with override("en"), pytest.raises(BadValue):
        typed_number("1,5")
    with override("fr"):
        assert typed_number("1,5") == typed_number("1.5") == "1.5"


@given(st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)))
def test_a_day_is_typed_as_a_date_field_sends_it_or_day_first(day: dt.date) -> None:
    ways = (day.isoformat(), f"{day:%d/%m/%Y}", f" {day.day}.{day.month}.{day.year}")
    assert {typed_day(way) for way in ways} == {day.isoformat()}


@pytest.mark.parametrize("text", ["2026-02-29", "30/02/2026", "2026", "20260101", "today", ""])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        typed_day(text)


@pytest.mark.parametrize("text", ["0", "-3", "36501", "2.5"])
def test_a_number_of_days_is_whole_and_has_an_end(text: str) -> None:
    with pytest.raises(BadValue):
        read_days(text)


def test_every_kind_writes_what_it_reads() -> None:
    texts = {
        "number": "12.5",
        "whole": "7",
        "money": "12.5",
        "percent": "20",
        "day": "2026-06-30",
        "birthday": "2026-06-30",
    }
    written = {name: kind.written(kind.read(texts.get(name, "Lyon")), "EUR") for name, kind in KINDS.items()}
    assert written["money"] == "€12.50"
    assert written["percent"] == "20%"
    assert written["number"] == "12.5"
    assert written["text"] == "Lyon"
