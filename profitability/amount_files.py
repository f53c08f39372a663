"""Amounts of cost pools from a file: cost pool, month, amount and capacity, whatever the columns are called.

All rows are looked at before anything is written: a file with a row that cannot be taken is refused as a whole, with
everything that is wrong with each such row, and what to do.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.utils.translation import gettext as _

from crm_site.lib.export import original_text
from crm_site.lib.text import normalise
from customers.importing.mappings import Subject
from customers.importing.problems import REASONS, ImportProblem
from customers.importing.reading import Reading, prepare
from customers.importing.records import Record
from profitability.amount_grid import BadFigure, read_figure
from profitability.costing_actions import CellKey
from profitability.models import Costing, CostPool

T = TypeVar("T")

MOST_ROWS = 20_000
# From so alike on, a name is proposed for one that no cost pool has.
ALIKE = 0.7
MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2}.*)?", re.ASCII)
MONTH_FIRST = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
DAY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", re.ASCII)
MONTH_NAMED = re.compile(r"([a-z]{3,9})\.?[-/ ]*(\d{4})", re.ASCII)
# As people write them in a heading, without accents: in full, or by the letters that tell one from the others.
NAMES_OF_MONTHS = (
    ("january", "janvier"), ("february", "fevrier"), ("march", "mars"), ("april", "avril"), ("may", "mai"),
    ("june", "juin"), ("july", "juillet"), ("august", "aout"), ("september", "septembre"), ("october", "octobre"),
    ("november", "novembre"), ("december", "decembre"),
)  # fmt: skip


def _check(columns: Mapping[str, str], known: str) -> None:
    missing = [name for name in ("pool", "month", "amount") if name not in columns]
    if missing:
        raise ImportProblem("incomplete_mapping", fields=", ".join(missing), columns=known)


AMOUNTS = Subject(
    fields={
        "pool": "pool costpool resource poste postedecout postedecouts pooldecouts centredecouts ressource cout",
        "month": "month period date mois periode",
        "amount": "amount cost montant total depense",
        "capacity": "capacity practicalcapacity minutes capacityminutes capacite capacitepratique",
    },
    check=_check,
    dates=(),
    numbers=(),
    doubtful_decimal="point",
)


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing that is wrong with a row, and what to do."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class AmountFile:
    """What a file says: its amounts, or all that is wrong with its rows."""

    cells: dict[CellKey, Decimal | None]
    faults: list[RowFault]
    header: Sequence[str]
    rows: list[Record]

    @property
    def refused(self) -> list[int]:
        """The lines of the rows with a fault, in the order of the file."""
        return list(dict.fromkeys(fault.line for fault in self.faults))


class TooManyRows(Exception):
    """The file is longer than any company has cost pools and months."""


class _Fault(Exception):
    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, value, reason


class _Refused(Exception):
    def __init__(self, *faults: _Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


def read_amounts(path: Path, costing: Costing) -> AmountFile:
    """The amounts in a file (1 query). Raises ImportProblem and TooManyRows where it cannot be read as a whole."""
    reading = prepare(path, "auto", subject=AMOUNTS)
    with reading.rows() as found:
        rows = list(islice(found, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise TooManyRows
    return _taken(rows, reading, costing)


def _taken(rows: list[Record], reading: Reading, costing: Costing) -> AmountFile:
    names = {normalise(name): pool for pool in costing.pools.all() for name in (pool.name, pool.name_fr) if name}
    month_first = _is_month_first(record.cells[reading.columns["month"]] for record in rows if not record.reason)
    cells: dict[CellKey, Decimal | None] = {}
    lines: dict[CellKey, int] = {}
    faults: list[RowFault] = []
    for record in rows:
        try:
            key, amount, capacity = _row(record, reading, names, month_first)
            if key in lines:
                said = _("Line %(line)s already gives this cost pool an amount for this month.") % {"line": lines[key]}
                raise _Refused(_Fault("month", f"{key.month:%Y-%m}", said))
        except _Refused as refused:
            faults += [
                RowFault(record.line, reading.column_name(fault.field), fault.value[:60], fault.reason)
                for fault in refused.faults
            ]
            continue
        lines[key] = record.line
        cells[key] = amount
        if capacity is not None:
            cells[CellKey(key.pool, key.month, True)] = capacity
    return AmountFile(cells, faults, reading.header, rows)


def _row(
    record: Record, reading: Reading, names: Mapping[str, CostPool], month_first: bool | None
) -> tuple[CellKey, Decimal, Decimal | None]:
    """What a row says. Raises _Refused with everything that is wrong with it."""
    if record.reason:
        raise _Refused(_Fault("", record.value, str(REASONS[record.reason].sentence)))
    texts = {field: record.cells[place].strip() for field, place in reading.columns.items()}
    faults: list[_Fault] = []

    def tried(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except _Fault as fault:
            faults.append(fault)
            return None

    pool = tried(lambda: _pool(original_text(texts["pool"]), names))
    month = tried(lambda: _month(texts["month"], month_first))
    amount = tried(lambda: _amount(texts["amount"]))
    capacity = tried(lambda: _figure("capacity", texts.get("capacity", "")))
    if faults or pool is None or month is None or amount is None:
        raise _Refused(*faults)
    return CellKey(pool, month), amount, capacity


def _pool(text: str, names: Mapping[str, CostPool]) -> int:
    """The key of the cost pool of this name, in either language."""
    if not text.strip():
        raise _Fault("pool", "", _("The cost pool is missing: write its name."))
    found = names.get(normalise(text))
    if found is not None:
        return found.pk
    alike = get_close_matches(normalise(text), names, n=1, cutoff=ALIKE)
    if alike:
        said = _("This costing has no such cost pool. Is “%(name)s” meant?") % {"name": names[alike[0]].label}
    else:
        said = _("This costing has no such cost pool. Add it first, or write its name as it stands here.")
    raise _Fault("pool", text, said)


def _amount(text: str) -> Decimal:
    amount = _figure("amount", text)
    if amount is None:
        raise _Fault("amount", "", _("The amount is missing; write 0 for a month in which nothing was spent."))
    return amount


def _figure(field: str, text: str) -> Decimal | None:
    try:
        return read_figure(text, is_capacity=field == "capacity")
    except BadFigure as fault:
        raise _Fault(field, text, str(fault)) from fault


# --- Months ---------------------------------------------------------------------------------------------------------


def _is_month_first(texts: Iterable[str]) -> bool | None:
    """Whether days such as 10/1/2026 begin with the month, as all of them together tell; None where they do not.

    Months are mostly given by their first day: where one of the two numbers is always 1, that is the day.
    """
    days = {(int(match[1]), int(match[2])) for text in texts if (match := DAY.fullmatch(text.strip()))}
    first, second = {one for one, _other in days}, {other for _one, other in days}
    day_first = any(number > 12 for number in first)
    month_first = any(number > 12 for number in second)
    if day_first != month_first:
        return month_first
    if day_first or (first == {1}) == (second == {1}):
        return None
    return second == {1}


def _month(text: str, month_first: bool | None) -> dt.date:
    """The month of a text such as 2026-05, 2026-05-01, 05/2026, 31/05/2026, May 2026 or déc. 2026."""
    if not text:
        raise _Fault("month", "", _("The month is missing: write it as 2026-05."))
    year, month = _numbers(text, month_first)
    if not year or not 1 <= int(month) <= 12 or not 1900 <= int(year) <= 9998:
        raise _Fault("month", text, _("This is not a month. Write months as 2026-05."))
    return dt.date(int(year), int(month), 1)


def _numbers(text: str, month_first: bool | None) -> tuple[str, str]:
    """Year and month as they are written; empty where the text is no month."""
    if match := MONTH.fullmatch(text):
        return match[1], match[2]
    if match := MONTH_FIRST.fullmatch(text):
        return match[2], match[1]
    if match := DAY.fullmatch(text):
        return match[3], _month_of_day(text, match[1], match[2], month_first)
    return _named_month(text)


def _month_of_day(text: str, first: str, second: str, month_first: bool | None) -> str:
    one, other = int(first), int(second)
    if one > 12 or other > 12 or one == other:
        return second if one > 12 or one == other else first
    if month_first is None:
        raise _Fault("month", text, _("Day and month cannot be told apart. Write months as 2026-05."))
    return first if month_first else second


def _named_month(text: str) -> tuple[str, str]:
    """Year and month of a text that names the month; empty where it names none, or where several begin like this."""
    match = MONTH_NAMED.fullmatch(normalise(text))
    if match is None:
        return "", ""
    found = [number for number, names in enumerate(NAMES_OF_MONTHS, 1) if any(n.startswith(match[1]) for n in names)]
    return (match[2], str(found[0])) if len(found) == 1 else ("", "")
