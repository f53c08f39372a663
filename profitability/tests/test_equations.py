"""Time equations: what they mean, and what is said of those that mean nothing."""

import doctest
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability import equations
from profitability.equations import EquationFault, read_equation

NAMES = {"orders", "lines", "calls"}


def minutes(equation: str) -> dict[str, Fraction]:
    return {term.driver: term.minutes for term in read_equation(equation, NAMES.__contains__)}


def fault(equation: str) -> tuple[str, int]:
    with pytest.raises(EquationFault) as caught:
        minutes(equation)
    return caught.value.code, caught.value.position


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("orders", {"orders": 1}),
        ("8 * orders + 2*lines", {"orders": 8, "lines": 2}),
        ("lines * 2,5", {"lines": Fraction(5, 2)}),
        ("3 * (orders + 2 * lines) - lines", {"orders": 3, "lines": 5}),
        ("orders / 3", {"orders": Fraction(1, 3)}),
        ("2 × orders ÷ 4 − -lines", {"orders": Fraction(1, 2), "lines": 1}),
        ("(1 + 2) * calls + calls", {"calls": 4}),
        ("orders + 5 - 5", {"orders": 1}),
    ],
)
def test_an_equation_is_so_many_minutes_for_each_unit(equation: str, expected: dict[str, Fraction]) -> None:
    assert minutes(equation) == expected


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("", ("empty", 0)),
        ("   ", ("empty", 0)),
        ("8 * ordrs", ("unknown_name", 4)),
        ("8 orders", ("sign_missing", 2)),
        ("8 *", ("ends_early", 3)),
        ("* orders", ("value_missing", 0)),
        ("(8 * orders", ("unclosed", 0)),
        ("(8 orders)", ("sign_missing", 3)),
        ("8 * orders)", ("unopened", 10)),
        ("orders + 12", ("number_alone", 9)),
        ("orders * lines", ("drivers_multiplied", 7)),
        ("8 / orders", ("divided_by_driver", 2)),
        ("orders / (2 - 2)", ("divided_by_zero", 7)),
        ("orders - 2 * lines", ("negative", 13)),
        ("2000000 * orders", ("too_large", 10)),
        ("orders - orders", ("no_minutes", 0)),
        ("orders; lines", ("unknown_sign", 6)),
        ("__import__('os')", ("unknown_sign", 11)),
        ("orders ** 2", ("value_missing", 8)),
        ("(" * 21 + "orders" + ")" * 21, ("too_deep", 20)),
        ("orders + " * 200 + "orders", ("too_long", 1000)),
    ],
)
def test_a_fault_is_named_with_its_place(equation: str, expected: tuple[str, int]) -> None:
    assert fault(equation) == expected


def test_the_example_of_the_module_holds() -> None:
    assert doctest.testmod(equations).failed == 0


@given(st.text(alphabet="orderslinca 0123456789.,+-*/()×^", max_size=60))
def test_whatever_is_typed_is_read_or_refused(equation: str) -> None:
    try:
        found = read_equation(equation, NAMES.__contains__)
    except EquationFault:
        return  # any other exception fails
    assert found
    assert all(term.minutes > 0 and term.driver in NAMES for term in found)


@given(st.dictionaries(st.sampled_from(sorted(NAMES)), st.decimals("0.001", "9999", places=3), min_size=1))
def test_terms_come_back_as_they_were_written(terms: dict[str, object]) -> None:
    written = " + ".join(f"{each} * {name}" for name, each in terms.items())
    assert minutes(written) == {name: Fraction(str(each)) for name, each in terms.items()}
