import datetime as dt

import numpy as np
import pytest
from django.db import connection

from crm_site.lib import bulk
from crm_site.lib.bulk import BIGINT, DATE, FLOAT, INTEGER, SMALLINT, Numbers, Vectors, Words

pytestmark = pytest.mark.django_db


def made(columns: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE thing ({columns})")
    return "thing"


def found(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_every_kind_of_column_arrives_as_it_was() -> None:
    columns = {
        "big": Numbers(BIGINT, np.array([2**40, -1])),
        "whole": Numbers(INTEGER, np.array([7, 8])),
        "small": Numbers(SMALLINT, np.array([1, 2])),
        "exact": Numbers(FLOAT, np.array([0.1, -2.5])),
        "day": Numbers(DATE, np.array([0, 9677])),
        "word": Words(["", "été"], np.array([1, 0])),
        "vector": Vectors([np.array([1.5, 0.0]), np.array([2.0, -1.0])]),
        "nothing": Vectors([]),
    }
    table = made(
        "big bigint, whole int, small smallint, exact float8, day date, word text, vector float8[], nothing float8[]"
    )
    bulk.write(table, columns, rows=2)
    assert sorted(found("SELECT * FROM thing"), key=str) == sorted(
        [
            (2**40, 7, 1, 0.1, dt.date(2000, 1, 1), "été", [1.5, 2.0], []),
            (-1, 8, 2, -2.5, dt.date(2026, 6, 30), "", [0.0, -1.0], []),
        ],
        key=str,
    )


def test_empty_values_stay_empty_in_any_mixture() -> None:
    rows = np.arange(12)
    columns = {
        "number": Numbers(INTEGER, rows),
        "third": Numbers(BIGINT, rows * 10, rows % 3 == 0),
        "half": Numbers(FLOAT, rows / 2, rows % 2 == 0),
        "word": Words(["a", "bcd"], rows % 2),
    }
    bulk.write(made("number int, third bigint, half float8, word text"), columns, rows=12)
    assert found("SELECT * FROM thing ORDER BY number") == [
        (n, None if n % 3 == 0 else n * 10, None if n % 2 == 0 else n / 2, ["a", "bcd"][n % 2]) for n in range(12)
    ]


def test_no_rows_are_written_and_read() -> None:
    bulk.write(made("number int"), {"number": Numbers(INTEGER, np.empty(0, np.int64))}, rows=0)
    assert len(bulk.read_all("SELECT number FROM thing", {}, {"number": INTEGER})["number"]) == 0


@pytest.mark.parametrize("size", [1, 30, 500, 1000])
def test_reading_is_the_same_whatever_the_size_of_the_chunks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(bulk, "CHUNK_ROWS", size)
    query = (
        "SELECT n::bigint AS n, date '2000-01-01' + n AS day, n / 4.0::float8 AS part FROM generate_series(1, %(to)s) n"
    )
    rows = bulk.read_all(query, {"to": 500}, {"n": BIGINT, "day": DATE, "part": FLOAT})
    assert rows["n"].tolist() == rows["day"].tolist() == list(range(1, 501))
    assert rows["part"].sum() == 500 * 501 / 8


@pytest.mark.parametrize(
    "query", ["SELECT NULL::bigint AS n", "SELECT 1::int AS n", "SELECT 1::bigint AS n, 2 AS more"]
)
def test_a_query_that_answers_something_else_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="other columns and types than expected"):
        bulk.read_all(query, {}, {"n": BIGINT})


def test_columns_gathered_by_the_database_are_those_of_the_rows() -> None:
    query = (
        "SELECT n::bigint AS n, n::int AS whole, (-n)::smallint AS small, n / 4.0::float8 AS part "
        "FROM generate_series(1, %(to)s) n"
    )
    columns = {"n": BIGINT, "whole": INTEGER, "small": SMALLINT, "part": FLOAT}
    rows, gathered = bulk.read_all(query, {"to": 500}, columns), bulk.read_columns(query, {"to": 500}, columns)
    assert {name: rows[name].tolist() for name in columns} == {name: gathered[name].tolist() for name in columns}
    assert gathered["small"].sum() == -500 * 501 / 2


def test_no_rows_are_gathered_into_empty_columns() -> None:
    assert bulk.read_columns("SELECT 1::bigint AS n WHERE false", {}, {"n": BIGINT})["n"].tolist() == []


def test_an_empty_value_is_refused_where_columns_are_gathered() -> None:
    query = "SELECT nullif(n, 3)::bigint AS n FROM generate_series(1, 5) n"
    with pytest.raises(ValueError, match="The query gives empty values"):
        bulk.read_columns(query, {}, {"n": BIGINT})
