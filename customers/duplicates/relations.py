"""Everything in the database that refers to a customer, whichever app it belongs to, found from the models themselves.

Rows change hands by a plain change of their foreign key. Where that would break a uniqueness (both customers carry the
same tag), the row of the customer that goes is put aside. Tables of computed figures stay as they are: they have no
constraint on customers, and the next recompute writes them anew. What needs a way of its own registers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Exists, ForeignKey, Model, OuterRef, Q, QuerySet, UniqueConstraint

from customers.duplicates.columns import key, key_type, quoted
from customers.models import Customer


@dataclass(frozen=True)
class Unique:
    """What may be there once only for a customer."""

    others: tuple[str, ...]  # the fields beside the customer; none: one row for each customer
    condition: Q


@dataclass(frozen=True)
class Relation:
    """A foreign key to customers."""

    field: ForeignKey[Any, Any]

    @property
    def model(self) -> type[Model]:
        return self.field.model

    @property
    def name(self) -> str:
        return f"{self.model._meta.label_lower}.{self.field.name}"

    @cached_property
    def uniques(self) -> list[Unique]:
        return list(_uniques(self.field))

    def rows_of(self, customer_id: int) -> QuerySet[Any]:
        return self.model._base_manager.filter(**{self.field.attname: customer_id})

    def doubled(self, kept_id: int, gone_id: int) -> QuerySet[Any]:
        """The rows of the customer that goes that cannot stand beside one of the customer that stays."""
        clash = Q(pk__in=())
        for unique in self.uniques:
            same = {name: OuterRef(name) for name in unique.others}
            clash |= unique.condition & Q(Exists(self.rows_of(kept_id).filter(unique.condition, **same)))
        return self.rows_of(gone_id).filter(clash)

    def move(self, from_id: int, to_id: int) -> list[Any]:
        """Give all rows of one customer to another; their keys."""
        column = quoted(self.field.column)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._table} SET {column} = %s WHERE {column} = %s RETURNING {quoted(key(self.model))}",
                [to_id, from_id],
            )
            return sorted(pk if isinstance(pk, int) else str(pk) for (pk,) in cursor.fetchall())

    def move_back(self, pks: list[Any], from_id: int, to_id: int) -> int:
        """Give these rows of one customer to another; how many there still were."""
        column = quoted(self.field.column)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._table} SET {column} = %s WHERE {column} = %s AND {self._among}", [to_id, from_id, pks]
            )
            return cursor.rowcount

    def still_with(self, customer_id: int, pks: list[Any]) -> int:
        """How many of these rows belong to the customer."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {self._table} WHERE {quoted(self.field.column)} = %s AND {self._among}",
                [customer_id, pks],
            )
            return int(cursor.fetchone()[0])

    @property
    def _table(self) -> str:
        return quoted(self.model._meta.db_table)

    @property
    def _among(self) -> str:
        return f"{quoted(key(self.model))} = ANY(%s::{key_type(self.model)}[])"


def _uniques(field: ForeignKey[Any, Any]) -> Iterator[Unique]:
    if field.unique:
        yield Unique((), Q())
    meta = field.model._meta
    for names in meta.unique_together:
        if field.name in names:
            yield Unique(tuple(name for name in names if name != field.name), Q())
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint) and field.name in constraint.fields:
            others = tuple(name for name in constraint.fields if name != field.name)
            yield Unique(others, constraint.condition or Q())


@dataclass(frozen=True)
class OwnWay:
    """How the rows of a model that cannot simply change hands are merged; what it returns is given back to undo it."""

    model: type[Model]
    merge: Callable[[int, int], Any]  # kept, gone → anything that JSON can hold
    undo: Callable[[int, int, Any], None]


_own_ways: dict[str, OwnWay] = {}


def register_own_way(way: OwnWay) -> None:
    """Let an app merge the rows of one of its models itself."""
    _own_ways[way.model._meta.label_lower] = way


def own_ways() -> dict[str, OwnWay]:
    return dict(_own_ways)


def references(model: type[Model] = Customer) -> list[ForeignKey[Any, Any]]:
    """Every foreign key to a model that the database watches over, hidden ones and many-to-many tables included."""
    found = model._meta.get_fields(include_hidden=True)
    fields = [relation.field for relation in found if relation.one_to_many or relation.one_to_one]  # type: ignore[union-attr]
    return [field for field in fields if isinstance(field, ForeignKey) and field.db_constraint]  # type: ignore[attr-defined]


def relations() -> list[Relation]:
    """Those whose rows change hands by themselves."""
    return [Relation(field) for field in references() if field.model._meta.label_lower not in _own_ways]
