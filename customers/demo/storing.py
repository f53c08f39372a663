"""Many rows at once into the database, by COPY."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection, models

CHUNK = 20_000
NULL = "\\N"
Row = Sequence[object]


def add_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Add rows to the table of a model; how many they were. Other columns get their default."""
    others = _defaults(model, set(columns))
    whole = ([*row, *others.values()] for row in rows)
    return _copy(model._meta.db_table, [*columns, *others], whole)


def change_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Give existing rows new values; each begins with the id of the row that it changes."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE changed AS SELECT id, {_listed(columns)} FROM {table} WITH NO DATA")
        _copy("changed", ["id", *columns], rows)
        setters = ", ".join(f"{_listed([column])} = changed.{_listed([column])}" for column in columns)
        cursor.execute(f"UPDATE {table} SET {setters} FROM changed WHERE {table}.id = changed.id")
        cursor.execute("DROP TABLE changed")


def _defaults(model: type[models.Model], given: set[str]) -> dict[str, object]:
    """What Django, not the database, would fill into columns that are left out."""
    fields = [field for field in model._meta.concrete_fields if field.column not in given]
    left = [field for field in fields if not field.primary_key and not field.generated and not field.has_db_default()]
    values = {field.column: field.get_db_prep_save(field.get_default(), connection) for field in left if field.column}
    return {column: value for column, value in values.items() if value is not None}


def _copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    remaining, count = iter(rows), 0
    statement = f"COPY {table} ({_listed(columns)}) FROM STDIN (FORMAT csv, NULL '{NULL}')"
    with connection.cursor() as cursor:
        while chunk := list(islice(remaining, CHUNK)):
            buffer = io.StringIO()
            csv.writer(buffer).writerows([NULL if cell is None else cell for cell in row] for row in chunk)
            buffer.seek(0)
            cursor.copy_expert(statement, buffer)
            count += len(chunk)
    return count


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(connection.ops.quote_name(column) for column in columns)
