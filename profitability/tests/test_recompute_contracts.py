"""Customers whose orders are renewals: recognised, forecast by their contracts, and told apart from all others."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest

from customers.models import Customer, Order, OrderLine, Product
from customers.tests.factories import CompanyFactory, CustomerFactory, ProductFactory
from profitability.lifetime_value import ShiftedBetaGeometric
from profitability.tests.shop import bought, card, recomputed
from profitability.tests.test_sbg import HIGH_END
from profitability.totals import LifetimeModel, RunTotals

pytestmark = pytest.mark.django_db

START, RENEWAL = Order.Contract.START, Order.Contract.RENEWAL


def subscribed(
    customer: Customer, first: dt.date, *, times: int, every: int, marked: str = START, product: Product | None = None
) -> None:
    """An order that begins a subscription, and its renewals, so many days apart."""
    line = {"product": product} if product else {}
    for turn in range(times + 1):
        order = bought(customer, first + dt.timedelta(days=turn * every), line)
        Order.objects.filter(pk=order.pk).update(contract=RENEWAL if turn else marked)


def model() -> LifetimeModel:
    return RunTotals.from_json(recomputed().totals).lifetime_model


@pytest.fixture
def customer() -> Customer:
    CompanyFactory()
    return CustomerFactory(name="Ada")


def sell_the_published_cohort(product: Product) -> list[Customer]:
    """1,000 customers who subscribed in 2019; so many were left after each year as the article says."""
    renewals = [year for year, (before, after) in enumerate(pairwise(HIGH_END)) for _ in
                range(before - after)] + [7] * HIGH_END[-1]  # fmt: skip
    people = [CustomerFactory.build(reference=f"S{number:04d}") for number in range(len(renewals))]
    for one in people:
        one.fill_search_columns()
    Customer.objects.bulk_create(people)
    orders = [
        Order(number=f"{one.reference}-{year}", customer=one, ordered_on=dt.date(2019 + year, 1, 1),
              contract=RENEWAL if year else START)
        for one, last in zip(people, renewals, strict=True) for year in range(last + 1)
    ]  # fmt: skip
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, quantity=1, unit_price=10, unit_cost=6) for order in orders
    )
    return people


def test_a_published_cohort_is_found_again_by_a_recompute() -> None:
    CompanyFactory()
    people = sell_the_published_cohort(ProductFactory())
    found = model()
    (yearly,) = found.contracts
    assert (yearly.alpha, yearly.beta) == pytest.approx((0.668, 3.806), abs=5e-4)
    assert (yearly.days, yearly.contracts, yearly.running, yearly.assumed) == (365.25, 1000, 491, False)
    assert yearly.asked == tuple(HIGH_END[:-1])
    assert yearly.kept == tuple(HIGH_END[1:])
    first, last = card(people[0]), card(people[-1])
    assert (first.lifetime_value, first.lifetime_value_note, first.probability_alive, first.churn_risk) == (
        0, "contract_ended", 0, 1,
    )  # fmt: skip
    assert (last.lifetime_value_note, last.probability_alive) == ("contract", 1)
    left = ShiftedBetaGeometric(alpha=yearly.alpha, beta=yearly.beta)
    due = 185.25  # days from 30 June 2026 to a year after 1 January
    chances = left.survival([8, 9, 10]) / left.survival(7)
    orders = sum(chance * 1.1 ** -((due + year * 365.25) / 365.25) for year, chance in enumerate(chances))
    assert last.expected_orders == pytest.approx(orders, rel=1e-6)
    assert last.churn_risk == pytest.approx(1 - float(left.retention(8)))
    # Orders of 4.00 all alike, and no cost to serve.
    assert last.lifetime_value == pytest.approx(Decimal(orders) * 4, abs=Decimal("0.02"))
    total = sum(one.lifetime_value or 0 for one in map(card, people))
    assert RunTotals.from_json(last.run.totals).customer_equity == total


def test_few_renewals_are_forecast_by_the_share_that_renewed(customer: Customer) -> None:
    subscribed(customer, dt.date(2026, 2, 1), times=4, every=30)
    late = CustomerFactory(name="Bob")
    subscribed(late, dt.date(2025, 11, 1), times=2, every=30)
    (monthly,) = model().contracts
    assert monthly.assumed
    assert (monthly.asked, monthly.kept) == ((2, 2, 2, 1), (2, 2, 1, 1))
    assert monthly.alpha / (monthly.alpha + monthly.beta) == pytest.approx(1.5 / 8)
    assert card(customer).lifetime_value_note == "contract_few_renewals"
    assert (card(customer).lifetime_value or 0) > 0
    assert card(late).lifetime_value_note == "contract_ended"


def test_a_subscription_that_nobody_renewed_yet_is_forecast_like_any_other_customer(customer: Customer) -> None:
    subscribed(customer, dt.date(2026, 6, 1), times=0, every=30)
    found = model()
    assert (found.contracts, found.subscriptions) == ((), 1)
    assert card(customer).lifetime_value_note == "contract_no_renewals"
    assert (card(customer).lifetime_value or 0) > 0


def test_orders_without_mark_leave_everything_as_it_was(customer: Customer) -> None:
    bought(customer, dt.date(2026, 6, 1))
    found = model()
    assert (found.contracts, found.subscriptions) == ((), 0)
    assert card(customer).lifetime_value_note == "base_too_small"


@pytest.mark.parametrize(("earlier", "renewed"), [(False, 2), (True, 3)])
def test_without_a_marked_beginning_the_order_before_the_first_renewal_is_one(
    customer: Customer, earlier: bool, renewed: int
) -> None:
    if earlier:
        bought(customer, dt.date(2026, 3, 2))
    subscribed(customer, dt.date(2026, 4, 1), times=2, every=30, marked=RENEWAL)
    (monthly,) = model().contracts
    assert monthly.kept == (1,) * renewed


def test_one_who_comes_back_begins_anew_and_the_contract_before_counts_as_lost(customer: Customer) -> None:
    subscribed(customer, dt.date(2025, 1, 1), times=3, every=30)
    subscribed(customer, dt.date(2026, 5, 1), times=1, every=30)
    (monthly,) = model().contracts
    assert (monthly.contracts, monthly.running) == (2, 1)
    assert (monthly.asked, monthly.kept) == ((2, 1, 1, 1), (2, 1, 1, 0))
    assert card(customer).lifetime_value_note == "contract_few_renewals"


def test_one_who_goes_on_to_order_without_contract_is_forecast_by_orders(customer: Customer) -> None:
    subscribed(customer, dt.date(2025, 1, 1), times=3, every=30)
    bought(customer, dt.date(2026, 6, 1))
    assert model().contracts[0].running == 0
    assert card(customer).lifetime_value_note == "base_too_small"
    assert (card(customer).lifetime_value or 0) > 0


def test_contracts_of_different_length_have_models_of_their_own(customer: Customer) -> None:
    subscribed(customer, dt.date(2026, 2, 1), times=4, every=30)
    subscribed(CustomerFactory(), dt.date(2023, 2, 1), times=3, every=365)
    subscribed(CustomerFactory(), dt.date(2026, 5, 10), times=7, every=7)
    assert [term.days for term in model().contracts] == [7, pytest.approx(30.4375), 365.25]


def test_a_contract_not_yet_renewed_runs_as_long_as_others_of_its_product(customer: Customer) -> None:
    monthly, yearly = ProductFactory(), ProductFactory()
    for number in range(3):
        subscribed(CustomerFactory(), dt.date(2026, 2, 1 + number), times=4, every=30, product=monthly)
    subscribed(CustomerFactory(), dt.date(2023, 2, 1), times=3, every=365, product=yearly)
    subscribed(customer, dt.date(2026, 3, 1), times=0, every=0, product=yearly)
    terms = model().contracts
    assert [(term.days, term.contracts) for term in terms] == [(pytest.approx(30.4375), 3), (365.25, 2)]
    assert card(customer).lifetime_value_note == "contract_few_renewals"  # not a month that was not renewed


def test_totals_of_runs_before_there_were_contracts_can_still_be_read(customer: Customer) -> None:
    bought(customer, dt.date(2026, 6, 1))
    data = recomputed().totals
    del data["lifetime_model"]["contracts"], data["lifetime_model"]["subscriptions"]
    assert RunTotals.from_json(data).lifetime_model.contracts == ()
