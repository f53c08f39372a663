"""How many rows a list has: counted where that is quick, else as far as it is worth knowing, and said so."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from crm_site.lib.remembered import Lately, Remembered

COUNT_LIMIT = 10_000
EXACT_LIMIT = 50_000  # a whole table of so many rows is counted within some milliseconds
TOLD_LIMIT = 2 * COUNT_LIMIT  # what statistics say of one column is taken for true from so many rows on

# Of lists that others still look at, turn over or order anew: that there are more than so many, and how many expected.
_beyond_limit: Lately[tuple[str, str], bool] = Lately(seconds=60)
_expected: Lately[Hashable, int] = Lately(seconds=60)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows a list has, as far as it is worth knowing."""

    rows: int
    capped: bool = False  # there are more than `rows`
    estimated: bool = False  # from the database's statistics

    @classmethod
    def about(cls, rows: int) -> Count:
        """A number from statistics, to three figures: the others would say nothing."""
        return cls(round(rows, 3 - len(str(rows))) if rows >= 1000 else rows, estimated=True)

    @property
    def is_exact(self) -> bool:
        return not (self.capped or self.estimated)


def capped_count(queryset: QuerySet[Any], *, limit: int = COUNT_LIMIT) -> Count:
    """The number of rows, counted no further than the limit (1 query)."""
    question = _question(queryset, limit)
    return _counted(question, limit) if question else Count(0)


def lately_counted(queryset: QuerySet[Any], *, limit: int | None = None) -> Count:
    """The same; that there are more than the limit is remembered for a minute (1 query or none).

    A number below it is counted each time, since whoever adds or changes a row looks for it in the number.
    """
    limit = COUNT_LIMIT if limit is None else limit
    question = _question(queryset, limit)
    if question is None:
        return Count(0)
    known_by = (question[0], repr(question[1]))
    if _beyond_limit.told(known_by):
        return Count(limit, capped=True)
    count = _counted(question, limit)
    if count.capped:
        _beyond_limit.keep(known_by, True)
    return count


def _question(queryset: QuerySet[Any], limit: int) -> tuple[str, tuple[Any, ...]] | None:
    """The statement that finds rows to be counted, with its values; None where none can be found."""
    try:
        return queryset.order_by().values("pk")[: limit + 1].query.sql_with_params()
    except EmptyResultSet:
        return None


def _counted(question: tuple[str, tuple[Any, ...]], limit: int) -> Count:
    text, values = question
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({text}) counted", values)
        (counted,) = cursor.fetchone()
    return Count(min(counted, limit), capped=counted > limit)


def expected_rows(queryset: QuerySet[Any]) -> int:
    """How many rows the database expects to find, from its statistics (1 query, which reads no rows)."""
    (plan,) = json.loads(queryset.order_by().explain(format="json"))
    return int(plan["Plan"]["Plan Rows"])


def lately_expected(queryset: QuerySet[Any], known_by: Hashable = None) -> int:
    """The same, remembered for a minute by the statement, or by what the caller knows it by (1 query or none)."""
    question: Hashable = known_by
    if question is None:
        try:
            text, values = queryset.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return 0
        question = (text, repr(values))
    known = _expected.told(question)
    return known if known is not None else _expected.keep(question, expected_rows(queryset.values("pk")))


def table_count(model: type[Model]) -> Count:
    """The number of rows of a whole table: exact while that is quick, else as estimated in the last minute.

    At most 2 queries, mostly none for a large table.
    """
    estimate = _estimate_of(model._meta.db_table)()
    if estimate > EXACT_LIMIT:
        return Count.about(estimate)
    return capped_count(model._default_manager.all(), limit=2 * EXACT_LIMIT)


@cache
def _estimate_of(table: str) -> Remembered[int]:
    return Remembered(partial(_estimate, table), seconds=60)


def _estimate(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        (estimate,) = cursor.fetchone()
    return estimate
