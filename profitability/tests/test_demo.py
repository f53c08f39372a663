"""The demonstration costing: one that the checks of the admin would accept, and that gives every category customers."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.test import TestCase

from customers.demo.loading import Request
from customers.demo.loading import load as load_customers
from customers.demo.moments import Staff
from customers.models import Order, Run, Scorecard
from customers.models.scorecard import Category
from customers.tests.factories import OrderFactory, UserFactory
from profitability.costing_actions import copy_costing
from profitability.demo import POOLS, Pool, Work, amount_of, load, months_of_orders
from profitability.models import Activity, Costing, CostPool, CostPoolAmount, RunMonth, ValuePolicy

TODAY = dt.date(2026, 6, 12)
JUNE = dt.date(2026, 6, 1)


def load_whole(*, customers: int, today: dt.date = TODAY) -> list[str]:
    """The demonstration with so many customers, and its costing; what was said."""
    said: list[str] = []
    people = UserFactory.create_batch(4)
    staff = Staff(sales=[people[0].pk, people[1].pk], service=[people[2].pk, people[3].pk])
    load_customers(Request(today=today, seed=1997, staff=staff, customers=customers), say=said.append)
    load(say=said.append)
    return said


class TestDemonstrationCosting(TestCase):
    """The costing for some customers of the demonstration, loaded once for all of these tests."""

    said: list[str]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.said = load_whole(customers=400)

    def test_it_is_the_current_one(self) -> None:
        assert Costing.objects.current() == Costing.objects.get()

    def test_a_copy_of_it_passes_all_checks_of_drafts(self) -> None:
        draft = copy_costing(costing=Costing.objects.get(), name="Next")
        for activity in draft.activities.all():
            activity.full_clean()
            for share in activity.shares.all():
                share.full_clean()

    def test_every_pool_has_an_amount_for_every_month_of_the_history(self) -> None:
        months = list(months_of_orders())
        assert months[0] == Order.objects.earliest("ordered_on").ordered_on.replace(day=1)
        assert months[-1] == Order.objects.latest("ordered_on").ordered_on.replace(day=1)
        for pool in CostPool.objects.all():
            assert list(pool.amounts.order_by("month").values_list("month", flat=True)) == months

    def test_only_the_pool_without_activities_is_kept_at_company_level(self) -> None:
        kept = CostPool.objects.filter(company_level=True)
        assert [pool.name for pool in kept] == ["General management"]

    def test_both_methods_are_shown(self) -> None:
        assert set(Activity.objects.values_list("method", flat=True)) == {"traditional", "time_driven"}

    def test_everything_is_named_in_both_languages(self) -> None:
        assert not CostPool.objects.filter(name_fr="").exists()
        assert not Activity.objects.filter(name_fr="").exists()

    def test_amounts_are_round(self) -> None:
        amounts = CostPoolAmount.objects.values_list("amount", flat=True)
        assert all(amount % 10 == 0 for amount in amounts)
        assert sum(amounts) > 0

    def test_the_value_policy_is_there_to_be_edited(self) -> None:
        assert ValuePolicy.objects.filter(pk=1).exists()

    def test_progress_is_told(self) -> None:
        assert self.said[-1] == f"{len(POOLS)} invented cost pools over 19 months"


@pytest.mark.parametrize("today", [TODAY, dt.date(2027, 1, 30)], ids=str)
@pytest.mark.django_db(transaction=True)
def test_a_recompute_of_it_has_both_ends_of_the_whale_curve_and_all_four_categories(today: dt.date) -> None:
    load_whole(customers=1500, today=today)
    call_command("recompute", wait=True, as_of=today)
    run = Run.objects.current()
    assert run is not None
    ranking = run.totals["ranking"]
    assert Decimal(ranking["profit"]) > 0
    assert ranking["best"]["share"] > 1
    assert ranking["last"]["share"] < -0.2
    cards = Scorecard.objects.in_run(run)
    assert min(cards.filter(category=category).count() for category in Category) > 1500 * 0.1
    entered = CostPoolAmount.objects.aggregate(total=Sum("amount"))["total"]
    assert RunMonth.objects.filter(run=run).aggregate(total=Sum("entered"))["total"] == entered


@pytest.mark.django_db
def test_a_month_counts_by_its_days_between_the_first_order_and_the_last() -> None:
    OrderFactory(ordered_on=dt.date(2026, 5, 22))
    OrderFactory(ordered_on=dt.date(2026, 7, 15))
    assert months_of_orders() == {
        dt.date(2026, 5, 1): Decimal(10) / 31,
        dt.date(2026, 6, 1): Decimal(1),
        dt.date(2026, 7, 1): Decimal(15) / 31,
    }


DESK = Pool(
    name="Desk",
    name_fr="Bureau",
    fixed="900",
    variable={"orders": "1.10"},
    works=(Work(name="Process", name_fr="Traiter", driver="orders", percent="100"),),
)


@pytest.mark.parametrize(
    ("orders", "scale", "amount"),
    [("100", "1", 1010), ("100", "0.5", 560), ("3", "1", 900), ("0", "1", 0)],
)
def test_an_amount_is_fixed_and_variable_and_nothing_where_there_was_no_work(
    orders: str, scale: str, amount: int
) -> None:
    quantities = {"orders": {JUNE: Decimal(orders)}}
    assert amount_of(DESK, JUNE, quantities, Decimal(scale)) == amount
