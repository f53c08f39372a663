"""Statements that Django writes once, with blanks that each request fills in.

Django takes longer to write most statements of a page than the database to answer them. Rows that many requests ask
for alike, but for whose they are and what time it is, are a queryset with a `Blank` for each such value, compiled once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import copy
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Expression, Model, QuerySet

from crm_site.lib.remembered import Lately

M = TypeVar("M", bound=Model)


class Blank(Expression):
    """A value in a queryset that is told by this name when the statement is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


class Written:
    """The rows of a queryset with blanks, whose statement stands already."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows
        self.compiler = rows.query.get_compiler(rows.db)
        try:
            self.text, self.values = self.compiler.as_sql()
        except EmptyResultSet:
            self.text, self.values = "", ()

    def read(self, **told: Any) -> list[Any]:
        """The rows for these values (1 query, none where nothing can match)."""
        if not self.text:
            return []
        values = tuple(told[value.name] if isinstance(value, Blank) else value for value in self.values)
        compiler = copy(self.compiler)  # it knows how rows are made of what the statement finds
        compiler.connection = connections[self.rows.db]  # every thread has its own
        compiler.as_sql = lambda *_args, **_options: (self.text, values)
        asked = self.rows.all()
        asked.query.get_compiler = lambda *_args, **_options: compiler  # type: ignore[method-assign]
        return list(asked)


WRITTEN: Lately[Hashable, Written] = Lately(seconds=600, most=200)


def written(question: Hashable, rows: Callable[[], QuerySet[Any]], *, alike: bool = True) -> Written:
    """The statement of these rows, written where nobody asked this question in the last minutes.

    Whose question is not `alike` that of others, say for whom they may see, has a statement of their own.
    """
    if not alike:
        return Written(rows())
    return WRITTEN.told(question) or WRITTEN.keep(question, Written(rows()))
