"""Cells of lists made by hand: figures and days in the reader's language, and their plain values for files."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crm_site.lib import formatting
from crm_site.lib.components import Cell
from crm_site.lib.formatting import Number


def money_cell(
    value: Number | None, currency: str, *, digits: int | None = None, signed: bool = False, **rest: Any
) -> Cell:
    """An amount; `signed` writes a plus before a gain."""
    return _figure(formatting.money(value, currency, digits=digits), value, signed, rest)


def number_cell(value: Number | None, *, digits: int = 0, signed: bool = False, **rest: Any) -> Cell:
    """A plain number."""
    return _figure(formatting.number(value, digits=digits), value, signed, rest)


def percent_cell(value: Number | None, *, digits: int = 1, signed: bool = False, **rest: Any) -> Cell:
    """A share: 0.163 is written 16.3 %."""
    return _figure(formatting.percent(value, digits=digits), value, signed, rest)


def month_cell(value: dt.date | None, **rest: Any) -> Cell:
    """A month, by its first day."""
    return Cell(formatting.month(value), value=value, **rest)


def _figure(text: str, value: Number | None, signed: bool, rest: dict[str, Any]) -> Cell:
    # What rounds to nothing is no gain.
    gained = signed and value is not None and value > 0 and any(letter in "123456789" for letter in text)
    return Cell(f"+{text}" if gained else text, value=value, **rest)
