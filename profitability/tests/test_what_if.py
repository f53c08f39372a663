"""What-if: no lever is today, each lever does what can be worked out by hand, and idle capacity is no profit."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profitability.ranking import whale_curve
from profitability.what_if.base import Base, Cells, Customers, Orders, Pool
from profitability.what_if.levers import SPECS, Lever, LeverError
from profitability.what_if.outcome import GONE, Outcome
from profitability.what_if.simulation import simulate

EVERYBODY = ("", "")


def ints(*values: float) -> np.ndarray:
    return np.array(values, np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def shop() -> Base:
    """Ada earns on pens and paper; Bob loses on paper; Cy is a prospect who calls. Cents.

    Of Ada's 1000 of serving, 600 are her orders' and 400 her calls'; Bob's 500 are 300 and 200.
    """
    return Base(
        customers=Customers(
            net_revenue=ints(10_000, 2_000, 0),
            cost_of_goods=ints(6_000, 1_600, 0),
            cost_to_serve=ints(1_000, 500, 100),
            direct_costs=ints(0, 50, 0),
            lifetime_value=floats(2_000, 100, np.nan),
            ranked=np.array([True, True, False]),
        ),
        cells=Cells(
            customer=ints(0, 0, 1),
            family=ints(1, 2, 2),
            product=ints(11, 0, 0),
            net_revenue=floats(8_000, 2_000, 2_000),
            gross=floats(8_000, 2_500, 2_000),
            cost_of_goods=floats(4_400, 1_600, 1_600),
            cost_to_serve=floats(400, 200, 300),
        ),
        anonymous=700,
        uncharged=900,
        groups={("kind", "company"): np.array([False, True, False])},
        channels={"phone": floats(400, 200, 100)},
        pools={"Desk": Pool(charged=floats(800, 400, 0), uncharged=300)},
        orders=Orders(
            customer=ints(0, 1, 1),
            net_revenue=floats(10_000, 1_500, 500),
            cost_of_goods=floats(6_000, 1_200, 400),
            cost_to_serve=floats(600, 150, 150),
            handling=floats(500, 100, 100),
        ),
    )


def lever(kind: str, **given: Any) -> Lever:
    """A lever whose other assumptions are that nobody reacts."""
    names = {name: given.pop(name, "") for name in ("rows", "row", "columns", "column", "choice")}
    still = {number.name: 0.0 for number in SPECS[kind].numbers if number.assumed}
    return Lever(kind=kind, values=still | given, **names)


def pulled(*levers: Lever) -> Outcome:
    return simulate(shop(), levers)


def change(outcome: Outcome) -> int:
    return outcome.after.result - outcome.before.result


BOB = {"rows": "kind", "row": "company"}
CENTS = st.integers(-(10**10), 10**10)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CENTS, CENTS, CENTS, CENTS, st.booleans()), min_size=1, max_size=12), st.data())
def test_no_lever_is_today_to_the_cent(rows: list[tuple[int, int, int, int, bool]], data: st.DataObject) -> None:
    net, goods, serve, direct, ranked = (list(column) for column in zip(*rows, strict=True))
    of = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20))
    amounts = floats(*data.draw(st.lists(st.floats(-1e9, 1e9), min_size=len(of), max_size=len(of))))
    customers = Customers(
        net_revenue=ints(*net),
        cost_of_goods=ints(*goods),
        cost_to_serve=ints(*serve),
        direct_costs=ints(*direct),
        lifetime_value=floats(*net),
        ranked=np.array(ranked),
    )
    some = ints(*of)
    cells = Cells(
        customer=some, family=some, product=some, net_revenue=amounts, gross=amounts, cost_of_goods=amounts / 3,
        cost_to_serve=amounts / 7,
    )  # fmt: skip
    outcome = simulate(Base(customers=customers, cells=cells, anonymous=5, uncharged=7), [])
    profits = customers.profit
    assert outcome.before == outcome.after
    assert outcome.after.profit == profits[customers.ranked].sum()
    assert outcome.after.result == profits.sum() + 5 - 7
    assert outcome.curve_before == outcome.curve_after
    assert outcome.curve_after.cents[-1] == profits[customers.ranked].sum()
    assert outcome.value_at_risk == 0
    assert all(move.before == move.after for move in outcome.moves)


def test_what_customers_pay_more_is_the_percentage_of_the_sum_and_not_of_each_rounded() -> None:
    # Of 1,000 customers each pays 4 % of 12 cents more: rounded alone, nobody would pay anything.
    many = np.arange(1_000)
    nothing = np.zeros(1_000)
    customers = Customers(
        net_revenue=np.full(1_000, 12),
        cost_of_goods=np.zeros(1_000, np.int64),
        cost_to_serve=np.zeros(1_000, np.int64),
        direct_costs=np.zeros(1_000, np.int64),
        lifetime_value=nothing,
        ranked=np.ones(1_000, bool),
    )
    cells = Cells(
        customer=many, family=many, product=many, net_revenue=nothing + 12, gross=nothing + 12, cost_of_goods=nothing,
        cost_to_serve=nothing,
    )  # fmt: skip
    outcome = simulate(Base(customers=customers, cells=cells, anonymous=0, uncharged=0), [lever("price", percent=4)])
    assert change(outcome) == 480
    assert outcome.curve_after.cents[-1] == 12_480


@pytest.mark.parametrize(
    "still",
    [
        pytest.param(lever("price", percent=0), id="price"),
        pytest.param(lever("discount", cap=100), id="discount"),
        pytest.param(lever("minimum", amount=0), id="minimum"),
        pytest.param(lever("service", percent=0, choice="phone"), id="service"),
        pytest.param(lever("drop", columns="family", column="999"), id="drop"),
        pytest.param(lever("promote", more=0, given=0), id="promote"),
        pytest.param(lever("let_go", percent=0), id="let go"),
        pytest.param(lever("pool", percent=0, choice="Desk"), id="pool"),
        pytest.param(lever("cut", percent=100), id="cut"),
    ],
)
def test_a_lever_that_is_not_moved_changes_nothing(still: Lever) -> None:
    outcome = pulled(still)
    assert outcome.after == outcome.before


def test_before_is_what_the_accounts_say() -> None:
    before = pulled().before
    assert (before.customers, before.profit, before.others, before.losing) == (2, 3_000 - 150, 700 - 100, 1)
    assert before.result == 2_850 + 600 - 900


def test_a_price_that_nobody_minds_is_earned_in_full() -> None:
    outcome = pulled(lever("price", percent=10, columns="family", column="2"))
    assert change(outcome) == 400
    assert outcome.after.idle == 0


def test_volume_follows_the_price_by_elasticity_and_what_it_no_longer_uses_stands_idle() -> None:
    """Pens 10 % dearer at elasticity 1: 1/1.1 of the volume, the same revenue, 400 of goods less, 36 of work less."""
    outcome = pulled(lever("price", percent=10, elasticity=1, columns="product", column="11"))
    assert outcome.after.net_revenue == outcome.before.net_revenue
    assert outcome.after.cost_of_goods == 7_600 - 400
    assert outcome.after.cost_to_serve == 1_500 - 36
    assert outcome.after.idle == 36
    assert change(outcome) == 400


def test_a_customer_let_go_takes_revenue_and_goods_along_but_leaves_the_capacity() -> None:
    """Bob loses 150 on paper. Without him his margin of 400 is gone; his 500 of work and 50 spent on him are not."""
    outcome = pulled(lever("let_go", percent=100, **BOB))
    assert outcome.after.profit == outcome.before.profit + 150
    assert (outcome.after.idle, outcome.after.sunk) == (500, 50)
    assert change(outcome) == -400
    assert outcome.value_at_risk == 100
    assert outcome.after.customers == 1
    assert next(move for move in outcome.moves if move.after == GONE).customers == 1


def test_only_capacity_that_is_given_up_is_saved() -> None:
    outcome = pulled(lever("let_go", percent=100, **BOB), lever("cut", percent=60))
    assert outcome.after.idle == 200
    assert change(outcome) == -400 + 300
    assert [step.result for step in outcome.steps] == [-400, 300]


def test_customers_who_are_expected_to_leave_leave_in_part() -> None:
    outcome = pulled(lever("price", percent=0, lost=10, columns="family", column="1"))
    assert outcome.after.customers == pytest.approx(1.9)
    assert outcome.after.net_revenue == 9_000 + 2_000
    assert outcome.value_at_risk == 200


def test_losses_that_leave_do_not_make_up_for_value_that_leaves() -> None:
    base = shop()
    values = replace(base.customers, lifetime_value=floats(2_000, -700, np.nan))
    outcome = simulate(replace(base, customers=values), [lever("let_go", percent=100)])
    assert outcome.value_at_risk == 2_000


def test_a_cap_takes_back_what_was_given_beyond_it() -> None:
    """Ada has 500 off 2,500 of paper, a fifth; with a tenth allowed, 250 come back."""
    assert change(pulled(lever("discount", cap=10))) == 250


def test_small_orders_are_raised_bundled_or_lost() -> None:
    """Of orders below 20.00 Bob has 15.00 and 5.00: raised, his goods grow with them, and no handling."""
    raised = pulled(lever("minimum", amount=20, raised=100))
    assert raised.after.net_revenue - raised.before.net_revenue == 500 + 1_500
    assert raised.after.cost_of_goods - raised.before.cost_of_goods == 400 + 1_200
    assert change(pulled(lever("minimum", amount=20, bundled=100))) == 0
    assert pulled(lever("minimum", amount=20, bundled=100)).after.idle == 200
    assert change(pulled(lever("minimum", amount=20))) == -(2_000 - 1_600)


def test_contacts_avoided_set_capacity_free_and_contacts_moved_cost_their_part() -> None:
    avoided = pulled(lever("service", percent=50, choice="phone", other_cost=0))
    moved = pulled(lever("service", percent=50, choice="phone", other_cost=40))
    assert avoided.after.idle == 350
    assert moved.after.idle == 210
    assert change(avoided) == change(moved) == 0
    assert pulled(lever("service", percent=50, choice="phone"), lever("cut", percent=100)).after.result == (
        avoided.before.result + 350
    )


def test_of_a_product_dropped_a_part_of_the_money_goes_to_other_things() -> None:
    """Without paper Ada puts half of her 2,000 into pens, an eighth more of them; Bob buys nothing else."""
    outcome = pulled(lever("drop", columns="family", column="2", moved=50))
    assert outcome.after.net_revenue == 9_000
    assert outcome.after.cost_of_goods == 4_950
    assert outcome.after.cost_to_serve == 1_500 - 500 + 50
    assert outcome.after.idle == 450


def test_more_work_than_today_is_paid_for() -> None:
    outcome = pulled(lever("promote", more=10, given=0, columns="family", column="1"))
    assert change(outcome) == 800 - 440 - 40
    assert outcome.after.idle == 0


def test_a_cheaper_pool_is_saved_in_full_with_what_nobody_is_charged_of_it() -> None:
    outcome = pulled(lever("pool", percent=-10, choice="Desk"))
    assert outcome.after.cost_to_serve == 1_500 - 120
    assert outcome.after.uncharged == 900 - 30
    assert outcome.after.idle == 0
    assert change(outcome) == 150


def test_steps_come_to_the_whole_change_and_categories_to_everybody() -> None:
    levers = [lever("price", percent=7, elasticity=1.3, lost=3), lever("drop", columns="family", column="2", moved=20)]
    outcome = pulled(*levers, lever("let_go", percent=50, **BOB))
    assert sum(step.result for step in outcome.steps) == change(outcome)
    assert sum(each.profit_after for each in outcome.categories) == outcome.after.profit
    assert sum(each.customers_before for each in outcome.categories) == 2


def test_nothing_of_the_base_is_changed() -> None:
    base = shop()
    simulate(
        base,
        [lever("price", percent=50, lost=50), lever("let_go", percent=100), lever("pool", choice="Desk", percent=9)],
    )
    untouched = shop()
    assert np.array_equal(base.cells.net_revenue, untouched.cells.net_revenue)
    assert np.array_equal(base.customers.cost_to_serve, untouched.customers.cost_to_serve)


def test_the_curves_are_those_of_the_ranking() -> None:
    outcome = pulled()
    assert outcome.curve_before.best_share == whale_curve([3_000, -150]).best_share
    assert outcome.curve_before.cents[50] == 3_000


def test_everybody_may_be_let_go() -> None:
    outcome = pulled(lever("let_go", percent=100))
    assert (outcome.after.customers, outcome.after.profit) == (0, 0)
    assert outcome.after.result == 700 - 900 - 1_600 - 50
    assert outcome.curve_after.best_share is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(Lever(kind="magic"), "unknown_kind", id="no such lever"),
        pytest.param(Lever(kind="price", values={"percent": 1000}), "out_of_limits", id="beyond limits"),
        pytest.param(Lever(kind="price", values={"percent": float("nan")}), "out_of_limits", id="not a number"),
        pytest.param(Lever(kind="drop"), "no_product", id="everything dropped"),
        pytest.param(Lever(kind="pool"), "no_choice", id="no pool"),
        pytest.param(Lever(kind="minimum", values={"raised": 70, "bundled": 40}), "more_than_all", id="more than all"),
    ],
)
def test_a_lever_that_makes_no_sense_is_refused(wrong: Lever, code: str) -> None:
    with pytest.raises(LeverError) as refusal:
        simulate(shop(), [wrong])
    assert refusal.value.code == code


@pytest.mark.parametrize("kind", SPECS)
def test_a_saved_lever_keeps_its_assumptions(kind: str) -> None:
    saved = Lever(kind=kind, rows="category", row="4", columns="family", column="2", choice="phone").as_json()
    assert set(saved["values"]) == {number.name for number in SPECS[kind].numbers}
    assert Lever.from_json(saved).as_json() == saved


def test_a_group_of_nobody_is_nobody() -> None:
    base = replace(shop(), groups={("town", "x"): np.zeros(3, bool)})
    outcome = simulate(base, [lever("let_go", percent=100, rows="town", row="x")])
    assert outcome.after == outcome.before


def test_a_result_survives_being_kept() -> None:
    outcome = pulled(lever("price", percent=5, lost=3), lever("let_go", percent=100, **BOB))
    assert Outcome.from_json(json.loads(json.dumps(asdict(outcome)))) == outcome
