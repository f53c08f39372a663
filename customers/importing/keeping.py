"""Settled rows into the tables, and the report of it."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, TextIO

from django.db import connection
from django.utils import timezone

from crm_site.lib.export import csv_value
from customers.importing.newcomers import add_customers
from customers.importing.reading import Reading
from customers.importing.report import REPORTED, ImportReport, Rejection, rejection_sheet
from customers.importing.settling import KNOWN, Settling
from customers.importing.staging import Watch, load_cells, visible
from customers.importing.statements import ADD_REJECTIONS, COUNTS, REJECTED_LINES, REJECTIONS
from customers.models.imports import Import

# So many new rows change how tables are best read.
MANY_ROWS = 10_000


# What the rows of a file are written to.
TABLES = {
    Import.Kind.ORDERS: "customers_customer, customers_product, customers_order, customers_orderline",
    Import.Kind.MOMENTS: "customers_contactmoment",
}


def refresh_statistics(kind: str) -> None:
    """Tell the planner what is there now, before pages and recomputes ask."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TABLES.get(Import.Kind(kind), 'customers_customer')}")


def lock_out_other_imports(cursor: Any) -> None:
    """Until the end of the transaction no other import decides what is here already; waits for its turn.

    As there is only one at a time, it may take more memory for sorts and joins.
    """
    cursor.execute("SET LOCAL lock_timeout = 0")
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('customers.imports'))")
    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    cursor.execute("SET LOCAL work_mem = '64MB'")


class People(Protocol):
    """Staged customers, contact persons or contact moments on their way into the tables."""

    def check(self, *, lock: bool) -> None: ...
    def keep(self, source: Import, watch: Callable[[], None]) -> None: ...
    def updated(self) -> int: ...


def keep(cursor: Any, reading: Reading, source: Import, watch: Watch, *, dry_run: bool) -> ImportReport:
    """Check and keep staged rows of orders, inside the transaction of the import; `source` gets its figures."""
    settling = Settling(cursor, reading)
    watch.progress(0, 0, "check")
    settling.check()
    reasons = _settle(cursor, reading, source)
    watch.check_stop()
    watch.progress(0, 0, "keep")
    products, customers = settling.add_products(), settling.list_new_customers()
    add_customers(cursor, source)
    orders = settling.add_orders(source.pk)
    settling.add_lines()
    report = _finish(cursor, reading, source, watch, dry_run=dry_run)
    return replace(report, orders=orders, customers=customers, products=products, reasons=reasons)


def keep_people(
    cursor: Any, reading: Reading, people: People, source: Import, watch: Watch, *, dry_run: bool
) -> ImportReport:
    """Check and keep staged rows of people or moments, inside the transaction of the import."""
    watch.progress(0, 0, "check")
    people.check(lock=True)
    source.updated = people.updated()
    reasons = _settle(cursor, reading, source)
    watch.check_stop()
    watch.progress(0, 0, "keep")
    people.keep(source, watch.check_stop)
    report = _finish(cursor, reading, source, watch, dry_run=dry_run)
    return replace(report, created=source.created, updated=source.updated, reasons=reasons)


def _settle(cursor: Any, reading: Reading, source: Import) -> dict[str, int]:
    """Write on the import what became of its rows; the rejected ones by reason, the most frequent first."""
    cursor.execute(COUNTS)
    counts = dict(cursor.fetchall())
    source.skipped, source.accepted = counts.pop(KNOWN, 0), counts.pop(None, 0)
    source.rejected = sum(counts.values())
    source.rows = source.accepted + source.skipped + source.rejected
    source.mapping = str(reading.mapping)
    source.header = [visible(name) for name in reading.header]
    source.finished_at = timezone.now()
    source.save()
    return {str(reason): rows for reason, rows in sorted(counts.items(), key=lambda item: -item[1])}


def _finish(cursor: Any, reading: Reading, source: Import, watch: Watch, *, dry_run: bool) -> ImportReport:
    """Note where and why rows were not taken, and how they stood in the file."""
    load_cells(cursor, reading, REJECTED_LINES, {"known": KNOWN})
    cursor.execute(ADD_REJECTIONS, {"source": source.pk, "known": KNOWN})
    watch.check_stop()
    # Otherwise left for the commit, when other processes wait for this one.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return ImportReport(
        file_name=source.file_name,
        mapping=source.mapping,
        encoding=reading.text.encoding,
        dry_run=dry_run,
        rows=source.rows,
        accepted=source.accepted,
        rejected=source.rejected,
        skipped=source.skipped,
        rejections=_first_rejections(cursor),
        import_id=None if dry_run else source.pk,
    )


def _first_rejections(cursor: Any) -> list[Rejection]:
    cursor.execute(f"{REJECTIONS} LIMIT {REPORTED}", {"known": KNOWN})
    return [_rejection(*row) for row in cursor.fetchall()]


def _rejection(line: int, column: str, value: str, reason: str, further: str) -> Rejection:
    return Rejection(line, column, value, reason, json.loads(further))


def write_rejections(file: TextIO) -> None:
    """All rejected rows of the import of this transaction, as the list that people download."""
    writer = csv.writer(file)
    with connection.chunked_cursor() as cursor:
        cursor.execute(REJECTIONS, {"known": KNOWN})
        sheet = rejection_sheet("", (_rejection(*row) for row in cursor))
        writer.writerow(sheet.headings)
        writer.writerows([csv_value(value) for value in row] for row in sheet.rows)
