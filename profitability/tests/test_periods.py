"""Periods in addresses, their edges, and the one before."""

import datetime as dt

import pytest

from profitability.periods import LIFETIME, Length, Period, period_before, period_named, periods_between

TODAY = dt.date(2026, 2, 14)


def edges(period: Period | None) -> tuple[dt.date | None, dt.date | None] | None:
    return (period.since, period.until) if period else None


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2026", dt.date(2026, 1, 1), dt.date(2026, 12, 1)),
        ("2026-q1", dt.date(2026, 1, 1), dt.date(2026, 3, 1)),
        ("2025-q4", dt.date(2025, 10, 1), dt.date(2025, 12, 1)),
        ("2025-12", dt.date(2025, 12, 1), dt.date(2025, 12, 1)),
        ("12m", dt.date(2025, 3, 1), dt.date(2026, 2, 1)),
    ],
)
def test_a_code_names_whole_months(code: str, first: dt.date, last: dt.date) -> None:
    period = period_named(code, as_of=TODAY)
    assert period is not None
    assert edges(period) == (first, last)
    assert period.code == code


def test_no_code_is_everything() -> None:
    assert period_named("", as_of=TODAY) == LIFETIME
    assert period_before(LIFETIME) is None


@pytest.mark.parametrize("code", ["2026-13", "2026-q5", "26", "lately", "2026-1", "0001", "9999", "2026-07\n", "٢٠٢٦"])
def test_what_is_no_period_has_none(code: str) -> None:
    assert period_named(code, as_of=TODAY) is None


@pytest.mark.parametrize(
    ("code", "before"), [("2026", "2025"), ("2026-q1", "2025-q4"), ("2026-01", "2025-12"), ("2026-q3", "2026-q2")]
)
def test_the_period_before_is_of_the_same_kind(code: str, before: str) -> None:
    period = period_named(code, as_of=TODAY)
    assert period is not None
    found = period_before(period)
    assert found is not None
    assert found.code == before


def test_before_the_last_twelve_months_are_the_twelve_before() -> None:
    period = period_named("12m", as_of=TODAY)
    assert period is not None
    assert edges(period_before(period)) == (dt.date(2024, 3, 1), dt.date(2025, 2, 1))


def test_a_period_ends_on_the_last_day_of_its_last_month() -> None:
    period = period_named("2024-02", as_of=TODAY)
    assert period is not None
    assert period.last_day == dt.date(2024, 2, 29)


def test_periods_are_offered_latest_first() -> None:
    quarters = periods_between(dt.date(2025, 11, 1), dt.date(2026, 5, 1), Length.QUARTER)
    assert [quarter.code for quarter in quarters] == ["2026-q2", "2026-q1", "2025-q4"]
