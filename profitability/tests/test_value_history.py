"""What customers were worth month by month: kept once a month, bounded, and shown with the current figures."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.formatting import money
from crm_site.lib.partitions import partitions_of
from customers.models import Customer, Scorecard
from customers.permissions import VIEW_CUSTOMERS
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability import history_actions
from profitability.history_actions import POINTS, drop_old_snapshots, keep_snapshot
from profitability.models import ValuePoint, ValueSnapshot
from profitability.permissions import SEE_VALUE
from profitability.reports.history import Worth, worth_in_words, worth_over_time
from profitability.tests.shop import bought, card, recomputed

pytestmark = pytest.mark.django_db

APRIL, MAY, JUNE = dt.date(2026, 4, 30), dt.date(2026, 5, 31), dt.date(2026, 6, 30)


@pytest.fixture
def ada() -> Customer:
    CompanyFactory()
    CustomerFactory(name="Cy")  # never orders
    customer = CustomerFactory(name="Ada")
    for month in (4, 5, 6):
        bought(customer, dt.date(2026, month, 15))
    return customer


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(user_with(SEE_VALUE, VIEW_CUSTOMERS, "customers.see_all_customers"))
    return client


def kept() -> list[dt.date]:
    return list(ValueSnapshot.objects.order_by("month").values_list("as_of", flat=True))


def test_each_months_figures_are_those_of_its_first_recompute(ada: Customer) -> None:
    found = []
    for day in (APRIL, MAY, JUNE):
        recomputed(day)
        found.append((card(ada).lifetime_value, card(ada).profit, card(ada).category))
    assert kept() == [APRIL, MAY, JUNE]
    points = ValuePoint.objects.filter(customer=ada).order_by("snapshot__month")
    assert list(points.values_list("lifetime_value", "profit", "category")) == found
    assert [profit for _value, profit, _category in found] == [Decimal(4), Decimal(8), Decimal(12)]
    assert ValuePoint.objects.count() == 3  # nothing is kept of whoever is not ranked
    assert set(ValueSnapshot.objects.values_list("customers", flat=True)) == {1}


def test_a_second_recompute_of_a_month_keeps_nothing(ada: Customer) -> None:
    recomputed(MAY)
    first = recomputed(dt.date(2026, 6, 1))
    run = recomputed(JUNE)
    assert ValueSnapshot.objects.get(month=dt.date(2026, 6, 1)).run == first
    with CaptureQueriesContext(connection) as queries:
        assert keep_snapshot(run=run, at=timezone.now()) is None
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 1


def test_while_there_is_only_one_month_it_is_taken_anew_once_a_day(ada: Customer) -> None:
    run = recomputed(JUNE)
    now = timezone.now()
    assert keep_snapshot(run=run, at=now) is None
    later = keep_snapshot(run=run, at=now + dt.timedelta(days=1))
    assert later is not None
    assert drop_old_snapshots() == 1
    assert [partition.value for partition in partitions_of(POINTS)] == [later.pk]
    assert ValuePoint.objects.filter(customer=ada).count() == 1


def test_history_is_bounded(ada: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_actions, "KEPT", 2)
    for day in (APRIL, MAY, JUNE):
        recomputed(day)
    assert kept() == [MAY, JUNE]
    assert len(partitions_of(POINTS)) == ValuePoint.objects.filter(customer=ada).count() == 2


def test_the_current_figures_come_last_and_once(ada: Customer) -> None:
    for day in (MAY, dt.date(2026, 6, 1), JUNE):
        run = recomputed(day)
    history = worth_over_time(run, [ada.pk])
    assert [worth.as_of for worth in history] == [MAY, dt.date(2026, 6, 1), JUNE]
    assert history[-1].profit == card(ada).profit == Decimal(12)


def test_a_household_is_worth_what_its_members_are_together(ada: Customer, manager: Client) -> None:
    house, bob = CustomerFactory(kind=Customer.Kind.HOUSEHOLD), CustomerFactory(name="Bob")
    bought(bob, dt.date(2026, 5, 20))
    Customer.objects.filter(pk__in=[ada.pk, bob.pk]).update(member_of=house)
    for day in (APRIL, MAY, JUNE):
        recomputed(day)
    page = manager.get(f"/customers/{house.pk}/value-history/")
    rows = page.context["table"].rows
    assert [row.cells[2].text for row in rows] == ["€16.00", "€12.00", "€4.00"]
    assert [row.cells[3].text for row in rows] == ["", "", "Most profitable"]
    value = sum(card(one).lifetime_value or 0 for one in (ada, bob))
    assert rows[0].cells[1].text == money(value, "EUR")
    assert "All members together" in page.content.decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((10, 25), "Since May 2026 the lifetime value has risen from €10 to €25."),
        ((25, None, 10), "Since May 2026 the lifetime value has fallen from €25 to €10."),
        ((10, 10), "The lifetime value is what it was in May 2026: €10."),
        ((10,), ""),
    ],
)
def test_the_change_is_told_in_words(values: tuple[int | None, ...], said: str) -> None:
    days = [MAY + dt.timedelta(days=10 * place) for place in range(len(values))]
    history = [
        Worth(day, None if value is None else Decimal(value), Decimal(0), 1)
        for day, value in zip(days, values, strict=True)
    ]
    assert worth_in_words(history, "EUR") == said


def test_the_panel_shows_chart_and_table(ada: Customer, manager: Client) -> None:
    for day in (MAY, JUNE):
        recomputed(day)
    page = manager.get(f"/customers/{ada.pk}/value-history/")
    assert page.context["chart"].series[1].values == [Decimal(8), Decimal(12)]
    rows = [[cell.text for cell in row.cells] for row in page.context["table"].rows]
    assert [row[2] for row in rows] == ["€12.00", "€8.00"]
    account = manager.get(f"/customers/{ada.pk}/profit-and-loss/").content.decode()
    assert f"/customers/{ada.pk}/value-history/" in account


def test_whoever_never_ordered_has_no_history_and_is_told(ada: Customer, manager: Client) -> None:
    recomputed()
    stranger = Customer.objects.get(name="Cy")
    page = manager.get(f"/customers/{stranger.pk}/value-history/")
    assert (page.context["chart"], page.context["table"]) == (None, None)
    assert "Nothing is kept of a customer who never ordered." in page.content.decode()


def test_only_whoever_may_see_the_customer_sees_the_history(ada: Customer) -> None:
    recomputed()
    client = Client()
    client.force_login(user_with(SEE_VALUE))
    assert client.get(f"/customers/{ada.pk}/value-history/").status_code == 404


def test_months_cost_no_further_queries(ada: Customer, manager: Client) -> None:
    counts = []
    for day in (APRIL, JUNE):
        recomputed(day)
        manager.get(f"/customers/{ada.pk}/value-history/")
        with CaptureQueriesContext(connection) as queries:
            manager.get(f"/customers/{ada.pk}/value-history/")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
    assert Scorecard.objects.filter(customer=ada).exists()
