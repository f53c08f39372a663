"""From purchases to (x, t_x, T, m): what is counted, in which shape purchases may come, and what is refused."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profitability.lifetime_value import LifetimeValueError, collapse, summarise, summary
from profitability.lifetime_value.summary import tally
from profitability.tests.purchases import cdnow_sample

END = "1997-09-30"
IDS, DATES, VALUES = (
    [7, 3, 7, 7, 3],
    ["1997-01-01", "1997-02-01", "1997-01-08", "1997-01-08", "1997-12-25"],
    [1, 2, 3, 4, 9],
)


def test_cdnow_sample_has_the_published_anchors() -> None:
    x, t_x, T, m = summarise(cdnow_sample().columns, END)
    assert len(x) == 2_357
    assert np.count_nonzero(x) == 946
    assert x.sum() == 2_457
    assert x.max() == 29
    assert np.bincount(np.minimum(x, 7)).tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert T.max() == pytest.approx(38.857143)
    assert (t_x <= T).all()
    assert np.count_nonzero(m) == 946


def test_days_are_counted_since_weeks_would_lose_orders() -> None:
    sample = cdnow_sample()
    day = sample.date.astype("datetime64[D]")
    known = day <= np.datetime64(END)
    weeks = (day[known].astype(np.int64) + 3) // 7  # that begin on Mondays
    repeats = len(set(zip(sample.customer[known].tolist(), weeks.tolist(), strict=True))) - 2_357
    assert summarise(sample.columns, END).x.sum() - repeats == 241


def test_later_orders_are_those_of_the_holdout() -> None:
    before = summarise(cdnow_sample().columns, END)
    whole = summarise(cdnow_sample().columns, "1998-06-30")
    assert whole.x.sum() - before.x.sum() == 1_882
    assert whole.x.sum() == 4_339


def test_orders_of_one_day_are_one_and_their_values_add_up() -> None:
    summary = summarise((IDS, DATES, VALUES), END)
    assert summary.customers.tolist() == [3, 7]
    assert summary.x.tolist() == [0, 1]
    assert summary.t_x.tolist() == [0, 1]
    assert (summary.T * 7).round().tolist() == [241, 272]
    assert summary.m.tolist() == [0, 7]
    assert summary.orders.tolist() == [0, 1]


def test_the_mean_may_be_that_of_all_orders() -> None:
    summary = summarise((IDS, DATES, VALUES), END, value_of="all")
    assert summary.m.tolist() == [2, 4]
    assert summary.orders.tolist() == [1, 2]


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(lambda i, d, v: {"value": v, "date": d, "customer": i}, id="mapping"),
        pytest.param(lambda i, d, v: pd.DataFrame({"id": i, "on": pd.to_datetime(d), "sum": v}), id="frame"),
        pytest.param(lambda i, d, v: (i, [date.fromisoformat(x) for x in d], v), id="dates"),
        pytest.param(lambda i, d, v: (i, [datetime.fromisoformat(x + "T23:59") for x in d], v), id="datetimes"),
        pytest.param(
            lambda i, d, v: np.array(
                list(zip(i, d, v, strict=True)), dtype=[("customer", int), ("date", "M8[D]"), ("value", float)]
            ),
            id="structured",
        ),
    ],
)
def test_purchases_may_come_in_many_shapes(shape: Callable[..., Any]) -> None:
    given_so, expected = summarise(shape(IDS, DATES, VALUES), END), summarise((IDS, DATES, VALUES), END)
    for column, other in zip(given_so, expected, strict=True):
        assert column.tolist() == other.tolist()


@pytest.mark.parametrize("end", [date(1997, 9, 30), pd.Timestamp(END), np.datetime64(END), datetime(1997, 9, 30, 12)])
def test_the_end_may_be_any_kind_of_date(end: object) -> None:
    assert summarise((IDS, DATES, VALUES), end).T.max() * 7 == pytest.approx(272)


def test_day_numbers_are_enough() -> None:
    summary = summarise((["a", "b", "a"], [10, 12, 24], [5, 5, 5]), 31)
    assert summary.customers.tolist() == ["a", "b"]
    assert [column.tolist() for column in summary] == [[1, 0], [2, 0], [3, 19 / 7], [5, 0]]


@pytest.mark.parametrize(
    ("transactions", "end", "code"),
    [
        (([1], ["1997-10-01"], [5]), END, "no_orders"),
        (([1, 2], ["1997-01-01"], [5]), END, "lengths_differ"),
        (([1], ["1997-01-01"], [float("nan")]), END, "not_finite"),
        (([1], [19970101], [5]), END, "bad_date"),
        (([1], ["soon"], [5]), END, "bad_date"),
        (([1], [None], [5]), END, "bad_date"),
        ({"customer": [1], "date": ["1997-01-01"]}, END, "missing_column"),
        (np.array([1, 2, 3]), END, "missing_column"),
    ],
)
def test_purchases_that_cannot_be_read_are_refused(transactions: Any, end: str, code: str) -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        summarise(transactions, end)
    assert refusal.value.code == code


HISTORIES = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0, 1), st.floats(0, 60)).map(lambda h: (h[0], h[1] * h[2], h[2])),
    min_size=1,
    max_size=40,
)


@given(HISTORIES, st.booleans())
@settings(max_examples=40)
def test_equal_rows_are_counted_once_and_found_again(histories: list[tuple[int, float, float]], whole: bool) -> None:
    columns = np.array(histories * 2).T
    x, t_x, T = np.floor(columns) / [[1], [7], [7]] if whole else columns
    triples = collapse(x, t_x, T)
    assert triples.count.sum() == len(x)
    assert len(triples.x) == len(set(zip(x, t_x, T, strict=True)))
    for column, distinct in zip((x, t_x, T), (triples.x, triples.t_x, triples.T), strict=True):
        assert (triples.spread(distinct) == column).all()
    counted = tally(x, t_x, T)
    for name in ("x", "t_x", "T", "count"):
        assert getattr(counted, name).tolist() == getattr(triples, name).tolist()


def test_more_values_than_one_number_holds_are_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = ([0, 3, 3, 5], [0.0, 1.5, 1.5, 1.5], [1.0, 2.0, 2.0, 3.0e8])
    monkeypatch.setattr(summary, "LARGEST_KEY", 4)
    assert collapse(*histories).count.tolist() == [1, 2, 1]
    assert tally(*histories).count.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("x", "t_x", "T", "code"),
    [
        ([1, 2], [1, 2, 3], [4, 5], "lengths_differ"),
        (["one"], [1], [2], "lengths_differ"),
        ([1], [float("nan")], [2], "not_finite"),
        ([-1], [0], [2], "bad_frequency"),
        ([1.5], [1], [2], "bad_frequency"),
        ([1], [3], [2], "bad_recency"),
        ([1], [-1], [2], "bad_recency"),
    ],
)
def test_impossible_histories_are_refused(x: list, t_x: list, T: list, code: str) -> None:
    with pytest.raises(LifetimeValueError) as refusal:
        collapse(x, t_x, T)
    assert refusal.value.code == code
