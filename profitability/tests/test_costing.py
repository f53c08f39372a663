"""Costing by the published example, by refusals, and by the rule that every cent is accounted for."""

import doctest
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profitability import costing
from profitability.costing import (
    Activity,
    Allocation,
    Charged,
    CostingError,
    CostPool,
    DirectCosts,
    TimeDriven,
    TimeTerm,
    Traditional,
    allocate,
    charge,
    reconcile,
    reconcile_pools,
)
from profitability.costing.inputs import Number

DONE = {"orders": 49_000, "enquiries": 1_400, "checks": 2_500}
TEAM = CostPool(key="team", amount=560_000_00, capacity=700_000)
HALF_A_CENT = CostPool(key="team", amount=0.5)  # type: ignore[arg-type]


def timed(key: str, minutes: float, pool: str = "team") -> TimeDriven:
    return TimeDriven(key=key, pool=pool, terms=(TimeTerm(driver=key, minutes=minutes),))


def shared(key: str, share: Number, pool: str = "team", driver: str | None = None) -> Traditional:
    return Traditional(key=key, driver=key if driver is None else driver, shares={pool: share})


TIMED = [timed("orders", 8), timed("enquiries", 44), timed("checks", 50)]
SPLIT = [shared("orders", Decimal("0.7")), shared("enquiries", Decimal("0.1")), shared("checks", Decimal("0.2"))]


def charged(allocation: Allocation, quantities: dict[str, list[float]]) -> dict[str, Charged]:
    """Everything to customers."""
    cents = {activity.key: charge(activity, quantities) for activity in allocation.activities}
    return {key: Charged(customers=int(each.sum()), charges=len(each)) for key, each in cents.items()}


def test_the_worked_example_of_the_module_is_true() -> None:
    assert doctest.testmod(costing).failed == 0


@pytest.mark.parametrize(
    ("key", "rate", "minutes", "cost"),
    [
        ("orders", "6.40", 392_000, 313_600),
        ("enquiries", "35.20", 61_600, 49_280),
        ("checks", "40.00", 125_000, 100_000),
    ],
)
def test_time_driven_rates_of_kaplan_and_anderson(key: str, rate: str, minutes: int, cost: int) -> None:
    activity = allocate([TEAM], TIMED, DONE).activity(key)
    assert activity.method == "time_driven"
    assert activity.rate == 80
    assert activity.cents_per_unit == {key: Fraction(rate) * 100}
    assert activity.quantity == minutes
    assert activity.cost == cost * 100


def test_unused_capacity_of_kaplan_and_anderson() -> None:
    pool = allocate([TEAM], TIMED, DONE).pools[0]
    assert [pool.used_minutes, pool.unused_minutes, pool.overload_minutes] == [578_600, 121_400, 0]
    assert (pool.charged, pool.unused_capacity, pool.overload) == (462_880_00, 97_120_00, 0)
    assert (pool.company_level, pool.rounding_difference) == (0, 0)


@pytest.mark.parametrize(
    ("key", "rate", "cost"), [("orders", "8.00", 392_000), ("enquiries", "40.00", 56_000), ("checks", "44.80", 112_000)]
)
def test_traditional_rates_of_kaplan_and_anderson(key: str, rate: str, cost: int) -> None:
    allocation = allocate([TEAM], SPLIT, DONE)
    activity = allocation.activity(key)
    assert activity.method == "traditional"
    assert activity.rate == activity.cents_per_unit[key] == Fraction(rate) * 100
    assert [activity.quantity, activity.cost] == [DONE[key], cost * 100]
    assert allocation.pools[0].unused_capacity == allocation.pools[0].company_level == 0


def test_a_time_equation_adds_minutes_for_what_makes_an_order_longer() -> None:
    terms = (
        TimeTerm(driver="orders", minutes=3),
        TimeTerm(driver="lines", minutes=Decimal("0.5")),
        TimeTerm(driver="rush", minutes=15),
        TimeTerm(driver="orders", minutes=1),
    )
    pool = CostPool(key="desk", amount=10_000, capacity=100)
    allocation = allocate(
        [pool], [TimeDriven(key="order", pool="desk", terms=terms)], {"orders": 10, "lines": 30, "rush": 1}
    )
    order = allocation.activity("order")
    assert order.quantity == 10 * 4 + 30 * Fraction(1, 2) + 15
    assert order.cents_per_unit == {"orders": 400, "lines": 50, "rush": 1_500}
    each = charge(order, {"orders": [9, 1], "lines": [27, 3], "rush": [0, 1]})
    assert each.tolist() == [9 * 400 + 27 * 50, 400 + 150 + 1_500]


def test_work_beyond_capacity_is_an_overload_not_a_negative_rest() -> None:
    allocation = allocate([replace(TEAM, capacity=500_000)], TIMED, DONE)
    pool = allocation.pools[0]
    assert [pool.unused_minutes, pool.overload_minutes] == [0, 78_600]
    assert (pool.unused_capacity, pool.overload) == (0, 78_600 * 112)
    result = reconcile(allocation, charged(allocation, {key: [count] for key, count in DONE.items()}))
    assert result.charged - result.overload == result.entered
    assert result.balances


def test_a_pool_may_be_shared_out_and_timed_at_once() -> None:
    activities: list[Activity] = [shared("letters", 0.25, driver="orders"), timed("orders", 8)]
    pool = allocate([TEAM], activities, DONE).pools[0]
    assert pool.cents_per_minute == 60  # three quarters of 80
    assert pool.charged == 140_000_00 + 49_000 * 8 * 60
    assert pool.unused_capacity == (700_000 - 392_000) * 60


def test_what_activities_leave_of_a_pool_stays_at_company_level() -> None:
    pools = [CostPool(key="office", amount=1_000_00), CostPool(key="board", amount=300_00, company_level=True)]
    allocation = allocate(pools, [shared("orders", 0.6, pool="office")], DONE)
    assert [pool.company_level for pool in allocation.pools] == [400_00, 300_00]
    assert allocation.pools[1].charged == 0


def test_an_activity_may_take_from_several_pools() -> None:
    pools = [CostPool(key="office", amount=101), CostPool(key="van", amount=33)]
    activity = Traditional(key="delivery", driver="orders", shares={"office": 0.5, "van": 1})
    allocation = allocate(pools, [activity], {"orders": 10})
    assert allocation.activities[0].rate == Fraction("8.35")
    assert allocation.activities[0].cost == 84  # 83.5, half to even
    assert reconcile(allocation, charged(allocation, {"orders": [4.0, 6.0]})).balances


def test_an_idle_activity_is_refused_or_kept_at_company_level() -> None:
    quantities = {**DONE, "checks": 0}
    with pytest.raises(CostingError) as refusal:
        allocate([TEAM], SPLIT, quantities)
    assert refusal.value.code == "driver_without_quantity"
    assert refusal.value.parameters == {"activity": "checks", "driver": "checks"}
    allocation = allocate([TEAM], SPLIT, quantities, idle="company_level")
    assert allocation.activity("checks").cost == allocation.activity("checks").rate == 0
    assert allocation.pools[0].company_level == 112_000_00
    assert allocation.pools[0].charged == 448_000_00


def test_an_activity_without_cost_may_stand_idle() -> None:
    allocation = allocate([replace(TEAM, amount=0)], SPLIT, dict.fromkeys(DONE, 0))
    assert [activity.rate for activity in allocation.activities] == [0, 0, 0]


@pytest.mark.parametrize(
    ("cents_per_unit", "quantity", "cents"),
    [(Fraction(1, 2), 1, 0), (Fraction(1, 2), 3, 2), (Fraction(1, 2), 5, 2), (Fraction(1, 3), 2, 1), (640, 0, 0)],
)
def test_charges_round_half_to_even(cents_per_unit: Fraction, quantity: int, cents: int) -> None:
    activity = replace(allocate([TEAM], TIMED, DONE).activities[0], cents_per_unit={"orders": Fraction(cents_per_unit)})
    assert charge(activity, {"orders": quantity}).tolist() == cents


def test_charging_a_million_customers_is_one_call() -> None:
    activity = allocate([TEAM], SPLIT, DONE).activity("orders")
    counts = np.ones(1_000_000, dtype=np.int64)
    cents = charge(activity, {"orders": counts})
    assert cents.dtype == np.int64
    assert int(cents.sum()) == 800_000_000


def test_anonymous_purchases_are_at_company_level() -> None:
    allocation = allocate([TEAM], TIMED, DONE)
    parts = charged(allocation, {key: [count] for key, count in DONE.items()})
    parts["orders"] = Charged(customers=300_000_00, anonymous=13_600_00, charges=2)
    result = reconcile(allocation, parts)
    assert (result.charged, result.charged_anonymous) == (449_280_00, 13_600_00)
    assert result.balances


@pytest.mark.parametrize(
    ("direct", "balances"),
    [
        (DirectCosts(entered=900, customers=700, anonymous=200), True),
        (DirectCosts(entered=900, customers=700), False),
        (DirectCosts(), True),
    ],
)
def test_direct_costs_must_reach_somebody(direct: DirectCosts, balances: bool) -> None:
    allocation = allocate([TEAM], TIMED, DONE)
    parts = charged(allocation, {key: [count] for key, count in DONE.items()})
    result = reconcile(allocation, parts, direct)
    assert result.entered == 560_000_00 + direct.entered
    assert result.balances is balances


def test_a_customer_left_out_shows() -> None:
    allocation = allocate([TEAM], TIMED, DONE)
    parts = charged(allocation, {key: [count / 2, count / 2] for key, count in DONE.items()})
    parts["checks"] = replace(parts["checks"], customers=parts["checks"].customers - 2)
    result = reconcile(allocation, parts)
    assert result.accounted_for == result.entered  # the gap hides in the rounding difference
    assert result.beyond_rounding == ("checks",)
    assert not result.balances


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(0, 10**4), min_size=3, max_size=3), min_size=1, max_size=8),
    st.integers(1, 10**6),
    st.sampled_from(["0.3333", "0.1", "0.999"]),
)
def test_every_cent_is_accounted_for(amounts: list[int], customers: list[list[int]], capacity: int, share: str) -> None:
    pools = [CostPool(key=str(at), amount=amount, capacity=capacity) for at, amount in enumerate(amounts)]
    activities = [shared(f"shared {pool.key}", Decimal(share), pool=pool.key, driver="a") for pool in pools]
    terms = (TimeTerm(driver="b", minutes=0.7), TimeTerm(driver="c", minutes=3))
    timed_ones = [TimeDriven(key=f"timed {pool.key}", pool=pool.key, terms=terms) for pool in pools[::2]]
    quantities = dict(zip("abc", np.array(customers).T.tolist(), strict=True))
    totals = {driver: sum(each) for driver, each in quantities.items()}
    allocation = allocate(pools, [*activities, *timed_ones], totals, idle="company_level")
    result = reconcile(allocation, charged(allocation, quantities))
    assert result.accounted_for == result.entered == sum(amounts)
    assert result.balances
    assert abs(result.rounding_difference) <= (len(customers) + 2) * len(allocation.activities)


@given(
    st.lists(st.integers(0, 10**7), min_size=3, max_size=3),
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.booleans()), min_size=1, max_size=9),
    st.integers(1, 10**5),
)
def test_every_pool_accounts_for_its_own_amount(
    amounts: list[int], percents: list[int], customers: list[tuple[int, int, bool]], capacity: int
) -> None:
    pools = [CostPool(key=str(at), amount=amount, capacity=capacity) for at, amount in enumerate(amounts)]
    shares = {str(at): Decimal(percent) / 100 for at, percent in enumerate(percents)}
    everywhere = Traditional(key="everywhere", driver="a", shares=shares)
    terms = (TimeTerm(driver="a", minutes=Fraction(1, 3)), TimeTerm(driver="b", minutes=2))
    allocation = allocate(
        pools,
        [everywhere, TimeDriven(key="timed", pool="1", terms=terms)],
        {"a": sum(a for a, _, _ in customers), "b": sum(b for _, b, _ in customers)},
        idle="company_level",
    )
    parts = {}
    for activity in allocation.activities:
        cents = charge(activity, {"a": [a for a, _, _ in customers], "b": [b for _, b, _ in customers]})
        anonymous = int(sum(each for each, (_, _, is_anonymous) in zip(cents, customers, strict=True) if is_anonymous))
        parts[activity.key] = Charged(
            customers=int(cents.sum()) - anonymous, anonymous=anonymous, charges=len(customers)
        )
    whole, by_pool = reconcile(allocation, parts), reconcile_pools(allocation, parts)
    for one in by_pool:
        spent = one.charged + one.charged_anonymous + one.unused_capacity - one.overload + one.company_level
        assert one.entered == spent + one.rounding_difference
    for name in ("entered", "charged", "charged_anonymous", "unused_capacity", "overload", "company_level",
                 "rounding_difference"):  # fmt: skip
        assert getattr(whole, name) == sum(getattr(one, name) for one in by_pool)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pools": [TEAM, TEAM]}, "pool_twice"),
        ({"activities": [*TIMED, timed("orders", 1)]}, "activity_twice"),
        ({"pools": [replace(TEAM, amount=-1)]}, "negative_amount"),
        ({"pools": [HALF_A_CENT]}, "not_cents"),
        ({"pools": [replace(TEAM, capacity=-700_000)]}, "capacity_not_positive"),
        ({"pools": [replace(TEAM, capacity=0)]}, "capacity_not_positive"),
        ({"pools": [replace(TEAM, capacity=float("nan"))]}, "not_a_number"),
        ({"pools": [replace(TEAM, capacity=None)]}, "pool_without_capacity"),
        ({"pools": [TEAM, CostPool(key="van", amount=5)]}, "pool_without_activity"),
        ({"quantities": {**DONE, "orders": -1}}, "negative_quantity"),
        ({"quantities": {**DONE, "orders": float("inf")}}, "not_a_number"),
        ({"quantities": {"orders": 1}}, "unknown_driver"),
        ({"activities": [timed("orders", 8, pool="van")]}, "unknown_pool"),
        ({"activities": [timed("orders", -8)]}, "negative_minutes"),
        ({"activities": [TimeDriven(key="orders", pool="team", terms=())]}, "activity_without_driver"),
        ({"activities": [shared("orders", 1, driver="")]}, "activity_without_driver"),
        ({"activities": [shared("orders", Decimal("0.7")), shared("checks", Decimal("0.31"))]}, "shares_over_100"),
        ({"activities": [shared("orders", Decimal("-0.1"))]}, "negative_share"),
    ],
)
def test_what_cannot_be_costed_is_refused_with_a_reason(change: dict[str, Any], code: str) -> None:
    with pytest.raises(CostingError) as refusal:
        allocate(**{"pools": [TEAM], "activities": TIMED, "quantities": DONE, **change})
    assert refusal.value.code == code
    assert str(refusal.value).endswith(".")
