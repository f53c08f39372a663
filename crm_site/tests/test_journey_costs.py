"""The costs on the journey page: those that the run charged for contact moments, and no others."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers import journey_reports
from customers.importing.staging import Unwatched
from customers.journey_actions import count_usual_periods
from customers.models import ContactMoment, Customer, Run, Touchpoint
from customers.models.moment import Channel
from customers.tests.factories import (
    ContactMomentFactory,
    CustomerFactory,
    SegmentFactory,
    TouchpointFactory,
    user_with,
)
from profitability.models import ActivityRate
from profitability.tests.shop import JUNE, MAY, Shop, pool, recomputed, shared_out, timed

pytestmark = pytest.mark.django_db
URL = "/journey/"
WHOLE = {"since": "2026-05-01", "until": "2026-06-30"}
SELLER = ("customers.view_contactmoment", "customers.see_all_customers", "customers.view_scorecard")


def met(customer: Customer, touchpoint: Touchpoint, day: dt.date, minutes: int | None = None) -> ContactMoment:
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(10)))
    return ContactMomentFactory(customer=customer, touchpoint=touchpoint, occurred_at=at, minutes=minutes)


class Counter(Shop):
    """The shop with a counter of its own cost, an advertisement that costs nothing, and a second telephone line."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = TouchpointFactory(name="Counter", channel=Channel.SHOP, position=8)
        self.advert = TouchpointFactory(name="Advertisement", channel=Channel.ADVERT, position=9)
        staff = pool(self.costing, "Counter staff", {MAY: "9.00", JUNE: "10.00"})
        self.serve = shared_out(self.costing, staff, f"contacts_at_{self.counter.pk}")
        met(self.ada, self.counter, dt.date(2026, 5, 5))
        for day in (3, 9, 11):
            met(self.bob, self.counter, dt.date(2026, 6, day))
        met(self.cy, self.advert, dt.date(2026, 6, 3))


@pytest.fixture
def shop() -> Counter:
    return Counter()


@pytest.fixture
def run(shop: Counter) -> Run:
    return recomputed()


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(user_with(*SELLER, "customers.view_segment", "profitability.view_profitability"))
    return client


def costs(client: Client, **asked: str) -> dict[str, str]:
    """The cost column by touchpoint, as it is written."""
    response: Any = client.get(URL, WHOLE | asked)
    table = response.context["table"]
    place = [column.label for column in table.columns].index("Cost")
    return {row.cells[0].text: row.cells[place].text for row in table.rows}


def test_each_touchpoint_costs_what_its_contacts_and_minutes_were_charged(
    manager: Client, shop: Counter, run: Run
) -> None:
    # Counter: 9.00 for one in May, 10.00 for three in June. Calls: 10 + 2 and 8 + 2 minutes of the desk at 0.50.
    found = costs(manager)
    assert found.pop("Counter") == "€19.00"
    assert found.pop("Advertisement") == ""
    assert sorted(found.values()) == ["€5.00", "€6.00"]


def test_the_costs_of_all_touchpoints_are_what_the_run_charged_for_contacts(
    manager: Client, shop: Counter, run: Run
) -> None:
    rates = ActivityRate.objects.filter(activity__run=run, activity__activity__in=[shop.serve, shop.calls])
    charged = sum((rate.cost for rate in rates), Decimal())
    response: Any = manager.get(URL, WHOLE)
    assert response.context["costs"].total == charged == Decimal("30.00")
    assert "Together these contact moments cost €30.00" in response.content.decode()
    assert response.context["costs"].activities == [shop.calls.name, shop.serve.name]


def test_a_month_costs_by_its_own_rate_and_a_part_of_it_a_part(manager: Client, shop: Counter, run: Run) -> None:
    assert costs(manager, until="2026-05-31") == {"Counter": "€9.00"}
    assert costs(manager, since="2026-06-09", until="2026-06-09") == {"Counter": "€3.33"}


def test_months_without_rates_are_said_to_be_missing_and_not_counted_as_free(
    manager: Client, shop: Counter, run: Run
) -> None:
    met(shop.ada, shop.counter, dt.date(2026, 7, 1))
    response: Any = manager.get(URL, WHOLE | {"until": "2026-07-31"})
    content = response.content.decode()
    assert "€19.00" in content
    assert "4 of 5 contact moments" in content
    assert costs(manager, since="2026-07-01", until="2026-07-31") == {"Counter": ""}


def test_minutes_that_nobody_knows_cost_an_unknown_amount(manager: Client, shop: Counter) -> None:
    """A team that is paid by the minute alone says nothing of chats without any."""
    team = pool(shop.costing, "Chat team", {JUNE: "30.00"}, practical_capacity_minutes=60)
    timed(shop.costing, team, minutes_chat="1")
    timeless, timed_one = (
        TouchpointFactory(name=name, channel=Channel.CHAT, standard_minutes=minutes)
        for name, minutes in (("Chat", None), ("Long chat", 20))
    )
    met(shop.ada, timeless, dt.date(2026, 6, 3))
    met(shop.ada, timed_one, dt.date(2026, 6, 3))
    recomputed()
    found = costs(manager)
    assert (found["Chat"], found["Long chat"]) == ("", "€10.00")


def test_the_costs_of_a_segment_are_those_of_its_customers(manager: Client, shop: Counter, run: Run) -> None:
    company = CustomerFactory(kind="company")
    met(company, shop.counter, dt.date(2026, 6, 3))
    assert costs(manager, segment=str(SegmentFactory(query="kind=company").pk)) == {"Counter": "€3.33"}


def test_the_cost_stands_in_the_file_too(client: Client, shop: Counter, run: Run) -> None:
    client.force_login(user_with(*SELLER, "profitability.view_profitability"))
    response: Any = client.get(URL, WHOLE | {"format": "csv"})
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    place = lines[0].split(",").index('"Cost"')
    assert [line.split(",")[place] for line in lines if "Counter" in line] == ["19.00"]


def test_a_count_made_before_tells_the_same_costs(
    manager: Client, shop: Counter, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    met(shop.ada, shop.counter, dt.date(2026, 6, 30))
    today = dt.date(2026, 6, 30)
    count_usual_periods(at=timezone.now(), today=today, watch=Unwatched())
    monkeypatch.setattr(journey_reports, "COUNTED_AT_ONCE", 0)
    response: Any = manager.get(URL)
    assert response.context["counted_at"]
    # The moment was entered after the run, so it costs by the rate that the run found for June.
    assert response.context["costs"].total == Decimal("33.33")


def test_nobody_sees_costs_who_may_not_see_profitability(client: Client, shop: Counter, run: Run) -> None:
    client.force_login(user_with(*SELLER))
    response: Any = client.get(URL, WHOLE)
    assert "Cost" not in [column.label for column in response.context["table"].columns]
    assert "cost" not in response.content.decode().partition("<main")[2]


def test_before_the_first_run_there_is_no_cost(manager: Client, shop: Counter) -> None:
    response: Any = manager.get(URL, WHOLE)
    assert response.context["costs"] is None


def test_costs_take_one_query_more_once_the_rates_were_read(client: Client, shop: Counter, run: Run) -> None:
    counts = []
    for permissions in (SELLER, (*SELLER, "profitability.view_profitability")):
        client.force_login(user_with(*permissions))
        client.get(URL, WHOLE)
        with CaptureQueriesContext(connection) as queries:
            client.get(URL, WHOLE)
        counts.append(len(queries))
    assert counts[1] == counts[0] + 1
