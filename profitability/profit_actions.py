"""Keeping whose profit changed from one run to the next, while the rows of the run before are still there."""

from django.db import connection, transaction

from crm_site.lib.fields import amount_of
from customers.models import Run, Scorecard
from profitability.models import ProfitChange, RunPool
from profitability.reports.runs import run_before
from profitability.totals import ChangedProfit, ProfitChanges

# So many are kept whose profit fell most, and as many whose profit rose most.
KEPT = 500

CARDS = Scorecard._meta.db_table
BOTH = "profits_of_both"  # a table of this transaction alone
_SIDE = f"SELECT customer_id, profit, category FROM {CARDS} WHERE run_id = ANY(%s::bigint[]) AND place IS NOT NULL"
_PROFITS = f"""
    CREATE TEMPORARY TABLE {BOTH} ON COMMIT DROP AS
    SELECT customer_id, coalesce(b.profit, 0) AS before, coalesce(a.profit, 0) AS after, b.category AS was, a.category
    FROM ({_SIDE}) b FULL JOIN ({_SIDE}) a USING (customer_id)
"""
_SUMS = f"""
    SELECT count(*) FILTER (WHERE after < before), coalesce(sum(after - before) FILTER (WHERE after < before), 0),
           count(*) FILTER (WHERE after > before), coalesce(sum(after - before) FILTER (WHERE after > before), 0),
           count(*) FILTER (WHERE after = before)
    FROM {BOTH}
"""
_ALIKE = f"SELECT count(*) FROM {CARDS} WHERE run_id = ANY(%s::bigint[]) AND place IS NOT NULL"
_MOST = "SELECT customer_id, before, after, was, category FROM {} WHERE {} ORDER BY {}, customer_id LIMIT %s"


@transaction.atomic
def keep_profit_change(*, run: Run) -> ProfitChange | None:
    """Keep whose profit changed since the run before; none when its rows are gone.

    Done already, it stays as it is. Works on the scorecards that they do not share (6 statements over sets).
    """
    kept = ProfitChange.objects.filter(run=run).select_related("run", "previous").first()
    previous = None if kept else run_before(run)
    if previous is None:
        return kept
    ProfitChange.objects.bulk_create(
        [
            ProfitChange(
                run=run,
                previous=previous,
                another_costing=used_another_costing(previous, run),
                totals=_found(previous, run).as_json(),
            )
        ],
        ignore_conflicts=True,
    )
    return ProfitChange.objects.select_related("run", "previous").get(run=run)


def drop_old_profit_changes() -> None:
    """Forget those of runs whose rows are gone, but for changes of the costing (1 query)."""
    ProfitChange.objects.filter(run__has_rows=False, another_costing=False).delete()


def used_another_costing(before: Run, after: Run) -> bool:
    """Whether two runs were computed by different costings, as far as it is known (2 queries)."""
    return costing_of(before) != costing_of(after)


def costing_of(run: Run) -> int | None:
    """The costing that a run was computed by (1 query); None without one."""
    return RunPool.objects.filter(run=run).values_list("pool__costing", flat=True).order_by("position").first()


def _found(before: Run, after: Run) -> ProfitChanges:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{BOTH}")
        cursor.execute(_PROFITS, [before.parts_not_of(after), after.parts_not_of(before)])
        cursor.execute(_SUMS)
        fell, fell_by, rose, rose_by, same = cursor.fetchone()
        cursor.execute(_ALIKE, [before.parts_shared_with(after)])
        (alike,) = cursor.fetchone()
    return ProfitChanges(
        fell=fell,
        fell_by=amount_of(int(fell_by)),
        rose=rose,
        rose_by=amount_of(int(rose_by)),
        same=same + alike,
        most_fallen=_most("after < before", "after - before"),
        most_risen=_most("after > before", "before - after"),
    )


def _most(condition: str, order: str) -> tuple[ChangedProfit, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_MOST.format(BOTH, condition, order), [KEPT])
        return tuple(
            ChangedProfit(customer=customer, before=before, after=after, category_before=was, category=now)
            for customer, before, after, was, now in cursor.fetchall()
        )
