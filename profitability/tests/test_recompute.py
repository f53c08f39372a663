"""Every figure of a recompute, worked out by hand on the shop of `shop.py`."""

import datetime as dt
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest

from crm_site.lib.jobs.actions import run_job
from customers.models import Run, Scorecard
from customers.models.scorecard import Category, Stage
from profitability.actions import request_recompute
from profitability.models import ActivityRate, CustomerMonth, RunMonth
from profitability.models.figures import ANONYMOUS
from profitability.reports.profit_and_loss import customer_profit_and_loss
from profitability.tests.figures import figures
from profitability.tests.shop import JUNE, MAY, TODAY, Shop, card, recomputed
from profitability.totals import RunTotals

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def run(shop: Shop) -> Run:
    return recomputed()


def euros(found: Any, *names: str) -> list[str]:
    return [str(getattr(found, name)) for name in names]


PROFIT = ("net_revenue", "gross_margin", "cost_to_serve", "direct_costs", "profit")


def test_ada_pays_for_her_orders_her_call_and_her_return(shop: Shop, run: Run) -> None:
    # Sales 100 + 5 delivery + 20 + 40, discount 10, returned 45, fee 3; goods 60 + 12 - 30 + half of 40.
    # Served: 12.00 for two orders in May, 3.33 for one of three in June, 12 minutes of the desk at 0.50.
    found = card(shop.ada)
    assert euros(found, *PROFIT) == ["113.00", "51.00", "21.33", "0.00", "29.67"]
    assert (found.orders, found.first_order_on, found.last_order_on) == (3, dt.date(2026, 5, 4), dt.date(2026, 6, 20))
    assert (found.stage, found.rank, found.category) == (Stage.CUSTOMER, 1, Category.MOST_PROFITABLE)
    assert found.cumulative_share == pytest.approx(29.67 / 23.34)


def test_bob_costs_more_than_he_brings(shop: Shop, run: Run) -> None:
    # Sales 10, rebate 1, goods 8, a third of the warehouse in June, and 4.00 to win him.
    found = card(shop.bob)
    assert euros(found, *PROFIT) == ["9.00", "1.00", "3.33", "4.00", "-6.33"]
    assert (found.orders, found.rank, found.cumulative_share) == (1, 2, 1.0)
    assert found.category in (Category.DESIRABLE, Category.UNDESIRABLE)


def test_cy_who_only_called_is_a_prospect_outside_the_ranking(shop: Shop, run: Run) -> None:
    # 8 minutes of a usual call and 2 around it.
    found = card(shop.cy)
    assert euros(found, *PROFIT) == ["0.00", "0.00", "5.00", "0.00", "-5.00"]
    assert (found.stage, found.rank, found.category, found.orders) == (Stage.PROSPECT, None, None, 0)
    assert (found.lifetime_value, found.lifetime_value_note, found.last_order_on) == (None, "no_orders", None)


def test_months_keep_what_was_bought_returned_and_caused(shop: Shop, run: Run) -> None:
    may, june = CustomerMonth.objects.of(run, shop.ada.pk)
    sales = ("gross", "discounts", "returns", "other", "cost_of_goods", "direct_costs")
    assert euros(may, *sales) == ["125.00", "10.00", "0.00", "0.00", "72.00", "0.00"]
    assert euros(june, *sales) == ["40.00", "0.00", "45.00", "3.00", "-10.00", "0.00"]
    assert (may.orders, may.order_days, june.orders, june.order_days) == (2, 1, 1, 1)
    drivers = RunTotals.from_json(run.totals).drivers
    assert dict(zip(drivers, june.quantities, strict=True)) == {"orders": 1, "minutes_phone": 10, "contacts_phone": 1}


def test_anonymous_sales_carry_their_costs_and_stand_in_no_ranking(run: Run) -> None:
    anonymous = RunTotals.from_json(run.totals).anonymous
    assert euros(anonymous, "gross", *PROFIT) == ["30.00", "30.00", "12.00", "3.33", "0.00", "8.67"]
    assert CustomerMonth.objects.of(run, ANONYMOUS).count() == 1
    assert not Scorecard.objects.in_run(run).filter(customer_id=ANONYMOUS).exists()


COSTS = ("entered", "cost_to_serve", "anonymous_cost_to_serve", "unused_capacity", "overload", "company_level")


def test_every_cent_of_a_month_is_accounted_for(run: Run) -> None:
    may, june = RunMonth.objects.filter(run=run)
    assert (may.month, june.month) == (MAY, JUNE)
    assert euros(may, *COSTS, "rounding_difference") == ["12.00", "12.00", "0.00", "0.00", "0.00", "0.00", "0.00"]
    # 10.00 in three parts leaves a cent; 38 of 60 minutes were not used.
    assert euros(june, *COSTS, "rounding_difference") == ["47.00", "17.66", "3.33", "19.00", "0.00", "7.00", "0.01"]
    assert euros(june, "net_revenue", "gross_margin", "direct_costs", "profit") == ["7.00", "9.00", "4.00", "-12.66"]


def test_rates_say_what_a_unit_costs(shop: Shop, run: Run) -> None:
    orders = ActivityRate.objects.get(activity__run=run, activity__activity=shop.orders, month=JUNE)
    assert (orders.quantity, orders.rate) == (3.0, pytest.approx(10 / 3))
    assert euros(orders, "cost", "charged", "charged_anonymous", "rounding_difference") == [
        "10.00", "6.66", "3.33", "0.01",
    ]  # fmt: skip
    calls = ActivityRate.objects.get(activity__run=run, activity__activity=shop.calls, month=JUNE)
    assert (calls.quantity, calls.rate, str(calls.charged)) == (22.0, 0.5, "11.00")
    drivers = RunTotals.from_json(run.totals).drivers
    by_driver = dict(zip(drivers, calls.coefficients, strict=True))
    assert by_driver == {"orders": 0.0, "minutes_phone": 50.0, "contacts_phone": 100.0}


def test_totals_are_the_sums_of_the_rows(shop: Shop, run: Run) -> None:
    totals = RunTotals.from_json(run.totals)
    assert (totals.customers, totals.active, totals.former, totals.prospects) == (3, 2, 0, 1)
    assert euros(totals.statement, "gross", "discounts", "returns", "other", *PROFIT) == [
        "175.00", "11.00", "45.00", "3.00", "122.00", "52.00", "24.66", "4.00", "23.34",
    ]  # fmt: skip
    assert totals.prospects_statement.profit == Decimal("-5.00")
    assert (totals.ranking.profit, totals.ranking.peak.profit) == (Decimal("23.34"), Decimal("29.67"))
    assert (totals.ranking.best.customers, totals.ranking.losing) == (1, 1)
    assert sum(category.customers for category in totals.categories) == 2
    assert (totals.first_month, totals.last_month, totals.costing) == ("2026-05-01", "2026-06-01", "Shop")
    assert totals.sales_without_cost == 0


def test_reconciliation_of_all_months_balances(run: Run) -> None:
    parts = asdict(RunTotals.from_json(run.totals).reconciliation)
    assert parts.pop("entered") == Decimal("59.00")
    assert sum(parts.values()) - 2 * parts["overload"] == Decimal("59.00")


def test_the_account_of_a_page_comes_to_the_same_cents(shop: Shop, run: Run) -> None:
    for customer in (shop.ada, shop.bob, shop.cy):
        account = customer_profit_and_loss(run, customer.pk)
        assert account is not None
        found = card(customer)
        for name in PROFIT:
            assert getattr(account.whole, name) == getattr(found, name), (customer, name)


def test_what_happens_later_than_the_day_of_the_figures_does_not_count(shop: Shop) -> None:
    recomputed(as_of=dt.date(2026, 5, 31))
    found = card(shop.ada)
    assert euros(found, *PROFIT) == ["115.00", "43.00", "12.00", "0.00", "31.00"]
    assert card(shop.bob).stage == Stage.PROSPECT
    assert card(shop.bob).profit == 0


@pytest.mark.parametrize("part", [1, 3])
def test_the_figures_do_not_depend_on_the_parts_in_which_records_are_read(
    shop: Shop, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_one = figures(recomputed())
    monkeypatch.setattr("profitability.recompute.records.PART", part)
    job = request_recompute(reason=Run.Reason.ASKED, as_of=TODAY, full=True)
    run_job(job.pk)
    assert figures(Run.objects.get(job=job)) == in_one


def test_the_same_records_give_the_same_figures_again(shop: Shop) -> None:
    first, second = recomputed(), recomputed()
    rows = [
        list(Scorecard.objects.in_run(run).order_by("customer").values().values_list("customer", *PROFIT, "place"))
        for run in (first, second)
    ]
    assert rows[0] == rows[1]
    told = [{**run.totals, "durations": None, "changes": None, "scope": None} for run in (first, second)]
    assert told[0] == told[1]


def test_a_customer_of_long_ago_is_a_former_one(shop: Shop) -> None:
    recomputed(as_of=TODAY + dt.timedelta(days=355))
    assert (card(shop.ada).stage, card(shop.bob).stage) == (Stage.CUSTOMER, Stage.FORMER)
