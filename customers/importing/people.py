"""What the three kinds of files about people have in common: read, staged and settled by their kind; and a preview."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm_site.lib.accounts.models import User
from customers.importing import customer_statements, moment_statements
from customers.importing.customer_rows import customer_plan
from customers.importing.customer_settling import CustomerSettling
from customers.importing.moment_rows import moment_plan
from customers.importing.moment_settling import MomentSettling
from customers.importing.reading import Reading, prepare
from customers.importing.report import Fault, Rejection
from customers.importing.settling import KNOWN
from customers.importing.staging import Plan, Terms, Unwatched, load
from customers.importing.subjects import Wish, check_wish, subject_of
from customers.models.company import Company

NEW, CHANGES, SAME, REJECTED = "new", "changes", "same", "rejected"
PREVIEWED = 20
SHOWN_CELLS = 4


def read_people(path: Path, mapping: str, wish: Wish, *, whole: bool = True) -> Reading:
    """Decide how a file is read; refuses one whose columns do not allow what is wished."""
    reading = prepare(path, mapping, subject=subject_of(wish.kind), whole=whole)
    check_wish(wish, reading.columns)
    return reading


def people_plan(reading: Reading, wish: Wish) -> Plan:
    """What the rows become."""
    terms = Terms(Company.current().currency, timezone.get_default_timezone(), timezone.localdate(), timezone.now())
    return moment_plan(reading, terms) if wish.of_moments else customer_plan(reading, terms, wish)


def settling_of(cursor: Any, reading: Reading, wish: Wish, user: User | None) -> CustomerSettling | MomentSettling:
    if wish.of_moments:
        return MomentSettling(cursor, reading, user)
    return CustomerSettling(cursor, reading, wish, user)


@dataclass(frozen=True)
class PreviewedRow:
    """What would become of one row."""

    line: int
    cells: tuple[str, ...]
    outcome: str
    customer_id: int | None = None
    customer: str = ""
    # All that is wrong with it.
    faults: tuple[Fault, ...] = ()


def preview(path: Path, mapping: str, wish: Wish, user: User) -> list[PreviewedRow]:
    """What would become of the first rows; everything is rolled back."""
    reading = read_people(path, mapping, wish, whole=False)
    statement = moment_statements.PREVIEW if wish.of_moments else customer_statements.PREVIEW
    with transaction.atomic(), connection.cursor() as cursor:
        load(cursor, reading, people_plan(reading, wish), Unwatched(), most=PREVIEWED)
        settling_of(cursor, reading, wish, user).check(lock=False)
        cursor.execute(statement)
        rows = cursor.fetchall()
        transaction.set_rollback(True)
    cells = {record.line: _shown(reading, record.cells) for record in reading.sample(PREVIEWED)}
    return [_previewed(cells.get(row[0], ()), wish, *row) for row in rows]


def _shown(reading: Reading, cells: list[str]) -> tuple[str, ...]:
    """The beginning of a row, as far as its columns were named."""
    named = sorted(set(reading.columns.values()))
    return tuple(cells[place][:80] for place in named if place < len(cells) and cells[place].strip())[:SHOWN_CELLS]


def _previewed(
    cells: tuple[str, ...],
    wish: Wish,
    line: int,
    code: str | None,
    column: str,
    value: str,
    further: str,
    pk: int | None,
    name: str,
) -> PreviewedRow:
    if code == KNOWN:
        return PreviewedRow(line, cells, SAME, pk, name or "")
    if code:
        return PreviewedRow(
            line, cells, REJECTED, faults=Rejection(line, column, value, code, json.loads(further)).faults
        )
    return PreviewedRow(line, cells, NEW if wish.of_moments or pk is None else CHANGES, pk, name or "")
