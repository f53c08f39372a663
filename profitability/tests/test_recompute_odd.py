"""Bases that no textbook has: nobody, one customer, only returns, no costing, no profit, and costings that fail."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation

from crm_site.lib.jobs.models import Job
from customers.models import Customer, Run, Scorecard
from customers.models.scorecard import Stage
from customers.tests.factories import CompanyFactory, CustomerFactory
from profitability.models import Costing, RunMonth
from profitability.tests.shop import (
    JUNE,
    MAY,
    asked,
    bought,
    called,
    card,
    current_costing,
    pool,
    recomputed,
    shared_out,
    timed,
)
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 6, 15)


def totals(run: Run) -> RunTotals:
    return RunTotals.from_json(run.totals)


def problem() -> str:
    """Why a recompute was refused; nothing may have been published."""
    job = asked()
    assert job.state == Job.State.FAILED
    assert not Run.objects.filter(published_at__isnull=False).exists()
    assert job.attempts == 1
    return job.problem


@pytest.fixture
def customer() -> Customer:
    CompanyFactory()
    return CustomerFactory(name="Ada")


@pytest.fixture
def costing() -> Costing:
    return current_costing()


def test_a_base_without_customers_is_published_empty() -> None:
    found = totals(recomputed())
    assert (found.customers, found.ranking.customers, found.customer_equity, found.first_month) == (0, 0, None, None)
    assert set(found.notes) == {"no_costing", "no_orders"}


def test_one_customer_is_the_best_twenty_per_cent(customer: Customer) -> None:
    bought(customer, DAY)
    run = recomputed()
    assert (card(customer).rank, card(customer).cumulative_share, card(customer).profit) == (1, 1.0, Decimal("4.00"))
    assert (totals(run).ranking.best.customers, totals(run).ranking.best.share) == (1, 1.0)
    assert card(customer).lifetime_value_note == "base_too_small"
    assert card(customer).lifetime_value is not None


def test_without_a_costing_profit_is_gross_margin_less_direct_costs(customer: Customer) -> None:
    Customer.objects.update(acquisition_cost=Decimal("1.50"))
    bought(customer, DAY, {}, {"unit_cost": None})
    run = recomputed()
    assert (card(customer).gross_margin, card(customer).profit) == (Decimal("14.00"), Decimal("12.50"))
    assert (totals(run).costing, totals(run).drivers, totals(run).notes) == (None, (), ("no_costing",))
    assert totals(run).sales_without_cost == Decimal("10.00")


def test_nothing_but_returns_is_a_loss_of_a_former_customer(customer: Customer) -> None:
    bought(customer, DAY, {"quantity": -2})
    found = totals(recomputed())
    assert (card(customer).orders, card(customer).net_revenue, card(customer).profit) == (
        0, Decimal("-20.00"), Decimal("-8.00"),
    )  # fmt: skip
    assert (card(customer).stage, card(customer).rank, card(customer).first_order_on) == (Stage.FORMER, 1, None)
    assert (found.ranking.best.share, card(customer).cumulative_share) == (None, None)
    assert "total_not_positive" in found.notes


def test_a_return_and_its_order_leave_nothing_but_the_order(customer: Customer) -> None:
    bought(customer, DAY, {"quantity": 3})
    bought(customer, DAY, {"quantity": -3})
    recomputed()
    assert (card(customer).orders, card(customer).net_revenue, card(customer).rank) == (1, Decimal(0), 1)


def test_an_order_for_nothing_counts_as_an_order(customer: Customer) -> None:
    bought(customer, DAY, {"unit_price": 0, "unit_cost": 0})
    recomputed()
    assert (card(customer).orders, card(customer).stage, card(customer).profit) == (1, Stage.CUSTOMER, Decimal(0))


def test_equal_profits_are_ranked_by_customer_number(customer: Customer) -> None:
    second, third = CustomerFactory(), CustomerFactory()
    for one in (third, customer, second):
        bought(one, DAY)
    recomputed()
    assert [card(one).rank for one in (customer, second, third)] == [1, 2, 3]


def test_dates_before_1970_and_single_days_do_not_confuse_months(customer: Customer) -> None:
    for day in (dt.date(1968, 2, 29), dt.date(1968, 3, 1), dt.date(2026, 6, 30)):
        bought(customer, day)
    run = recomputed()
    assert (card(customer).first_order_on, card(customer).last_order_on) == (dt.date(1968, 2, 29), dt.date(2026, 6, 30))
    assert [month.month for month in RunMonth.objects.filter(run=run)] == [
        dt.date(1968, 2, 1), dt.date(1968, 3, 1), JUNE,
    ]  # fmt: skip


def test_an_acquisition_cost_without_any_order_counts_when_the_customer_was_entered() -> None:
    CompanyFactory()
    won = CustomerFactory(acquisition_cost=Decimal(7), created_at=dt.datetime(2026, 5, 9, tzinfo=dt.UTC))
    run = recomputed()
    assert (card(won).stage, card(won).direct_costs, card(won).profit) == (Stage.PROSPECT, Decimal(7), Decimal(-7))
    assert [month.month for month in RunMonth.objects.filter(run=run)] == [MAY]


def test_costs_without_any_record_stay_at_company_level(costing: Costing) -> None:
    shared_out(costing, pool(costing, "Warehouse", {JUNE: "10.00"}), "orders")
    (june,) = RunMonth.objects.filter(run=recomputed())
    assert (june.entered, june.company_level, june.cost_to_serve) == (Decimal(10), Decimal(10), Decimal(0))


def test_a_driver_that_stands_still_for_a_month_leaves_its_cost_at_company_level(
    customer: Customer, costing: Costing
) -> None:
    shared_out(costing, pool(costing, "Warehouse", {MAY: "6.00", JUNE: "10.00"}), "orders")
    bought(customer, DAY)
    may, june = RunMonth.objects.filter(run=recomputed())
    assert (may.company_level, may.cost_to_serve) == (Decimal(6), Decimal(0))
    assert (june.company_level, june.cost_to_serve) == (Decimal(0), Decimal(10))


def test_minutes_beyond_capacity_are_charged_and_named_as_overload(customer: Customer, costing: Costing) -> None:
    desk = pool(costing, "Desk", {JUNE: "10.00"}, practical_capacity_minutes=20)
    timed(costing, desk, minutes_phone="1")
    called(customer, DAY, minutes=30)
    (june,) = RunMonth.objects.filter(run=recomputed())
    assert (june.cost_to_serve, june.overload, june.unused_capacity) == (Decimal(15), Decimal(5), Decimal(0))


def test_new_is_who_ordered_for_the_first_time_not_who_sent_back(customer: Customer, costing: Costing) -> None:
    """Ada only sends back in May; somebody else sends back in May what was bought long ago, and orders in June."""
    shared_out(costing, pool(costing, "Welcome", {MAY: "8.00", JUNE: "10.00"}), "new_customers")
    other = CustomerFactory()
    for one in (customer, other):
        bought(one, MAY, {"quantity": -1})
    bought(other, DAY)
    may, june = RunMonth.objects.filter(run=recomputed())
    assert (may.cost_to_serve, may.company_level) == (Decimal(0), Decimal(8))
    assert (june.cost_to_serve, card(other).cost_to_serve, card(customer).cost_to_serve) == (10, 10, 0)


def test_a_driver_without_any_quantity_is_refused(customer: Customer, costing: Costing) -> None:
    shared_out(costing, pool(costing, "Returns desk", {JUNE: "10.00"}), "returns")
    bought(customer, DAY)
    assert "“Returned lines”" in problem()
    with translation.override("en"):
        assert "has no quantity in any month with costs" in problem()


def test_a_cost_pool_that_no_activity_takes_from_is_refused(customer: Customer, costing: Costing) -> None:
    pool(costing, "Rent", {JUNE: "10.00"})
    bought(customer, DAY)
    assert "cost pool “Rent”" in problem()


def test_a_driver_that_no_records_yield_any_more_is_refused(customer: Customer, costing: Costing) -> None:
    shared_out(costing, pool(costing, "Club", {JUNE: "10.00"}), "rewards_of_a_removed_app")
    bought(customer, DAY)
    assert "rewards_of_a_removed_app" in problem()


def test_shares_of_more_than_the_whole_pool_are_refused(customer: Customer, costing: Costing) -> None:
    warehouse = pool(costing, "Warehouse", {JUNE: "10.00"})
    shared_out(costing, warehouse, "orders", percent=70)
    shared_out(costing, warehouse, "units", percent=40)
    bought(customer, DAY)
    assert "110" in problem()


def test_a_time_driven_activity_without_capacity_is_refused(customer: Customer, costing: Costing) -> None:
    timed(costing, pool(costing, "Desk", {JUNE: "10.00"}), minutes_phone="1")
    called(customer, DAY, minutes=3)
    assert "“Desk” has no practical capacity" in problem()


def test_customers_far_apart_in_number_are_found(customer: Customer) -> None:
    far = CustomerFactory(id=7_000_000_000)
    bought(far, DAY)
    recomputed()
    assert (card(far).profit, card(customer).profit) == (Decimal("4.00"), Decimal(0))
    assert Scorecard.objects.in_run(Run.objects.get(is_current=True)).count() == 2
