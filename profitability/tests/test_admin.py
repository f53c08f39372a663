"""The admin pages of profitability: every model is there, mistakes are answered in words, computed rows stay."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.tests.factories import CompanyFactory, UserFactory
from profitability.actions import publish_costing
from profitability.models import (
    Activity,
    ActivityShare,
    CategoryPolicy,
    Costing,
    CostPool,
    CustomerMonth,
    MainFamily,
    PeriodFigure,
    ReadAnew,
    ValuePoint,
    ValuePolicy,
)
from profitability.tests.published import publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def costing() -> Costing:
    return Costing.objects.create(name="Costs of 2026")


def rows_of(prefix: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """The management form and fields of one inline."""
    data: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for position, row in enumerate(rows):
        data |= {f"{prefix}-{position}-{name}": value for name, value in row.items()}
    return data


def test_every_model_but_those_with_a_composite_key_has_a_page() -> None:
    missing = {model for model in apps.get_app_config("profitability").get_models() if model not in site._registry}
    assert missing == {CustomerMonth, MainFamily, PeriodFigure, ReadAnew, ValuePoint}


@pytest.mark.parametrize("model", [model for model in site._registry if model._meta.app_label == "profitability"])
def test_lists_open_and_can_be_searched(admin: Client, costing: Costing, model: Any) -> None:
    publish(30, 20, 10)
    url = reverse(f"admin:profitability_{model._meta.model_name}_changelist")
    assert admin.get(url).status_code == 200
    assert admin.get(url, {"q": "1"}).status_code == 200


def test_a_cost_pool_is_entered_with_its_amounts(admin: Client, costing: Costing) -> None:
    pool = {"costing": costing.pk, "name": "Warehouse", "name_fr": "Entrepôt", "practical_capacity_minutes": ""}
    amounts = rows_of(
        "amounts", {"month": "2026-05-01", "amount": "1234.56"}, {"month": "2026-06-01", "amount": "1300"}
    )
    response = admin.post(reverse("admin:profitability_costpool_add"), pool | amounts | rows_of("shares"))
    assert response.status_code == 302
    entered = CostPool.objects.get().amounts.values_list("month", "amount").order_by("month")
    assert list(entered) == [(dt.date(2026, 5, 1), Decimal("1234.56")), (dt.date(2026, 6, 1), Decimal("1300.00"))]


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ({"month": "2026-05-02", "amount": "10"}, "Give the first day of the month."),
        ({"month": "2026-05-01", "amount": "-10"}, "The amount of a cost pool cannot be negative."),
    ],
)
def test_a_wrong_amount_is_refused_with_the_reason(
    admin: Client, costing: Costing, amount: dict[str, str], reason: str
) -> None:
    pool = {"costing": costing.pk, "name": "Warehouse"}
    data = pool | rows_of("amounts", amount) | rows_of("shares")
    response = admin.post(reverse("admin:profitability_costpool_add"), data)
    assert reason in response.content.decode()
    assert not CostPool.objects.exists()


def test_a_traditional_activity_is_entered_with_its_shares(admin: Client, costing: Costing) -> None:
    pool = CostPool.objects.create(costing=costing, name="Warehouse")
    activity = {"costing": costing.pk, "name": "Pack", "method": "traditional", "driver": "orders", "position": 1}
    data = activity | rows_of("shares", {"pool": pool.pk, "percent": "60"})
    assert admin.post(reverse("admin:profitability_activity_add"), data).status_code == 302
    assert ActivityShare.objects.get().percent == 60


def test_a_time_driven_activity_is_entered_with_its_time_equation(admin: Client, costing: Costing) -> None:
    pool = CostPool.objects.create(costing=costing, name="Call centre", practical_capacity_minutes=9000)
    activity = {"costing": costing.pk, "name": "Answer", "method": "time_driven", "resource": pool.pk, "position": 1}
    data = activity | rows_of("shares") | {"equation": "8 * orders"}
    assert admin.post(reverse("admin:profitability_activity_add"), data).status_code == 302
    assert Activity.objects.get().equation == "8 * orders"


@pytest.mark.parametrize(
    ("activity", "share", "reason"),
    [
        ({"driver": "orders"}, {"percent": "120"}, "The shares of a cost pool cannot exceed 100 per cent together."),
        ({"driver": "orders"}, {"percent": ""}, "This field is required."),
        ({"driver": "orders"}, {"pool": "", "percent": "20"}, "This field is required."),
        ({"driver": "", "method": "traditional"}, {"percent": "20"}, "A traditional activity needs a driver"),
        ({"driver": "moon_phases"}, {"percent": "20"}, "Select a valid choice."),
    ],
)
def test_a_wrong_activity_is_refused_with_the_reason(
    admin: Client, costing: Costing, activity: dict[str, str], share: dict[str, str], reason: str
) -> None:
    pool = CostPool.objects.create(costing=costing, name="Warehouse")
    fields = {"costing": costing.pk, "name": "Pack", "method": "traditional", "position": 1} | activity
    data = fields | rows_of("shares", {"pool": pool.pk} | share)
    response = admin.post(reverse("admin:profitability_activity_add"), data)
    assert reason in response.content.decode()
    assert not Activity.objects.exists()


def test_activities_of_a_costing_choose_among_its_own_cost_pools(admin: Client, costing: Costing) -> None:
    CostPool.objects.create(costing=costing, name="Own pool")
    CostPool.objects.create(costing=Costing.objects.create(name="Costs of 2027"), name="Foreign pool")
    page = admin.get(reverse("admin:profitability_costing_change", args=[costing.pk])).content.decode()
    assert ">Own pool</option>" in page
    assert "Foreign pool" not in page


def choose(admin: Client, *costings: Costing) -> str:
    data = {"action": "make_current", "_selected_action": [costing.pk for costing in costings]}
    url = reverse("admin:profitability_costing_changelist")
    return admin.post(url, data, follow=True).content.decode()


def test_a_costing_takes_the_place_of_the_current_one(admin: Client, costing: Costing) -> None:
    publish_costing(costing=costing, at=timezone.now())
    newer = Costing.objects.create(name="Costs of 2027")
    assert "counts from the next recompute on" in choose(admin, newer)
    assert Costing.objects.current() == newer
    assert Costing.objects.filter(is_current=True).count() == 1


def test_only_one_costing_can_be_current(admin: Client, costing: Costing) -> None:
    publish_costing(costing=costing, at=timezone.now())
    assert "Choose exactly one costing." in choose(admin, costing, Costing.objects.create(name="Costs of 2027"))
    assert Costing.objects.current() == costing


def test_a_costing_keeps_the_day_on_which_it_was_first_published(admin: Client, costing: Costing) -> None:
    publish_costing(costing=costing, at=timezone.now())
    published = costing.published_at
    choose(admin, Costing.objects.create(name="Costs of 2027"))
    choose(admin, costing)
    assert Costing.objects.current().published_at == published


def test_what_runs_computed_is_read_only(admin: Client) -> None:
    month = publish(30, 20, 10).months.first()
    assert admin.get(reverse("admin:profitability_runmonth_change", args=[month.pk])).status_code == 200
    assert admin.post(reverse("admin:profitability_runmonth_change", args=[month.pk]), {}).status_code == 403
    assert admin.get(reverse("admin:profitability_runmonth_add")).status_code == 403
    assert admin.post(reverse("admin:profitability_runmonth_delete", args=[month.pk]), {}).status_code == 403


def test_the_value_policy_is_one_row(admin: Client) -> None:
    ValuePolicy.objects.get_or_create(pk=1)
    assert admin.get(reverse("admin:profitability_valuepolicy_add")).status_code == 403
    assert admin.post(reverse("admin:profitability_valuepolicy_delete", args=[1]), {"post": "yes"}).status_code == 403


def test_a_policy_of_a_category_is_edited_but_not_moved_to_another(admin: Client) -> None:
    url = reverse("admin:profitability_categorypolicy_change", args=[1])
    assert admin.post(url, {"category": 4, "text": "Delight them", "text_fr": "Les enchanter"}).status_code == 302
    assert CategoryPolicy.objects.get(category=1).text == "Delight them"
    assert CategoryPolicy.objects.count() == 4
