"""Parts rounded so that they add up to their whole."""

import doctest
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability import rounding
from profitability.rounding import rounded_parts


def test_the_examples_of_its_docstrings() -> None:
    assert doctest.testmod(rounding).failed == 0


@pytest.mark.parametrize(
    ("parts", "rounded"),
    [
        ([], []),
        (["0", "0"], ["0.00", "0.00"]),
        (["1.005", "1.005"], ["1.01", "1.00"]),
        (["-1.005", "-1.005"], ["-1.00", "-1.01"]),
        (["33.3333", "33.3333", "33.3334"], ["33.33", "33.33", "33.34"]),
    ],
)
def test_by_hand(parts: list[str], rounded: list[str]) -> None:
    assert [str(part) for part in rounded_parts([Decimal(part) for part in parts])] == rounded


@given(st.lists(st.decimals(-(10**9), 10**9, places=5), max_size=12))
def test_no_part_moves_by_a_cent_and_nothing_is_lost(parts: list[Decimal]) -> None:
    rounded = rounded_parts(parts)
    assert sum(rounded) == sum(parts, Decimal()).quantize(Decimal("0.01"))
    assert all(abs(after - before) < Decimal("0.01") for before, after in zip(parts, rounded, strict=True))
