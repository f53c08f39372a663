"""Keeping what each customer was worth, month by month, beyond the runs whose rows are dropped."""

import datetime as dt

from django.db import connection, transaction

from crm_site.lib.partitions import Partition, partitions_of
from customers.models import Run, Scorecard
from profitability.models import ValuePoint, ValueSnapshot

# Three years, of which the oldest month goes when a new one comes.
KEPT = 36
# A first snapshot may be of a base that is still being set up: it is taken anew, once a day, until a month has passed.
TAKEN_ANEW_AFTER = dt.timedelta(hours=20)

CARDS, POINTS = Scorecard._meta.db_table, ValuePoint._meta.db_table
COPIED = "customer_id, lifetime_value, profit, category"


@transaction.atomic
def keep_snapshot(*, run: Run, at: dt.datetime) -> ValueSnapshot | None:
    """Keep the figures of a published run as those of its month, unless the month has some (1 query, most often).

    One statement over sets, into a partition of its own; at a million customers a few seconds once a month, after the
    run was published, so that no recompute takes longer.
    """
    month = run.as_of.replace(day=1)
    if not run.has_rows or not _is_wanted(month, at):
        return None
    ValueSnapshot.objects.filter(month=month).delete()
    snapshot = ValueSnapshot.objects.create(month=month, as_of=run.as_of, run=run, taken_at=at)
    rows = Partition(POINTS, snapshot.pk, key="snapshot_id")
    rows.create()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {rows.table} (snapshot_id, {COPIED})
            SELECT %s, {COPIED} FROM {CARDS} WHERE run_id = ANY(%s) AND place IS NOT NULL ORDER BY customer_id
            """,
            [snapshot.pk, run.parts],
        )
        snapshot.customers = cursor.rowcount
    rows.seal()
    rows.attach()
    snapshot.save(update_fields=["customers"])
    return snapshot


def drop_old_snapshots() -> int:
    """Drop the rows of months beyond those kept, and of snapshots that were taken anew; how many.

    Those that readers hold just now are left to the next time.
    """
    kept = list(ValueSnapshot.objects.order_by("-month").values_list("pk", flat=True)[:KEPT])
    dropped = 0
    for partition in partitions_of(POINTS):
        if partition.value not in kept and partition.drop():
            ValueSnapshot.objects.filter(pk=partition.value).delete()
            dropped += 1
    return dropped


def _is_wanted(month: dt.date, at: dt.datetime) -> bool:
    taken = dict(ValueSnapshot.objects.values_list("month", "taken_at"))
    return month not in taken or (len(taken) == 1 and at - taken[month] > TAKEN_ANEW_AFTER)
