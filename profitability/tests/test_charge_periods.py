"""Charging many months at once comes to the same cents as charging each by itself."""

from fractions import Fraction

import numpy as np

from profitability.costing import ActivityCost, charge, charge_periods


def rates(*cents: Fraction) -> list[ActivityCost]:
    """The same activity in several months, at these cents an order and a third of that a line."""
    return [
        ActivityCost(
            key="orders",
            method="time_driven",
            cost=0,
            quantity=Fraction(1),
            rate=each,
            cents_per_unit={"orders": each, "lines": each / 3},
            parts={},
        )
        for each in cents
    ]


def test_each_amount_is_charged_at_the_rates_of_its_own_month() -> None:
    luck = np.random.default_rng(1)
    costs = rates(Fraction(1000, 7), Fraction(640), Fraction(1, 3))
    period = luck.integers(0, 3, 500)
    units = {"orders": luck.integers(0, 9, 500), "lines": luck.integers(0, 30_000, 500) / 1000}
    found = charge_periods(costs, period, units)
    for place, cost in enumerate(costs):
        of = period == place
        assert found[of].tolist() == charge(cost, {name: values[of] for name, values in units.items()}).tolist()


def test_half_a_cent_goes_to_the_even_one() -> None:
    assert charge_periods(rates(Fraction(1, 2)), [0, 0, 0], {"orders": [1, 3, 5], "lines": [0, 0, 0]}).tolist() == [
        0,
        2,
        2,
    ]


def test_nobody_is_charged_nothing() -> None:
    assert charge_periods(rates(Fraction(1)), [], {"orders": [], "lines": []}).tolist() == []
    assert charge_periods([], [], {}).tolist() == []
