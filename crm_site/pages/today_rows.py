"""How the blocks of the page Today read their rows: by statements that are written once for all who see alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Window

from crm_site.lib import formatting
from crm_site.lib.counting import lately_counted, table_count
from crm_site.lib.written import Blank, written
from customers.models import Run

SHOWN = 5
COUNTED = 1000
NOW: Any = Blank("now")


class Anyone:
    """Whoever asks, may see what is asked for, and is named only when the statement is asked."""

    pk = Blank("owner")

    def has_perm(self, _permission: str) -> bool:
        return True


ANYONE = Anyone()
Rows = Callable[[Any], QuerySet[Any]]  # the rows for somebody
Shown = tuple[list[Any], str]  # the first rows, and how many there are in words


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and what the statements of a day depend on besides."""

    user: Any
    today: dt.date
    now: dt.datetime
    run: Run | None

    def own(self, key: str, rows: Rows, *order: Any) -> Shown:
        """The first of one's own rows, few enough to be counted while they are put in order (1 query)."""
        first = self._first(key, lambda: rows(ANYONE).annotate(together=Window(Count("*"))).order_by(*order)[:SHOWN])
        return first, _in_words(first[0].together if first else 0)

    def seen(self, key: str, rows: Rows, *order: Any) -> Shown:
        """The first of all rows that one may see (1 query; 2 where there are more than are shown)."""
        if self.user.has_perm("customers.see_all_customers"):
            first = self._first(key, lambda: rows(ANYONE).order_by(*order)[: SHOWN + 1])
        else:
            first = list(rows(self.user).order_by(*order)[: SHOWN + 1])
        if len(first) <= SHOWN:
            return first, formatting.number(len(first))
        # Of a whole table one knows by now about how many rows it has.
        whole = rows(self.user)
        count = lately_counted(whole, limit=COUNTED) if whole.query.where else table_count(whole.model)
        return first[:SHOWN], _in_words(count.rows, capped=count.capped)

    def _first(self, key: str, rows: Callable[[], QuerySet[Any]]) -> list[Any]:
        run = self.run and (self.run.pk, self.run.scorecards_of_id)
        return written(("today", key, self.today, run), rows).read(owner=self.user.pk, now=self.now)


def _in_words(count: int, *, capped: bool = False) -> str:
    return formatting.number(min(count, COUNTED)) + ("+" if count > COUNTED or capped else "")
