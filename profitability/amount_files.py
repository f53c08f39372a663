"""Amounts of cost pools from a file: cost pool, month, amount and capacity, whatever the columns are called.

All rows are looked at before anything is written: a file with a row that cannot be taken is refused as a whole, with
each such row, its reason and what to do.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from crm_site.lib.export import original_text
from crm_site.lib.text import normalise
from customers.importing.mappings import Subject
from customers.importing.problems import REASONS, ImportProblem
from customers.importing.reading import Reading, prepare
from customers.importing.records import Record
from profitability.amount_grid import BadFigure, read_figure
from profitability.costing_actions import CellKey
from profitability.models import Costing

MOST_ROWS = 20_000
MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2}.*)?", re.ASCII)
MONTH_FIRST = re.compile(r"(?:\d{1,2}[-/.])?(\d{1,2})[-/.](\d{4})", re.ASCII)
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
    """A row that cannot be taken."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class AmountFile:
    """What a file says."""

    cells: dict[CellKey, Decimal | None]
    faults: list[RowFault]
    rows: int


class _Refused(Exception):
    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, value, reason


def read_amounts(upload: UploadedFile, costing: Costing) -> AmountFile:
    """The amounts in an uploaded file (1 query). Raises ImportProblem where the file as a whole cannot be read."""
    with tempfile.NamedTemporaryFile() as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        reading = prepare(Path(kept.name), "auto", subject=AMOUNTS)
        with reading.rows() as rows:
            return _taken(rows, reading, costing)


def _taken(rows: Iterator[Record], reading: Reading, costing: Costing) -> AmountFile:
    names = {normalise(name): pool.pk for pool in costing.pools.all() for name in (pool.name, pool.name_fr) if name}
    cells: dict[CellKey, Decimal | None] = {}
    lines: dict[CellKey, int] = {}
    faults: list[RowFault] = []
    count = 0
    for count, record in enumerate(rows, start=1):
        if count > MOST_ROWS:
            said = _("The file has more than %(most)s rows. Split it into several files.") % {"most": MOST_ROWS}
            return AmountFile(cells, [RowFault(record.line, "", "", said)], count)
        try:
            key, amount, capacity = _row(record, reading, names)
            if key in lines:
                said = _("Line %(line)s already gives this cost pool an amount for this month.") % {"line": lines[key]}
                raise _Refused("month", f"{key.month:%Y-%m}", said)
        except _Refused as refused:
            faults.append(RowFault(record.line, reading.column_name(refused.field), refused.value[:60], refused.reason))
            continue
        lines[key] = record.line
        cells[key] = amount
        if capacity is not None:
            cells[CellKey(key.pool, key.month, True)] = capacity
    return AmountFile(cells, faults, count)


def _row(record: Record, reading: Reading, names: Mapping[str, int]) -> tuple[CellKey, Decimal, Decimal | None]:
    if record.reason:
        raise _Refused("", record.value, str(REASONS[record.reason].sentence))
    texts = {field: record.cells[place].strip() for field, place in reading.columns.items()}
    pool = names.get(normalise(original_text(texts["pool"])))
    if pool is None:
        said = _("This costing has no such cost pool. Add it first, or write its name as it stands here.")
        raise _Refused("pool", texts["pool"], said)
    amount = _figure("amount", texts["amount"])
    if amount is None:
        raise _Refused("amount", "", _("The amount is missing; write 0 for a month in which nothing was spent."))
    capacity = _figure("capacity", texts.get("capacity", ""))
    return CellKey(pool, _month(texts["month"])), amount, capacity


def _figure(field: str, text: str) -> Decimal | None:
    try:
        return read_figure(text, is_capacity=field == "capacity")
    except BadFigure as fault:
        raise _Refused(field, text, str(fault)) from fault


def _month(text: str) -> dt.date:
    """The month of a text such as 2026-05, 2026-05-01, 05/2026, 31/05/2026, May 2026 or déc. 2026."""
    match, last = MONTH.fullmatch(text), MONTH_FIRST.fullmatch(text)
    year, month = (match[1], match[2]) if match else (last[2], last[1]) if last else _named_month(text)
    if not year or not 1 <= int(month) <= 12 or not 1900 <= int(year) <= 9998:
        raise _Refused("month", text, _("This is not a month. Write months as 2026-05."))
    return dt.date(int(year), int(month), 1)


def _named_month(text: str) -> tuple[str, str]:
    """Year and month of a text that names the month; empty where it names none, or where several begin like this."""
    match = MONTH_NAMED.fullmatch(normalise(text))
    if match is None:
        return "", ""
    found = [number for number, names in enumerate(NAMES_OF_MONTHS, 1) if any(n.startswith(match[1]) for n in names)]
    return (match[2], str(found[0])) if len(found) == 1 else ("", "")
