"""The grid in which amounts and capacities are typed: cost pools down, months across."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.formats import get_format
from django.utils.translation import gettext as _

from crm_site.lib.formatting import month as month_name
from crm_site.lib.formatting import number
from customers.importing.cells import Unusable, told_decimal
from customers.importing.cells import number as read_number
from profitability.costing_actions import CellKey, Cells
from profitability.models import CostPool


class BadFigure(ValueError):
    """A typed text that is no amount and no capacity; the message says why."""


# Signs of currencies and spaces of any width, which spreadsheets put around a figure.
AROUND_FIGURES = "€$£¥ \t\u00a0\u202f"


@dataclass(frozen=True)
class Cell:
    """One field of the grid."""

    key: CellKey
    text: str
    label: str
    fault: str = ""
    placeholder: str = ""

    @property
    def name(self) -> str:
        return self.key.name


@dataclass(frozen=True)
class Row:
    """The cells of one cost pool: its amounts, or its capacities."""

    label: str
    cells: list[Cell]
    note: str = ""
    total: str = ""


@dataclass
class Grid:
    """What stands in the grid, what was typed into it, and what is wrong with that."""

    pools: Sequence[CostPool]
    months: Sequence[dt.date]
    present: Cells
    typed: dict[CellKey, Decimal | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[CellKey]:
        amounts = [CellKey(pool.pk, month) for pool in self.pools for month in self.months]
        return amounts + [CellKey(pool.pk, month, True) for pool in self.timed for month in self.months]

    @property
    def timed(self) -> list[CostPool]:
        """The cost pools with a practical capacity."""
        return [pool for pool in self.pools if pool.practical_capacity_minutes is not None]

    def read(self, data: Mapping[str, str]) -> None:
        """Take in what was typed; a cell that cannot be read has a fault."""
        for key in self.keys:
            self.texts[key.name] = data.get(key.name, "").strip()
            try:
                self.typed[key] = read_figure(self.texts[key.name], is_capacity=key.is_capacity)
            except BadFigure as fault:
                self.faults[key.name] = str(fault)
        for key, value in self.typed.items():
            alone = key.is_capacity and value is not None and self.typed.get(CellKey(key.pool, key.month)) is None
            if alone and CellKey(key.pool, key.month).name not in self.faults:
                self.faults[key.name] = _("Enter the amount of this month as well.")

    def fought(self, present: Mapping[str, str]) -> None:
        """Say beside cells what somebody else wrote there meanwhile."""
        for name, text in present.items():
            shown = number(Decimal(text), digits=2) if text else _("empty")
            self.faults[name] = _("Somebody else wrote here meanwhile: %(value)s") % {"value": shown}

    @property
    def seen(self) -> str:
        """What stands in the cells now, for the form to carry along."""
        return json.dumps({key.name: str(value) for key, value in self.present.items() if value is not None})

    def seen_in(self, text: str) -> dict[CellKey, Decimal | None]:
        """What the form carried along."""
        try:
            found = json.loads(text or "{}")
        except ValueError:
            found = {}
        by_name = {key.name: key for key in self.keys}
        texts = found if isinstance(found, dict) else {}
        return {by_name[name]: Decimal(value) for name, value in texts.items() if name in by_name and _is_plain(value)}

    # --- As it is drawn

    @property
    def amounts(self) -> list[Row]:
        return [self._row(pool, is_capacity=False) for pool in self.pools]

    @property
    def capacities(self) -> list[Row]:
        return [self._row(pool, is_capacity=True) for pool in self.timed]

    @property
    def totals(self) -> list[str]:
        """What stands entered for each month, over all cost pools."""
        return [self._sum([CellKey(pool.pk, month) for pool in self.pools]) for month in self.months]

    def _row(self, pool: CostPool, *, is_capacity: bool) -> Row:
        keys = [CellKey(pool.pk, month, is_capacity) for month in self.months]
        usual = pool.practical_capacity_minutes
        placeholder = _plain(usual, is_capacity=True) if is_capacity and usual is not None else ""
        note = _("at company level") if pool.company_level and not is_capacity else ""
        return Row(pool.label, [self._cell(pool, key, placeholder) for key in keys], note, self._sum(keys))

    def _cell(self, pool: CostPool, key: CellKey, placeholder: str) -> Cell:
        value = self.present.get(key)
        text = self.texts.get(key.name, "" if value is None else _plain(value, is_capacity=key.is_capacity))
        words = _("Capacity of %(pool)s in %(month)s") if key.is_capacity else _("Amount of %(pool)s in %(month)s")
        label = words % {"pool": pool.label, "month": month_name(key.month)}
        return Cell(key, text, label, self.faults.get(key.name, ""), placeholder)

    def _sum(self, keys: Sequence[CellKey]) -> str:
        values = [value for key in keys if (value := self.present.get(key)) is not None]
        return number(sum(values, Decimal()), digits=2) if values else ""


def _plain(value: Decimal, *, is_capacity: bool) -> str:
    """As somebody would type it, with the decimal sign of the reader's language."""
    text = f"{value.normalize():f}" if is_capacity else f"{value:.2f}"
    return text.replace(".", get_format("DECIMAL_SEPARATOR"))


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and value.replace(".", "", 1).isdecimal() and value.isascii()


def read_figure(text: str, *, is_capacity: bool) -> Decimal | None:
    """An amount or a capacity as people type them, 1 234,50 € or $1,234.50; none where nothing was typed.

    Raises BadFigure with the reason in words.
    """
    text = text.strip(AROUND_FIGURES)
    try:
        found = read_number(text, decimal=told_decimal(text) or "", places=2, digits=12)
    except Unusable as fault:
        raise BadFigure(_said(str(fault))) from fault
    value = None if found is None else Decimal(found)
    if value is not None and value < 0:
        raise BadFigure(_("This cannot be less than zero."))
    if value == 0 and is_capacity:
        raise BadFigure(_("The practical capacity must be greater than zero."))
    return value


def _said(code: str) -> str:
    match code:
        case "ambiguous_number":
            return _("The comma may separate decimals or thousands: write the cents as well, or leave the comma out.")
        case "too_large":
            return _("The number is too large.")
        case "too_many_decimals":
            return _("Two decimals are kept: round the number.")
    return _("This is not a number: write an amount as %(example)s.") % {"example": number(1234.5, digits=2)}
