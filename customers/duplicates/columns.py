"""The columns of a row as the database writes them in JSON, and back again exactly: every column, known here or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, ForeignKey, Model

Columns = dict[str, Any]


def stored(model: type[Model]) -> list[str]:
    """The columns that are written; generated ones follow from them."""
    return [field.column for field in model._meta.concrete_fields if field.column and not field.generated]


def read(model: type[Model], pks: Sequence[Any]) -> list[Columns]:
    """The columns of these rows, in the order of their keys (1 query)."""
    meta = model._meta
    generated = [field.column for field in meta.concrete_fields if field.generated]
    statement = (
        f"SELECT (to_jsonb(found) - %s::text[])::text FROM {quoted(meta.db_table)} AS found "
        f"WHERE {quoted(key(model))} = ANY(%s::{key_type(model)}[]) ORDER BY {quoted(key(model))}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [generated, list(pks)])
        return [json.loads(text) for (text,) in cursor.fetchall()]


def add(model: type[Model], row: Columns) -> None:
    """Put a row back under its old key; one that is here already stays as it is."""
    names = ", ".join(quoted(name) for name in stored(model) if name in row)
    table = quoted(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s::jsonb) "
            "ON CONFLICT DO NOTHING",
            [json.dumps(row)],
        )


def change(model: type[Model], row: Columns) -> None:
    """Give a row that is here its old values again."""
    names = [quoted(name) for name in stored(model) if name in row and name != key(model)]
    table = quoted(model._meta.db_table)
    setters = ", ".join(f"{name} = old.{name}" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS present SET {setters} FROM jsonb_populate_record(NULL::{table}, %s::jsonb) AS old "
            f"WHERE present.{quoted(key(model))} = old.{quoted(key(model))}",
            [json.dumps(row)],
        )


def remove(model: type[Model], pks: Sequence[Any]) -> None:
    """Delete these rows and nothing else; the database refuses where something still refers to them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {quoted(model._meta.db_table)} WHERE {quoted(key(model))} = ANY(%s::{key_type(model)}[])",
            [list(pks)],
        )


def without_the_lost(model: type[Model], row: Columns) -> Columns | None:
    """The row without what it refers to and is here no more; none when it cannot be without."""
    kept = dict(row)
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and row.get(field.column) is not None and not _is_here(field, row):
            if not field.null:
                return None
            kept[field.column] = None
    return kept


def _is_here(field: ForeignKey[Any, Any], row: Columns) -> bool:
    target = field.target_field
    return bool(target.model._base_manager.filter(**{target.attname: row[field.column]}).exists())


def key(model: type[Model]) -> str:
    """The column of the primary key."""
    return str(_key_field(model).column)


def key_type(model: type[Model]) -> str:
    """Its type in the database."""
    return str(_key_field(model).rel_db_type(connection))


def _key_field(model: type[Model]) -> Field[Any, Any]:
    return model._meta.pk


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)
