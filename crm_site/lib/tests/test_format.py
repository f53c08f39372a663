"""Figures in both languages, equal to what Babel writes."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from django.template import Context, Template
from django.utils import translation

from crm_site.lib import formatting

AMOUNTS = [Decimal(text) for text in ("0", "0.5", "-0.75", "1.005", "999.995", "1234.5", "-1234567.891", "98765432100")]
LANGUAGES = ["en", "fr", "de", "pt-br"]


def render(text: str, **context: object) -> str:
    return Template("{% load format %}" + text).render(Context(context))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "TND"])
@pytest.mark.parametrize("amount", AMOUNTS)
def test_money_is_written_as_babel_writes_it(language: str, currency: str, amount: Decimal) -> None:
    with translation.override(language):
        written = formatting.money(amount, currency)
    assert written == format_currency(amount, currency, locale=language.replace("-", "_"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_numbers_and_shares_are_written_as_babel_writes_them(language: str, amount: Decimal) -> None:
    locale = language.replace("-", "_")
    with translation.override(language):
        number, share = formatting.number(amount, digits=2), formatting.percent(amount / 100, digits=1)
    assert number == format_decimal(amount, "#,##0.00", locale=locale)
    pattern = formatting.number_locale(language).percent_formats[None].pattern.replace("#,##0", "#,##0.0")
    assert share == format_percent(amount / 100, pattern, locale=locale)


def test_an_amount_that_rounds_to_nothing_has_no_minus() -> None:
    assert formatting.money(Decimal("-0.001"), "EUR") == "€0.00"


def test_floats_are_rounded_by_their_shortest_writing() -> None:
    assert formatting.number(0.125, digits=2) == formatting.number(Decimal("0.125"), digits=2) == "0.12"


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda: formatting.compact_money(Decimal(1234567), "EUR"), "1,2\N{NO-BREAK SPACE}M\N{NO-BREAK SPACE}€"),
        (lambda: formatting.money(1234, "EUR", digits=0), "1\N{NARROW NO-BREAK SPACE}234\N{NO-BREAK SPACE}€"),
        (lambda: formatting.day(dt.date(2026, 11, 22)), "22 nov. 2026"),
        (lambda: formatting.day(dt.date(2026, 11, 1)), "1er nov. 2026"),
        (lambda: formatting.day(dt.date(2026, 11, 1), "full"), "dimanche 1er novembre 2026"),
        (lambda: formatting.day(dt.date(2026, 11, 11)), "11 nov. 2026"),
        (lambda: formatting.month(dt.date(2026, 11, 1)), "nov. 2026"),
        (lambda: formatting.moment(dt.datetime(2026, 11, 22, 13, 5, tzinfo=dt.UTC)), "22 nov. 2026, 14:05"),
    ],
)
def test_french_writes_its_own_way(write: Callable[[], str], expected: str) -> None:
    with translation.override("fr"):
        assert write() == expected


def test_english_days_come_before_their_month() -> None:
    assert formatting.day(dt.date(2026, 11, 22)) == "22 Nov 2026"


def test_how_long_ago_depends_on_the_moment_given() -> None:
    now = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
    assert formatting.ago(now - dt.timedelta(minutes=5), now) == "5 minutes ago"


@pytest.mark.parametrize(
    "text",
    ['{{ v|money:"EUR" }}', "{{ v|number }}", "{{ v|percent }}", "{{ v|day }}", "{{ v|ago }}", "{{ v|or_unknown }}"],
)
def test_what_is_not_known_is_a_dash_with_words_and_never_zero(text: str) -> None:
    written = render(text, v=None)
    assert "—" in written
    assert "unknown" in written
    assert "0" not in written


def test_a_name_typed_by_a_person_stays_text() -> None:
    assert render("{{ v|or_unknown }}", v="<b>Ana</b>") == "&lt;b&gt;Ana&lt;/b&gt;"


def test_french_puts_a_space_before_a_colon() -> None:
    assert formatting.labelled("Phone", "12") == "Phone: 12"
    with translation.override("fr"):
        assert formatting.labelled("Téléphone", "12") == "Téléphone\N{NO-BREAK SPACE}: 12"
