"""What a costing refuses to hold, and the sentence that says why."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from profitability.models import (
    Activity,
    ActivityShare,
    CategoryPolicy,
    Costing,
    CostPool,
    CostPoolAmount,
    ValuePolicy,
)
from profitability.tests.shop import JUNE

pytestmark = pytest.mark.django_db

TRADITIONAL, TIME_DRIVEN = Activity.Method.TRADITIONAL, Activity.Method.TIME_DRIVEN


@pytest.fixture
def costing() -> Costing:
    return Costing.objects.create(name="First")


@pytest.fixture
def desk(costing: Costing) -> CostPool:
    return costing.pools.create(name="Desk", practical_capacity_minutes=100)


def refused(thing: object) -> str:
    """Why a form would not take it; the database must refuse what it can know by itself as well."""
    with translation.override("en"), pytest.raises(ValidationError) as caught:
        thing.full_clean()  # type: ignore[attr-defined]
    return " ".join(caught.value.messages)


@pytest.mark.parametrize("capacity", [0, -5])
def test_a_capacity_that_is_not_positive_is_refused(costing: Costing, capacity: int) -> None:
    pool = CostPool(costing=costing, name="Desk", practical_capacity_minutes=capacity)
    assert "practical capacity must be greater than zero" in refused(pool)
    with pytest.raises(IntegrityError), transaction.atomic():
        pool.save()


def test_a_negative_amount_is_refused(desk: CostPool) -> None:
    amount = CostPoolAmount(pool=desk, month=JUNE, amount=Decimal("-0.01"))
    assert "cannot be negative" in refused(amount)


def test_an_amount_is_of_a_whole_month_and_entered_once(desk: CostPool) -> None:
    assert "first day of the month" in refused(CostPoolAmount(pool=desk, month=dt.date(2026, 6, 2), amount=1))
    desk.amounts.create(month=JUNE, amount=1)
    assert "already has an amount for this month" in refused(CostPoolAmount(pool=desk, month=JUNE, amount=2))


def test_an_activity_without_a_driver_is_refused(costing: Costing) -> None:
    assert "needs a driver" in refused(Activity(costing=costing, name="Work", method=TRADITIONAL))


def test_an_activity_by_an_unknown_driver_is_refused(costing: Costing) -> None:
    assert "No records yield the driver" in refused(Activity(costing=costing, name="Work", driver="sunshine"))


def test_a_time_driven_activity_needs_a_resource_with_a_capacity(costing: Costing) -> None:
    assert "needs a resource" in refused(Activity(costing=costing, name="Work", method=TIME_DRIVEN))
    endless = costing.pools.create(name="Endless")
    work = Activity(costing=costing, name="Work", method=TIME_DRIVEN, resource=endless)
    assert "resource with a practical capacity" in refused(work)


def test_nothing_is_taken_from_the_pools_of_another_costing(costing: Costing, desk: CostPool) -> None:
    other = Costing.objects.create(name="Second")
    work = Activity(costing=other, name="Work", method=TIME_DRIVEN, resource=desk)
    assert "same costing" in refused(work)
    orders = other.activities.create(name="Orders", driver="orders")
    assert "same costing" in refused(ActivityShare(activity=orders, pool=desk, percent=10))


def test_shares_of_a_pool_make_a_hundred_per_cent_at_most(costing: Costing, desk: CostPool) -> None:
    first, second = (costing.activities.create(name=driver, driver=driver) for driver in ("orders", "units"))
    share = first.shares.create(pool=desk, percent=60)
    share.full_clean()
    assert "cannot exceed 100 per cent" in refused(ActivityShare(activity=second, pool=desk, percent=41))
    ActivityShare(activity=second, pool=desk, percent=40).full_clean()


def test_each_method_has_its_own_kind_of_parts(costing: Costing, desk: CostPool) -> None:
    orders = costing.activities.create(name="Orders", driver="orders")
    calls = costing.activities.create(name="Calls", method=TIME_DRIVEN, resource=desk)
    assert "not a share" in refused(ActivityShare(activity=calls, pool=desk, percent=10))
    orders.equation = "8 * orders"
    assert "drivers stand in its time equation" in refused(orders)
    calls.equation = "8 * ordrs"
    assert "At character 5: No records yield a driver “ordrs”. Did you mean “orders”?" in refused(calls)


def test_one_costing_is_current_and_it_is_published(costing: Costing) -> None:
    costing.is_current = True
    assert "published costing" in refused(costing)
    Costing.objects.create(name="Now", is_current=True, published_at=timezone.now())
    costing.published_at = timezone.now()
    assert "Another costing is the current one" in refused(costing)


@pytest.mark.parametrize("ratio", ["-0.1", "1.1"])
def test_the_assumed_cost_of_goods_is_a_share_of_the_price(ratio: str) -> None:
    assert "from 0 to 1" in refused(Costing(name="Odd", default_cost_ratio=Decimal(ratio)))


def test_the_policy_has_sane_defaults_until_somebody_edits_it() -> None:
    policy = ValuePolicy.current()
    assert (policy.best_share, policy.yearly_discount_rate, policy.horizon_years) == (
        Decimal("0.20"),
        Decimal("0.10"),
        3,
    )
    policy.horizon_years = 5
    policy.save()
    assert ValuePolicy.current().horizon_years == 5


@pytest.mark.parametrize(
    ("field", "value"), [("best_share", 0), ("best_share", "1.1"), ("yearly_discount_rate", 1), ("horizon_years", 21)]
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    assert refused(ValuePolicy(pk=1, **{field: value}))


def test_each_category_has_a_policy_in_both_languages() -> None:
    policies = list(CategoryPolicy.objects.all())
    assert [policy.category for policy in policies] == [1, 2, 3, 4]
    with translation.override("fr"):
        assert policies[0].label.startswith("Conserver")
    with translation.override("en"):
        assert policies[0].label.startswith("Keep")
