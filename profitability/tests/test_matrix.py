"""The matrix of customers and products: whatever is bought, rows and columns come to their totals to the cent."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability.matrix import (
    TOTAL,
    Amounts,
    Exact,
    Group,
    Mark,
    Matrix,
    add_up,
    column_totals,
    mark,
)
from profitability.rounding import shared_out

CENTS = st.integers(-(10**9), 10**9)
COSTS = st.floats(-1e7, 1e7, allow_nan=False)
EXACT = st.builds(Exact, CENTS, COSTS, COSTS)
AMOUNTS = st.builds(Amounts, CENTS, CENTS, CENTS, CENTS)
COLUMNS = ("pens", "paper", "ink")
BOUGHT = st.dictionaries(st.sampled_from(COLUMNS), EXACT)
GROUPS = st.lists(st.tuples(AMOUNTS, BOUGHT), min_size=1, max_size=8)


def made_of(parts: list[tuple[Amounts, dict[str, Exact]]]) -> Matrix:
    """The matrix of groups with these accounts and purchases."""
    groups = [Group(str(at), 1, total, bought) for at, (total, bought) in enumerate(parts)]
    everything: dict[str, Exact] = {}
    for group in groups:
        for key, exact in group.bought.items():
            everything[key] = everything.get(key, Exact()) + exact
    whole = sum((group.total for group in groups), Amounts())
    return add_up(groups, column_totals(everything), everybody=Group(TOTAL, len(groups), whole, everything))


@given(GROUPS)
def test_every_row_comes_to_the_account_of_its_customers(parts: list[tuple[Amounts, dict[str, Exact]]]) -> None:
    for row, (total, _bought) in zip(made_of(parts).rows, parts, strict=True):
        assert sum(row.cells, row.no_product) == row.total == total
        assert sum(cell.profit for cell in (*row.cells, row.no_product)) == total.profit


@given(GROUPS)
def test_every_column_comes_to_the_profit_of_its_product(parts: list[tuple[Amounts, dict[str, Exact]]]) -> None:
    found = made_of(parts)
    for at, total in enumerate(found.total.cells):
        assert sum((row.cells[at] for row in found.rows), Amounts()) == total
    assert sum((row.no_product for row in found.rows), Amounts()) == found.total.no_product


@given(GROUPS)
def test_a_cell_is_never_more_than_a_cent_from_what_it_exactly_is(
    parts: list[tuple[Amounts, dict[str, Exact]]],
) -> None:
    found = made_of(parts)
    for row, (_total, bought) in zip(found.rows, parts, strict=True):
        for key, cell in zip(found.columns, row.cells, strict=True):
            exact = bought.get(key, Exact())
            assert cell.net_revenue == exact.net_revenue
            assert abs(cell.cost_of_goods - exact.cost_of_goods) < 1.001
            assert abs(cell.cost_to_serve - exact.cost_to_serve) < 1.001


@given(GROUPS, st.randoms(use_true_random=False))
def test_products_earn_the_same_however_customers_are_grouped(
    parts: list[tuple[Amounts, dict[str, Exact]]], chance: Random
) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)
    one, other = made_of(parts), made_of(shuffled)
    both = (dict(zip(each.columns, each.total.cells, strict=True)) for each in (one, other))
    for left, right in pairwise(both):
        assert left.keys() == right.keys()
        # The same to the cent but for the order in which floats were added.
        assert all(abs(left[key].profit - right[key].profit) <= 2 for key in left)


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=30), st.integers(-(10**6), 10**6))
def test_shares_come_to_the_total_whatever_it_is(exact: list[float], total: int) -> None:
    assert sum(shared_out(exact, total)) == total


def test_nobody_takes_part_in_rounding_a_column_they_bought_nothing_of() -> None:
    third = Exact(100, 100 / 3)
    found = made_of([(Amounts(100), {"pens": third}), (Amounts(), {}), (Amounts(200), {"pens": third + third})])
    assert [row.cells[0].cost_of_goods for row in found.rows] == [33, 0, 67]


def test_groups_that_overlap_keep_their_own_sums_and_the_total_is_everybodys() -> None:
    bought = {"pens": Exact(100, 50.0)}
    groups = [Group("new", 1, Amounts(100, 50), bought), Group("good", 1, Amounts(100, 50), bought)]
    everybody = Group(TOTAL, 1, Amounts(100, 50))
    found = add_up(groups, column_totals(bought), everybody=everybody, overlapping=True)
    assert [row.cells[0].profit for row in (*found.rows, found.total)] == [50, 50, 50]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param(Amounts(1000, 500), Mark.GOOD, id="margin of 50 % beside 40 %"),
        pytest.param(Amounts(1000, 501), Mark.FAIR, id="just below 1.25 times the average"),
        pytest.param(Amounts(1000, 900), Mark.FAIR, id="a quarter of the average"),
        pytest.param(Amounts(1000, 901), Mark.MIXED, id="less than a quarter"),
        pytest.param(Amounts(1000, 900, 200), Mark.MIXED, id="a quarter lost"),
        pytest.param(Amounts(1000, 900, 201), Mark.LOSING, id="more than a quarter lost"),
        pytest.param(Amounts(-50, -40), Mark.LOSING, id="sent back at a loss"),
        pytest.param(Amounts(), Mark.NOTHING, id="nothing bought"),
    ],
)
def test_a_sign_compares_the_margin_with_the_average(cell: Amounts, expected: Mark) -> None:
    assert mark(cell, 0.4) is expected
