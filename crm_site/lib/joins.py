"""What the ORM cannot say: a join narrowed to some rows of the joined table, hundreds of keys as one value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import Join

from crm_site.lib.written import Blank

M = TypeVar("M", bound=Model)


class NarrowedJoin(Join):
    """A join to the rows of a query, which stands where the name of the table would."""

    rows: QuerySet[Any]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        text, given = super().as_sql(compiler, connection)
        # Any one column would do: all are read, and naming each would take as long as the rest of the page's statement.
        named = self.rows.values(*[field.attname for field in self.rows.model._meta.pk_fields][:1])
        rows, of_rows = named.query.get_compiler(connection=connection).as_sql()
        rows = f"SELECT * FROM {rows.partition(' FROM ')[2]}"
        table = f"{self.join_type} {compiler.quote_name_unless_alias(self.table_name)}"
        assert text.startswith(f"{table} {self.table_alias} ON ")
        return f"{self.join_type} ({rows}){text.removeprefix(table)}", [*of_rows, *given]

    def relabeled_clone(self, change_map: dict[str | None, str]) -> Join:
        return narrowed_join(super().relabeled_clone(change_map), self.rows)


def narrowed_join(join: Join, rows: QuerySet[Any]) -> NarrowedJoin:
    """The same join to these rows alone."""
    narrowed = NarrowedJoin.__new__(NarrowedJoin)
    narrowed.__dict__ = join.__dict__ | {"rows": rows}
    return narrowed


def joined_to(queryset: QuerySet[M], alias: str, rows: QuerySet[Any]) -> QuerySet[M]:
    """The queryset with its join of this alias made to these rows alone, which must be of the joined table."""
    narrowed = queryset.all()
    narrowed.query.alias_map[alias] = narrowed_join(cast(Join, narrowed.query.alias_map[alias]), rows)
    return narrowed


def with_keys(queryset: QuerySet[M], keys: Iterable[Any] | Blank, *, column: str = "") -> QuerySet[M]:
    """Those of these rows that have one of these keys (primary ones, if no column is named), as one list.

    Django writes and the database reads a value for each otherwise, which takes longer than to find the rows.
    """
    place = f'"{queryset.model._meta.db_table}"."{column or queryset.model._meta.pk.column}"'
    given = keys if isinstance(keys, Blank) else list(keys)
    return queryset.filter(RawSQL(f"{place} = ANY(%s)", (given,), output_field=BooleanField()))
