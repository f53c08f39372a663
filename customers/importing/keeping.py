"""Settled rows into the tables, and the report of it."""

import csv
from typing import Any, TextIO

from django.db import connection
from django.utils import timezone

from crm_site.lib.export import csv_value
from customers.importing.newcomers import add_customers
from customers.importing.reading import Reading
from customers.importing.report import REPORTED, ImportReport, Rejection, rejection_sheet
from customers.importing.settling import KNOWN, Settling
from customers.importing.staging import Watch
from customers.importing.statements import REJECTIONS
from customers.models.imports import Import

# So many new rows change how tables are best read.
MANY_ROWS = 10_000


def refresh_statistics() -> None:
    """Tell the planner what is there now, before pages and recomputes ask."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, customers_product, customers_order, customers_orderline")


def lock_out_other_imports(cursor: Any) -> None:
    """Until the end of the transaction no other import decides what is here already; waits for its turn."""
    cursor.execute("SET LOCAL lock_timeout = 0")
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('customers.imports'))")
    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def keep(cursor: Any, reading: Reading, source: Import, watch: Watch, *, dry_run: bool) -> ImportReport:
    """Check and keep the staged rows, inside the transaction of the import; `source` gets its figures."""
    settling = Settling(cursor, reading)
    watch.progress(0, 0, "check")
    settling.check()
    reasons = _count(settling, source)
    source.mapping = str(reading.mapping)
    source.header = list(reading.header)
    source.finished_at = timezone.now()
    source.save()
    watch.check_stop()
    watch.progress(0, 0, "keep")
    products, customers = settling.add_products(), settling.list_new_customers()
    add_customers(cursor, source)
    orders = settling.add_orders(source.pk)
    settling.add_lines()
    settling.add_rejections(source.pk)
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
        orders=orders,
        customers=customers,
        products=products,
        reasons=reasons,
        rejections=_first_rejections(cursor),
        import_id=None if dry_run else source.pk,
    )


def _count(settling: Settling, source: Import) -> dict[str, int]:
    """Write on the import what became of its rows; the rejected ones by reason, the most frequent first."""
    counts = settling.counts()
    source.skipped, source.accepted = counts.pop(KNOWN, 0), counts.pop(None, 0)
    source.rejected = sum(counts.values())
    source.rows = source.accepted + source.skipped + source.rejected
    return {str(reason): rows for reason, rows in sorted(counts.items(), key=lambda item: -item[1])}


def _first_rejections(cursor: Any) -> list[Rejection]:
    cursor.execute(f"{REJECTIONS} LIMIT {REPORTED}", {"known": KNOWN})
    return [Rejection(*row) for row in cursor.fetchall()]


def write_rejections(file: TextIO) -> None:
    """All rejected rows of the import of this transaction, as the list that people download."""
    writer = csv.writer(file)
    with connection.chunked_cursor() as cursor:
        cursor.execute(REJECTIONS, {"known": KNOWN})
        sheet = rejection_sheet("", (Rejection(*row) for row in cursor))
        writer.writerow(sheet.headings)
        writer.writerows([csv_value(value) for value in row] for row in sheet.rows)
