"""Whose records changed since the last full recompute, as triggers note it.

Most changes do not pass `save()`: an import is a few statements over sets, a merge plain SQL, and somebody may repair
rows by hand. So whoever registers records as a source of costs says which tables they stand in (`Watch`), and a trigger
for each statement notes the customers of the rows that it wrote, in the same transaction. A note without a customer
concerns everybody. Notes stay until a full recompute has seen them; which it has, its snapshot tells.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

NOTES = "profitability_changed"
# What a note is compared with where a test does everything in one transaction, which no snapshot counts as seen.
SEEN = "(pg_visible_in_snapshot(noted_in, %s::pg_snapshot) OR noted_in = pg_current_xact_id_if_assigned())"
# A connection that has written nothing has no number of its own: neither true nor false, and so not seen.
NOT_SEEN = f"{SEEN} IS NOT TRUE"
EVENTS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A table that figures of customers come from. The texts are SQL about `r`, a row that was written."""

    table: str
    columns: tuple[str, ...]  # an update that leaves all of these as they were concerns nobody
    customer: str = "r.customer_id"  # nothing stands for sales without a customer
    joined: str = ""


@dataclass(frozen=True, kw_only=True)
class CommonWatch:
    """A table whose rows many records refer to: a change of these columns concerns everybody."""

    table: str
    columns: tuple[str, ...]


AnyWatch = Watch | CommonWatch


def install(watches: Iterable[AnyWatch]) -> None:
    """Bring the database's functions and triggers in line with what is watched; asked after every migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = {name for (name,) in cursor.fetchall()}
        if NOTES not in tables:
            return
        cursor.execute("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'changed\\_in\\_%'")
        present = dict(cursor.fetchall())
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'changed\\_by\\_%'")
        triggers = {(table.strip('"'), name) for table, name in cursor.fetchall()}
        for watch in {watch.table: watch for watch in watches}.values():
            if watch.table in tables:
                _install(cursor, watch, present, triggers)


def _install(cursor: Any, watch: AnyWatch, present: dict[str, str], triggers: set[tuple[str, str]]) -> None:
    function, body = f"changed_in_{watch.table}", _body(watch)
    if present.get(function) != body:
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $note${body}$note$"
        )
    for event, handed_over in EVENTS.items():
        if (watch.table, f"changed_by_{event}") not in triggers:
            cursor.execute(
                f"CREATE TRIGGER changed_by_{event} AFTER {event} ON {watch.table} {handed_over} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )


def _body(watch: AnyWatch) -> str:
    """Planned anew for each statement: one that writes a row and one that writes a million need different plans."""
    differing = _differing(watch.columns)
    if isinstance(watch, CommonWatch):
        update = f"SELECT NULL::bigint FROM ({differing}) r LIMIT 1"
        # What nothing refers to yet, or any more, changes no figure.
        insert = delete = "SELECT NULL::bigint WHERE false"
    else:
        # In order, since the index on customers takes many notes in half the time then.
        customers = f"SELECT DISTINCT coalesce({watch.customer}, 0) FROM {{rows}} r {watch.joined} ORDER BY 1"
        insert, delete = customers.format(rows="new_rows"), customers.format(rows="old_rows")
        update = customers.format(rows=f"({differing})")
    return f"""
begin
    if tg_op = 'TRUNCATE' then
        insert into {NOTES} (customer_id) values (null);
    elsif tg_op = 'INSERT' then
        execute $q$ insert into {NOTES} (customer_id) {insert} $q$;
    elsif tg_op = 'UPDATE' then
        execute $q$ insert into {NOTES} (customer_id) {update} $q$;
    else
        execute $q$ insert into {NOTES} (customer_id) {delete} $q$;
    end if;
    return null;
end
"""


def _differing(columns: tuple[str, ...]) -> str:
    """Rows that an update changed, as they were and as they are."""
    old, new = (f"({', '.join(f'{row}.{column}' for column in columns)})" for row in "on")
    same = f"o.id = n.id AND {old} IS NOT DISTINCT FROM {new}"
    return (
        f"SELECT n.* FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE {same}) "
        f"UNION ALL SELECT o.* FROM old_rows o WHERE NOT EXISTS (SELECT FROM new_rows n WHERE {same})"
    )


def changed_customers() -> tuple[list[int], bool]:
    """The customers of all notes, 0 for sales without one, and whether any note concerns everybody (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT customer_id FROM {NOTES} ORDER BY 1")
        found = [customer for (customer,) in cursor.fetchall()]
    return [customer for customer in found if customer is not None], None in found


def state_of_database() -> str:
    """Which transactions the present one sees, for telling later which notes it has seen (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def forget_changes(*, seen_by: str) -> None:
    """Take away the notes that were there in this state of the database (1 statement)."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {NOTES} WHERE {SEEN}", [seen_by])


def changed_since(state: str) -> bool:
    """Whether anything was noted that was not there in this state of the database (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {NOTES} WHERE {NOT_SEEN})", [state])
        return bool(cursor.fetchone()[0])


def outdated_customers(run_id: int, customers: Sequence[int]) -> set[int]:
    """Those of these customers whose records the run has not seen as they are now (1 query).

    Runs of before changes were noted say nothing of that, and so none of theirs is outdated.
    """
    seen = "(SELECT (totals #>> '{scope,seen}') FROM customers_run WHERE id = %s)"
    not_seen = NOT_SEEN.replace("%s", seen)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT customer_id FROM {NOTES} "
            f"WHERE (customer_id = ANY(%s) OR customer_id IS NULL) AND {seen} IS NOT NULL AND {not_seen}",
            [list(customers), run_id, run_id],
        )
        found = {customer for (customer,) in cursor.fetchall()}
    return set(customers) if None in found else found
