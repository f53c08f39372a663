"""Moves between the four categories, from one period to another or from one recompute to the next."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, FilteredRelation, Q

from customers.models import Run, Scorecard
from customers.models.customer import CustomerQuerySet
from customers.models.scorecard import Category
from profitability.answer_actions import answer_about
from profitability.models import PeriodFigure, PeriodRanking
from profitability.totals import Move

# How a category stands in an address where there is none.
OUTSIDE = "none"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two rankings compared: that of a run, or that of some of its months."""

    name: str
    run: Run | None = None
    ranking: PeriodRanking | None = None

    @property
    def table(self) -> tuple[str, str, list[int]]:
        """The table of its rows, and the column and keys that single them out."""
        if self.period is not None:
            return PeriodFigure._meta.db_table, "ranking_id", [self.period.pk]
        run = self.ranking.run if self.ranking is not None else self.run
        return Scorecard._meta.db_table, "run_id", run.parts if run else []

    @property
    def period(self) -> PeriodRanking | None:
        """The ranking of some months, where it is not one of all."""
        return self.ranking if self.ranking is not None and self.ranking.since is not None else None

    @property
    def key(self) -> str:
        """What tells this side from others in a question."""
        if self.period is not None:
            return f"period:{self.period.pk}"
        return f"run:{self.ranking.run_id if self.ranking is not None else self.run.pk if self.run else 0}"

    def relation(self) -> FilteredRelation:
        """From a customer to its row on this side."""
        table, column, keys = self.table
        name = "scorecards" if table == Scorecard._meta.db_table else "period_figures"
        return FilteredRelation(name, condition=Q(**{f"{name}__{column}__in": keys}))


def moves_between(run: Run, before: Side, after: Side) -> tuple[Move, ...]:
    """How many customers went from each category to each, those who stayed too (1 query once that was asked).

    None is outside of a ranking: not a customer yet, or without anything in the period.
    """
    found = answer_about(run, f"moves {before.key} {after.key}", lambda: _count_moves(before, after))
    return tuple(Move(before=one, after=other, customers=count) for one, other, count in found)


def movers(run: Run, before: Side, after: Side, move: Move) -> list[int]:
    """The few customers who made one of the moves (1 query once that was asked)."""
    question = f"movers {before.key} {after.key} {move.before} {move.after}"
    return answer_about(run, question, lambda: _find_movers(before, after, move))


def _both(before: Side, after: Side) -> tuple[str, list[list[int]]]:
    """Customers with their categories on both sides, as what stands behind FROM, with its parameters."""
    (first, first_column, first_keys), (second, second_column, second_keys) = before.table, after.table
    side = "SELECT customer_id, category FROM {} WHERE {} = ANY(%s) AND category IS NOT NULL"
    rows = f"""
        ({side.format(first, first_column)}) b FULL JOIN ({side.format(second, second_column)}) a USING (customer_id)
    """
    return rows, [first_keys, second_keys]


def _count_moves(before: Side, after: Side) -> list[tuple[int | None, int | None, int]]:
    rows, keys = _both(before, after)
    query = f"SELECT b.category, a.category, count(*) FROM {rows} GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2 NULLS LAST"
    with connection.cursor() as cursor:
        cursor.execute(query, keys)
        return cursor.fetchall()


def _find_movers(before: Side, after: Side, move: Move) -> list[int]:
    rows, keys = _both(before, after)
    query = f"""
        SELECT customer_id FROM {rows}
        WHERE b.category IS NOT DISTINCT FROM %s AND a.category IS NOT DISTINCT FROM %s ORDER BY customer_id
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [*keys, move.before, move.after])
        return [customer for (customer,) in cursor.fetchall()]


def moved(
    customers: CustomerQuerySet, before: Side, after: Side, categories: tuple[Category | None, Category | None]
) -> CustomerQuerySet:
    """The customers who went from one category to another, with both profits (no query of its own)."""
    with_both = customers.alias(was=before.relation(), now=after.relation()).annotate(
        category_before=F("was__category"),
        category=F("now__category"),
        profit_before=F("was__profit"),
        profit=F("now__profit"),
        lifetime_value=F("now__lifetime_value"),
        card_customer=F("now__customer_id"),
        card_customer_before=F("was__customer_id"),
    )
    conditions: dict[str, Any] = {}
    for name, category in zip(("category_before", "category"), categories, strict=True):
        conditions |= {f"{name}__isnull": True} if category is None else {name: category}
    return with_both.filter(**conditions)


def category_named(text: str) -> Category | None:
    """The category of an address; None is outside. Raises ValueError."""
    return None if text == OUTSIDE else Category(int(text))
