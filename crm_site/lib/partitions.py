"""Tables of computed figures, one list partition for each run: loaded apart, attached at once, dropped when superseded.

Loading an ordinary table and attaching it is many times faster than updating rows, and readers see all or nothing.
"""

from dataclasses import dataclass
from functools import partial

from django.db import OperationalError, connection, transaction
from django.db.migrations import RunSQL
from psycopg2.errors import LockNotAvailable

from crm_site.lib.snapshot import shared_out

# Dropping needs the parent for itself for a moment; readers queue behind that wish, so it is given up this soon.
DROP_PATIENCE = "200ms"


def cut_by(key: str, *, table: str, primary_key: str) -> RunSQL:
    """The migration that turns a new, empty table into one with a partition for each value of `key`."""
    like = f"CREATE TABLE {table}_recut (LIKE {table} INCLUDING DEFAULTS)"
    renamed = f"DROP TABLE {table}; ALTER TABLE {table}_recut RENAME TO {table}"
    primary = f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY ({primary_key})"
    return RunSQL(
        f"{like} PARTITION BY LIST ({key}); {renamed}; {primary};", reverse_sql=f"{like}; {renamed}; {primary};"
    )


@dataclass(frozen=True)
class Partition:
    """The rows of one run: a table of its own until it is attached to its parent.

    Under a negative number stand rows that were taken out of the partition of that run.
    """

    parent: str
    value: int
    key: str = "run_id"

    @property
    def table(self) -> str:
        return f"{self.parent}_{self.value:d}" if self.value >= 0 else f"{self.parent}_out_of_{-self.value:d}"

    def create(self) -> None:
        """An empty table with the columns of the parent and no index yet, which is how loading is fastest.

        Rows need not tell the key, and cannot tell another, so that attaching need not check them.
        """
        _execute(
            f"DROP TABLE IF EXISTS {self.table}",
            f"CREATE TABLE {self.table} (LIKE {self.parent} INCLUDING DEFAULTS INCLUDING STORAGE, "
            f"CONSTRAINT {self.table}_check CHECK ({self.key} = {self.value:d}))",
            f"ALTER TABLE {self.table} ALTER {self.key} SET DEFAULT {self.value:d}",
        )

    def seal(self, *, side_by_side: bool = False) -> None:
        """After loading: the parent's indexes, and statistics.

        Of many rows several connections build indexes `side_by_side`, each without helpers, who would wait for each
        other at the end of every one.
        """
        of_parent = _indexes_of(self.parent)
        indexes = [_index_like(index, self) for index in of_parent]
        if side_by_side:
            shared_out([partial(_execute, "SET max_parallel_maintenance_workers = 0", index) for index in indexes])
        else:
            _execute(*indexes)
        _execute(*(key for index in of_parent for key in _keys_like(index, self)), f"ANALYZE {self.table}")

    def attach(self) -> None:
        """Make the rows part of the parent, within the caller's transaction; readers of the parent go on reading."""
        _execute(
            f"ALTER TABLE {self.parent} ATTACH PARTITION {self.table} FOR VALUES IN ({self.value:d})",
            f"ALTER TABLE {self.table} DROP CONSTRAINT {self.table}_check",
        )
        if not _has_statistics(self.parent):
            _execute(f"ANALYZE {self.parent}")

    def drop(self) -> bool:
        """Drop the rows, attached or not; false when readers hold the parent just now, to be tried another time."""
        try:
            with transaction.atomic():
                _execute(f"SET LOCAL lock_timeout = '{DROP_PATIENCE}'", f"DROP TABLE IF EXISTS {self.table}")
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                return False
            raise
        return True


def partitions_of(parent: str) -> list[Partition]:
    """Every table made for this parent, attached or left behind by a run that did not end."""
    query = """
        SELECT CASE WHEN relname LIKE %(out_of)s THEN -1 ELSE 1 END * substring(relname FROM '\\d+$')::bigint
        FROM pg_class WHERE relname ~ %(name)s AND relkind = 'r' ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(query, {"name": rf"^{parent}_(out_of_)?\d+$", "out_of": f"{parent}\\_out\\_of\\_%"})
        return [Partition(parent, value) for (value,) in cursor.fetchall()]


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _has_statistics(parent: str) -> bool:
    """Whether the database knows how alike rows of all partitions are: it never looks by itself.

    What it knows of one partition does not count where it guesses how often a value comes again, and without a guess
    it sends several processes for the first 25 rows of an index. How alike they are does not change from run to run.
    """
    query = "SELECT EXISTS (SELECT FROM pg_stats WHERE schemaname = current_schema AND tablename = %s AND inherited)"
    with connection.cursor() as cursor:
        cursor.execute(query, [parent])
        return bool(cursor.fetchone()[0])


def _indexes_of(table: str) -> list[tuple[str, str, str | None]]:
    """Name and definition of each index, and its definition as a primary key where it is one."""
    query = """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), pg_get_constraintdef(k.oid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid
        WHERE i.indrelid = %s::regclass ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        return cursor.fetchall()


def _own_name(index: str, partition: Partition) -> str:
    return f"{index}_{'out_of_' if partition.value < 0 else ''}{abs(partition.value):d}"


def _index_like(index: tuple[str, str, str | None], partition: Partition) -> str:
    name, definition, as_primary_key = index
    what, where, some = definition.partition(" USING ")[2].partition(" WHERE ")
    # Of rows that are written once and differ in every key, looking for equal keys takes a sixth of the time in vain.
    unlike = " WITH (deduplicate_items = off)" if what.startswith("btree ") and " WITH " not in what else ""
    unique = "UNIQUE " if as_primary_key else ""
    return f"CREATE {unique}INDEX {_own_name(name, partition)} ON {partition.table} USING {what}{unlike}{where}{some}"


def _keys_like(index: tuple[str, str, str | None], partition: Partition) -> list[str]:
    """What makes an index the primary key, which nobody may read or build upon meanwhile."""
    name, _definition, as_primary_key = index
    own = _own_name(name, partition)
    return (
        [f"ALTER TABLE {partition.table} ADD CONSTRAINT {own} PRIMARY KEY USING INDEX {own}"] if as_primary_key else []
    )
