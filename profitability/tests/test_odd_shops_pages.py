"""Shops without profit, orders or a second customer: every page stands and says in words what there is to say."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.permissions import EDIT_COSTING, EDIT_VALUE_POLICY, SEE_RUNS, SEE_VALUE
from profitability.tests.shop import JUNE, TODAY, bought, recomputed

pytestmark = pytest.mark.django_db

DAY = TODAY.replace(day=15)
# Each is a page of profitability that a reader may open at any time.
PAGES = (
    *("dashboard", "ranking", "ranking-groups", "ranking-sizes", "ranking-moves", "ranking-changes", "equity"),
    *("matrix", "rfm", "cohorts"),
    *("portfolio", "portfolio-customers", "portfolio-concentration", "value-models", "value-policy", "scenarios"),
    *("costing", "costing-reconciliation", "costing-rates", "costing-versions", "costing-compare"),
)
PERIODS = ("2026", "2026-06")
NOT_WRITTEN = re.compile(r"\b(NaN|nan|Infinity|inf|None)\b")


def nobody_at_all() -> None:
    """A company that has not begun."""


def one_who_only_sends_back() -> None:
    bought(CustomerFactory(name="Ada"), DAY, {"quantity": -2})


def gains_and_losses_alike() -> None:
    bought(CustomerFactory(name="Ada"), DAY)
    bought(CustomerFactory(name="Bob"), DAY, {"unit_cost": 14})


def nothing_but_losses() -> None:
    for unit_cost in (12, 13, 14):
        bought(CustomerFactory(), DAY, {"unit_cost": unit_cost})


def only_strangers() -> None:
    bought(None, DAY)


def everything_given_away() -> None:
    for _turn in range(3):
        bought(CustomerFactory(), DAY, {"unit_price": 0, "unit_cost": 0})


SHOPS = (
    nobody_at_all,
    one_who_only_sends_back,
    gains_and_losses_alike,
    nothing_but_losses,
    only_strangers,
    everything_given_away,
)


@pytest.fixture
def reader() -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(
        user_with(
            *(SEE_VALUE, SEE_RUNS, EDIT_COSTING, EDIT_VALUE_POLICY),
            *("profitability.view_costing", "customers.view_customer", "customers.see_all_customers"),
        )
    )
    return client


def words(client: Client, name: str, **query: str) -> str:
    """What a page says, without its marks; figures and words that nobody should read are a failure."""
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200, name
    page = answer.content.decode()
    shown = re.sub(r"<(script|svg).*?</\1>", "", page, flags=re.S)
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).split())
    charts = " ".join(re.findall(r"<script[^>]*json[^>]*>(.*?)</script>", page, re.S))
    assert not re.search(r"NaN|Infinity", charts), name
    assert not NOT_WRITTEN.search(text.replace("None makes", "")), name
    return text


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.__name__)
def test_every_page_stands(reader: Client, shop: Callable[[], None]) -> None:
    shop()
    recomputed()
    for name in PAGES:
        words(reader, name)
    for name in ("ranking", "ranking-groups", "ranking-sizes", "costing-reconciliation", "costing-rates"):
        for period in PERIODS:
            words(reader, name, period=period)
    for customer in Customer.objects.all()[:1]:
        assert reader.get(reverse("customer-profit-and-loss", args=[customer.pk])).status_code == 200


def test_where_nobody_is_ranked_no_table_stands_empty(reader: Client) -> None:
    recomputed()
    dashboard = words(reader, "dashboard")
    assert "Best customers" not in dashboard
    assert "Profit of the best Customers" in dashboard.replace("How is this reached? ", "")
    assert "nobody is ranked yet" in dashboard
    assert "There are no cohorts yet" in words(reader, "cohorts")
    assert "No goods were sold or sent back." in words(reader, "matrix")


def test_a_value_that_nobody_has_is_not_shown_as_nothing(reader: Client) -> None:
    one_who_only_sends_back()
    recomputed()
    last = reader.get(reverse("dashboard")).context["cards"][-1]
    assert (last.customers, last.lifetime_value) == (1, None)


def test_a_category_whose_customers_have_no_value_shows_none_beside_others_who_have(reader: Client) -> None:
    one_who_only_sends_back()
    bought(CustomerFactory(name="Bob"), DAY)
    recomputed()
    page = reader.get(reverse("dashboard"))
    values = {card.category: (card.customers, card.lifetime_value is None) for card in page.context["cards"]}
    assert values == {1: (1, False), 2: (0, False), 3: (0, False), 4: (1, True)}
    assert reader.get(reverse("equity")).context["by_category"].series[0].values[-1] is None


def test_a_single_customer_is_no_share_of_anything(reader: Client) -> None:
    bought(CustomerFactory(name="Ada"), DAY)
    recomputed()
    assert reader.get(reverse("ranking")).context["whale"].marks == []


def test_the_matrix_names_no_earner_where_nothing_is_earned(reader: Client) -> None:
    nothing_but_losses()
    recomputed()
    assert "No cell makes a profit. Most is lost with “Unprofitable and undesirable ×" in words(reader, "matrix")


def test_whoever_loses_money_is_not_missed(reader: Client) -> None:
    one_who_only_sends_back()
    recomputed()
    page = words(reader, "portfolio-concentration")
    assert "left, the company would be €8 better off: the gross margin is a loss." in page
    assert "of all profit, with 1 customer " in page


def test_without_a_costing_there_is_nothing_to_reconcile(reader: Client) -> None:
    gains_and_losses_alike()
    recomputed()
    page = words(reader, "costing-reconciliation", period=f"{JUNE:%Y-%m}")
    assert "Nothing was entered in cost pools for this period" in page
    assert "Recompute once" not in page
