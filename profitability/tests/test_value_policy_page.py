"""Managers change horizon, discount rate and thresholds on a page; the next recompute follows them."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.models import ValuePolicy
from profitability.permissions import EDIT_VALUE_POLICY, SEE_VALUE, START_RUN
from profitability.tests.shop import bought, card, recomputed

pytestmark = pytest.mark.django_db

URL = "/value-policy/"
ENTERED = {
    "horizon_years": "5", "yearly_discount_rate": "12.5", "best_share": "10", "fair_profit": "20",
    "desirable_value": "30",
}  # fmt: skip


@pytest.fixture
def manager() -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(SEE_VALUE, EDIT_VALUE_POLICY, START_RUN))
    return client


def test_what_is_entered_is_kept_as_shares(manager: Client) -> None:
    page = manager.post(URL, ENTERED, follow=True)
    assert "from the next recompute on" in page.content.decode()
    policy = ValuePolicy.current()
    assert (policy.horizon_years, policy.yearly_discount_rate, policy.best_share) == (
        5, Decimal("0.125"), Decimal("0.1"),
    )  # fmt: skip
    assert (policy.fair_profit, policy.desirable_value) == (Decimal(20), Decimal(30))
    opened = manager.get(URL).context["form"]
    assert (opened["yearly_discount_rate"].value(), opened["best_share"].value()) == (Decimal("12.5"), Decimal(10))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("yearly_discount_rate", "100", "less than 1"),
        ("yearly_discount_rate", "-1", "Give no less than 0."),
        ("yearly_discount_rate", "10.55", "Give one decimal at most."),
        ("best_share", "101", "Give no more than 100."),
        ("best_share", "0", "more than 0"),
        ("horizon_years", "0", "greater than or equal to 1"),
        ("horizon_years", "21", "less than or equal to 20"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(manager: Client, field: str, value: str, said: str) -> None:
    page = manager.post(URL, ENTERED | {field: value})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert f'value="{value}"' in page.content.decode()
    assert not ValuePolicy.objects.exists()


def test_the_next_recompute_follows_and_until_then_the_page_says_so(manager: Client) -> None:
    ada = CustomerFactory(name="Ada")
    for month in (4, 5, 6):
        bought(ada, dt.date(2026, month, 10))
    recomputed()
    before = card(ada).lifetime_value
    assert "another horizon or discount rate" not in manager.get(URL).content.decode()
    manager.post(URL, ENTERED | {"yearly_discount_rate": "10"})
    page = manager.get(URL).content.decode()
    assert "another horizon or discount rate" in page
    assert "Recompute now" in page
    recomputed()
    assert card(ada).lifetime_value > before
    assert "another horizon or discount rate" not in manager.get(URL).content.decode()


def test_two_managers_do_not_overwrite_each_other(manager: Client) -> None:
    manager.post(URL, ENTERED)
    seen = manager.get(URL).context["form"]["seen"].value()
    manager.post(URL, ENTERED | {"horizon_years": "7"})
    page = manager.post(URL, ENTERED | {"seen": seen, "horizon_years": "9"})
    assert page.status_code == 422
    assert ValuePolicy.current().horizon_years == 7


def test_only_whoever_may_change_the_policy_gets_there() -> None:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(SEE_VALUE))
    assert client.get(URL).status_code == 403
    assert "/value-policy/" not in client.get("/value-models/").content.decode()
