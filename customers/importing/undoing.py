"""Taking an import back: what it created is removed, what it changed is put back, unless somebody changed it since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from crm_site.lib.trail.actions import unrecorded
from customers.duplicates.columns import quoted
from customers.duplicates.relations import references
from customers.importing.fingerprints import CUSTOMER_COLUMNS, MOMENT_COLUMNS, print_of
from customers.importing.keeping import lock_out_other_imports
from customers.models.customer import Customer
from customers.models.duplicate import DuplicatePair
from customers.models.imports import Import
from customers.models.moment import ContactMoment

# Where the record that a column refers to may be gone by now.
_REFERRED = {
    "owner_id": "accounts_user",
    "source_id": "customers_acquisitionsource",
    "member_of_id": "customers_customer",
}

PUT_BACK = """
WITH before AS (
    SELECT change.id AS change, change.record_id, change.after, old.*
    FROM customers_importchange AS change,
         LATERAL jsonb_populate_record(NULL::customers_customer, change.before) AS old
    WHERE change.source_id = %(source)s AND change.before IS NOT NULL
),
restored AS (
    UPDATE customers_customer AS record SET {settings}
    FROM before
    WHERE record.id = before.record_id AND before.after = {print} AND {free}
    RETURNING before.change
)
DELETE FROM customers_importchange WHERE id IN (SELECT change FROM restored)
"""
# A reference that somebody else has been given since stays theirs.
REFERENCE_IS_FREE = """NOT EXISTS (
    SELECT FROM customers_customer AS other WHERE other.reference = before.reference AND other.id <> record.id
)"""

REMOVABLE = """
DROP TABLE IF EXISTS pg_temp.import_removed;
CREATE TEMPORARY TABLE import_removed ON COMMIT DROP AS
SELECT change.id AS change, record.id
FROM customers_importchange AS change JOIN {table} AS record ON record.id = change.record_id
WHERE change.source_id = %(source)s AND change.before IS NULL AND change.after = {print} {unused};
CREATE UNIQUE INDEX ON import_removed (id);
ANALYZE import_removed
"""
UNUSED = "AND NOT EXISTS (SELECT FROM {table} AS other WHERE other.{column} = record.id)"
REMOVE = """
DELETE FROM {table} WHERE id IN (SELECT id FROM import_removed);
DELETE FROM customers_importchange WHERE id IN (SELECT change FROM import_removed)
"""


@transaction.atomic
def take_back(*, import_id: int, watch: Callable[[], None]) -> int:
    """Undo an import; how many records are as they were. Their rows in `ImportChange` go, those of the others stay."""
    source = Import.objects.select_for_update(of=("self",)).get(pk=import_id)
    if source.undone_at:
        return source.undone
    with connection.cursor() as cursor:
        lock_out_other_imports(cursor)
        source.undone = _put_back(cursor, source)
        watch()
        of_moments = source.kind == Import.Kind.MOMENTS
        source.undone += _remove(cursor, source, ContactMoment if of_moments else Customer, watch)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    source.undone_at = timezone.now()
    source.save(update_fields=["undone", "undone_at"])
    return source.undone


def _put_back(cursor: Any, source: Import) -> int:
    first = source.changes.exclude(before=None).first()
    if first is None or first.before is None:
        return 0
    columns = [column for column in (*CUSTOMER_COLUMNS, "sort_key", "search_text") if column in first.before]
    settings = ", ".join(f"{column} = {_restored(column)}" for column in columns)
    free = REFERENCE_IS_FREE if "reference" in columns else "true"
    cursor.execute(PUT_BACK.format(settings=settings, print=print_of("record"), free=free), {"source": source.pk})
    return int(cursor.rowcount)


def _restored(column: str) -> str:
    table = _REFERRED.get(column)
    return f"(SELECT id FROM {table} WHERE id = before.{column})" if table else f"before.{column}"


def _remove(cursor: Any, source: Import, model: type[Model], watch: Callable[[], None]) -> int:
    """Remove what was created and is used by nothing; companies after their members, so again until none is left."""
    table = model._meta.db_table
    columns = MOMENT_COLUMNS if model is ContactMoment else CUSTOMER_COLUMNS
    unused = " ".join(
        UNUSED.format(table=quoted(field.model._meta.db_table), column=quoted(field.column))
        for field in references(model)
        if field.model is not DuplicatePair
    )
    removed = 0
    while True:
        cursor.execute(
            REMOVABLE.format(table=table, print=print_of("record", columns), unused=unused), {"source": source.pk}
        )
        watch()
        if model is Customer:
            _forget_pairs(cursor)
        # What should never have been here leaves no values behind; that the import was undone is in the trail.
        with unrecorded():
            cursor.execute(REMOVE.format(table=table))
        if not cursor.rowcount:
            return removed
        removed += cursor.rowcount


def _forget_pairs(cursor: Any) -> None:
    """Likely duplicates are found anew; a pair of a customer that goes is nothing to keep it for."""
    among = "SELECT id FROM import_removed"
    table = DuplicatePair._meta.db_table
    cursor.execute(f"DELETE FROM {table} WHERE first_id IN ({among}) OR second_id IN ({among})")
