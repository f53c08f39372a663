"""The triggers that write the trail: one function for each tracked table, called once for each statement.

A statement that changes 100,000 rows hands them over as two tables, old and new, which one query compares. The
declarations are the only truth: after every migration the functions are compared with them and replaced where they
differ, so a field that is added to a declaration needs no migration of its own.

While columns are renamed or dropped, a function still names the old ones until that migration is over: a migration that
also writes to such a table calls `suspend` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm_site.lib.trail.registry import Tracked, tracked

EVENTS = {
    "insert": "referencing new table as new_rows",
    "update": "referencing old table as old_rows new table as new_rows",
    "delete": "referencing old table as old_rows",
}
# What every function begins with: nothing while the trail is off, no values while somebody is erased.
BODY = """
declare
    actor jsonb := nullif(current_setting('compagnon.actor', true), '')::jsonb;
    erasing boolean := coalesce(current_setting('compagnon.erasing', true), '') = 'on';
begin
    if current_setting('compagnon.trail', true) = 'off' then
        return null;
    end if;
    if tg_op = 'INSERT' then
        {insert};
    elsif tg_op = 'UPDATE' then
        {update};
    else
        {delete};
    end if;
    return null;
end
"""
WRITE = """
        insert into trail_change (model, object_id, customer_id, kind, title, fields, user_id, job, file_name)
        select '{label}', {key}, {customer}, '{kind}', {title}, {fields},
            (actor->>'user')::bigint, coalesce(actor->>'job', ''), coalesce(actor->>'file', '')
        {source}"""


# The plan of a session's first statement serves all later ones: made for one row, it would compare each of 100,000
# old rows with each of 100,000 new ones. A hash of them suits both.
HASHED = "enable_nestloop=off"


@dataclass(frozen=True, slots=True)
class Function:
    """What a trigger calls: its body, and a setting that holds while it runs."""

    body: str
    settings: str = ""


def install() -> None:
    """Bring the database's functions and triggers in line with the declarations; nothing where they are so already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        tables = {name for (name,) in cursor.fetchall()}
        if "trail_change" not in tables:
            return
        cursor.execute(
            "SELECT proname, prosrc, coalesce(proconfig, '{}') FROM pg_proc WHERE proname LIKE 'trail\\_of\\_%'"
        )
        present = {name: Function(body, "".join(settings)) for name, body, settings in cursor.fetchall()}
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'trail\\_of\\_%'")
        triggers = {(table.strip('"'), name) for table, name in cursor.fetchall()}
        for table, function in _functions():
            if table in tables:
                _install(cursor, table, function, present, triggers)


def _install(
    cursor: Any, table: str, wanted: Function, present: dict[str, Function], triggers: set[tuple[str, str]]
) -> None:
    function = f"trail_of_{table}"
    if present.get(function) != wanted:
        settings = f"SET {wanted.settings}" if wanted.settings else ""
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {settings} "
            f"AS $trail${wanted.body}$trail$"
        )
    for event, handed_over in EVENTS.items():
        if (table, f"trail_of_{event}") not in triggers:
            cursor.execute(
                f'CREATE TRIGGER trail_of_{event} AFTER {event} ON "{table}" {handed_over} '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )


def suspend(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Take the triggers off a table until the end of this migration."""
    for event in EVENTS:
        schema_editor.execute(f'DROP TRIGGER IF EXISTS trail_of_{event} ON "{table}"')


def _functions() -> Iterator[tuple[str, Function]]:
    for each in tracked().values():
        yield each.model._meta.db_table, Function(_body_of_rows(each), HASHED)
        for table, name in each.link_tables.items():
            yield table, Function(_body_of_links(each, table, name))


# --- Rows -----------------------------------------------------------------------------------------------------------


def _body_of_rows(each: Tracked) -> str:
    key = each.model._meta.pk.column
    columns = [column for column in each.columns if column not in each.inner]
    compared = [*columns, *each.inner]
    same = ", ".join(f'{{0}}."{column}"' for column in compared)
    changed = f"({same.format('o')}) is distinct from ({same.format('n')})"
    added_from = "from new_rows n" + (f' where n."{each.origin}" is null' if each.origin else "")
    parts = {
        "insert": _write(each, "n", "added", "'{}'::jsonb", added_from),
        "update": _write(
            each, "n", "changed", _differences(each, columns),
            f'from new_rows n join old_rows o on o."{key}" = n."{key}" where {changed}',
        ),
        "delete": _write(
            each, "o", "removed", f"case when erasing then '{{}}'::jsonb else {_lost(each, columns)} end",
            "from old_rows o",
        ),
    }  # fmt: skip
    return BODY.format(**parts)


def _write(each: Tracked, row: str, kind: str, fields: str, source: str) -> str:
    title = f"coalesce(left({each.title.format(row=row)}, 200), '')"
    return WRITE.format(
        label=each.label,
        key=f'{row}."{each.model._meta.pk.column}"',
        customer=f'{row}."{each.customer}"' if each.customer else "null",
        kind=kind,
        title=f"case when erasing then '' else {title} end" if kind == "removed" else title,
        fields=fields,
        source=source,
    )


def _differences(each: Tracked, columns: list[str]) -> str:
    pairs = ", ".join(
        f'\'{column}\', case when o."{column}" is distinct from n."{column}" '
        f'then jsonb_build_array(o."{column}", n."{column}") end'
        for column in columns
    )
    inner = "".join(
        f""" || case when o."{column}" is distinct from n."{column}" then coalesce((
            select jsonb_object_agg('{column}.' || key, jsonb_build_array(o."{column}"->key, n."{column}"->key))
            from jsonb_object_keys(o."{column}" || n."{column}") as key
            where o."{column}"->key is distinct from n."{column}"->key), '{{}}') else '{{}}' end"""
        for column in each.inner
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs})){inner}"


def _lost(each: Tracked, columns: list[str]) -> str:
    pairs = ", ".join(
        f"'{column}', case when nullif(o.\"{column}\"::text, '') is not null "
        f'then jsonb_build_array(o."{column}", null) end'
        for column in columns
    )
    inner = "".join(
        f""" || coalesce((select jsonb_object_agg('{column}.' || key, jsonb_build_array(value, null))
            from jsonb_each(o."{column}")), '{{}}')"""
        for column in each.inner
    )
    return f"jsonb_strip_nulls(jsonb_build_object({pairs})){inner}"


# --- Many-to-many fields --------------------------------------------------------------------------------------------


def _body_of_links(each: Tracked, table: str, name: str) -> str:
    """Keys that came to or went from a row, as one change of it for each statement."""
    link = each.link(name)
    meta = each.model._meta
    own, other = f'l."{link.m2m_column_name()}"', f'l."{link.m2m_reverse_name()}"'
    customer = f'min(r."{each.customer}")' if each.customer else "null"
    owners = f'join "{meta.db_table}" r on r."{meta.pk.column}" = {own}'

    def write(rows: str, went_and_came: str) -> str:
        return WRITE.format(
            label=each.label,
            key=own,
            customer=customer,
            kind="changed",
            title=f"coalesce(left(min({each.title.format(row='r')}), 200), '')",
            fields=f"jsonb_build_object('{name}', jsonb_build_array({went_and_came}))",
            source=f"from {rows} l {owners} group by {own}",
        )

    keys = f"jsonb_agg({other} order by {other})"
    return BODY.format(
        insert=write("new_rows", f"'[]'::jsonb, {keys}"),
        update="null",
        delete="if not erasing then " + write("old_rows", f"{keys}, '[]'::jsonb") + "; end if",
    )
