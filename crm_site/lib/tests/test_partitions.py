import pytest
from django.db import connection, transaction

from crm_site.lib.partitions import Partition, cut_by, partitions_of

pytestmark = pytest.mark.django_db


def rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def parent() -> str:
    """A table cut by run, with two indexes."""
    rows("CREATE TABLE figure (run_id bigint NOT NULL, customer_id bigint NOT NULL, profit bigint)")
    rows(cut_by("run_id", table="figure", primary_key="customer_id, run_id").sql)
    rows("CREATE INDEX figure_by_profit ON figure (profit DESC NULLS LAST, customer_id DESC)")
    return "figure"


def loaded(parent: str, value: int) -> Partition:
    partition = Partition(parent, value)
    partition.create()
    rows(f"INSERT INTO {partition.table} SELECT {value}, n, n * 10 FROM generate_series(1, 5) n")
    partition.seal()
    return partition


def test_rows_are_seen_by_readers_of_the_parent_from_attaching_on(parent: str) -> None:
    partition = loaded(parent, 7)
    assert rows(f"SELECT count(*) FROM {parent}") == [(0,)]
    partition.attach()
    assert rows(f"SELECT run_id, count(*), sum(profit) FROM {parent} GROUP BY 1") == [(7, 5, 150)]


def test_a_partition_has_the_indexes_of_its_parent(parent: str) -> None:
    loaded(parent, 7).attach()
    attached = rows(
        "SELECT p.relname, c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
        "JOIN pg_class p ON p.oid = inhparent WHERE c.relkind = 'i' AND p.relname LIKE 'figure%' ORDER BY 1"
    )
    assert attached == [("figure_by_profit", "figure_by_profit_7"), ("figure_pkey", "figure_pkey_7")]


def test_the_database_knows_how_alike_rows_are_from_the_first_partition_on(parent: str) -> None:
    known = "SELECT attname, n_distinct FROM pg_stats WHERE tablename = 'figure' AND inherited ORDER BY 1"
    assert rows(known) == []
    rows("ALTER TABLE figure ALTER customer_id SET (n_distinct_inherited = -1)")
    loaded(parent, 7).attach()
    first = rows(known)
    assert ("customer_id", -1.0) in first
    loaded(parent, 8).attach()
    assert rows(known) == first


def test_rows_of_another_run_are_refused_and_rows_of_none_are_its_own(parent: str) -> None:
    partition = Partition(parent, 7)
    partition.create()
    with pytest.raises(Exception, match="figure_7_check"), transaction.atomic():
        rows(f"INSERT INTO {partition.table} VALUES (8, 1, 1)")
    rows(f"INSERT INTO {partition.table} (customer_id, profit) VALUES (1, 1)")
    assert rows(f"SELECT run_id, customer_id FROM {partition.table}") == [(7, 1)]


def test_making_a_partition_again_begins_anew(parent: str) -> None:
    loaded(parent, 7)
    Partition(parent, 7).create()
    assert rows("SELECT count(*) FROM figure_7") == [(0,)]


def test_partitions_are_dropped_whether_attached_or_not(parent: str) -> None:
    loaded(parent, 7).attach()
    loaded(parent, 8)
    assert partitions_of(parent) == [Partition(parent, 7), Partition(parent, 8)]
    assert [partition.drop() for partition in partitions_of(parent)] == [True, True]
    assert partitions_of(parent) == []
    assert Partition(parent, 7).drop()


def test_cutting_can_be_undone(parent: str) -> None:
    rows(cut_by("run_id", table=parent, primary_key="customer_id, run_id").reverse_sql)
    assert rows("SELECT relkind FROM pg_class WHERE relname = 'figure'") == [("r",)]
