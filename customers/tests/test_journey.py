"""The journey page: what customers met in which order, and where they drop out."""

import datetime as dt
import random
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.signals import job_finished
from customers import journey_counting, journey_reports
from customers.importing.staging import Unwatched
from customers.journey_actions import count_usual_periods
from customers.journey_counting import Count, Met, Period, count_moments, count_periods
from customers.journey_forms import PRESETS, preset_period
from customers.journey_reports import TooSlow, in_period, journey
from customers.models import ContactMoment, Customer, Run, Touchpoint
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    SegmentFactory,
    TouchpointFactory,
    UserFactory,
    user_with,
)

pytestmark = pytest.mark.django_db
URL = "/journey/"
TODAY = dt.date(2026, 6, 30)


def meet(customer: Customer, touchpoint: Touchpoint, *, days_ago: int = 0, minutes: int | None = None) -> None:
    at = timezone.make_aware(dt.datetime.combine(timezone.localdate(), dt.time(12))) - dt.timedelta(days=days_ago)
    ContactMomentFactory(customer=customer, touchpoint=touchpoint, occurred_at=at, minutes=minutes)


@pytest.fixture
def steps() -> list[Touchpoint]:
    """Advertisement, shop and service, in this order whatever their keys."""
    CompanyFactory()
    names = (("Service", 3), ("Advertisement", 1), ("Shop", 2))
    made = [TouchpointFactory(name=name, position=place, standard_minutes=place) for name, place in names]
    return sorted(made, key=lambda touchpoint: touchpoint.position)


def stages(client: Client, **asked: Any) -> list[tuple[str, int, int]]:
    response: Any = client.get(URL, asked)
    return [(stage.label, stage.moments, stage.customers) for stage in response.context["stages"]]


def test_each_step_tells_volume_minutes_customers_and_drop_out(steps: list[Touchpoint]) -> None:
    first, second, third = (CustomerFactory() for _ in range(3))
    advertisement, shop, service = steps
    for customer in (first, second, third):
        meet(customer, advertisement, days_ago=9)
    meet(first, shop, days_ago=5, minutes=10)
    meet(first, shop, days_ago=4)
    meet(second, shop, days_ago=5)
    meet(first, service, days_ago=1)
    told = [
        (stage.label, stage.moments, stage.minutes, stage.customers, stage.dropped_out)
        for stage in journey(ContactMoment.objects.all())
    ]
    assert told == [
        ("Advertisement", 3, 3, 3, pytest.approx(1 / 3)),
        ("Shop", 3, 14, 2, pytest.approx(1 / 2)),
        ("Service", 1, 3, 1, None),
    ]


def test_what_was_met_before_is_not_reached_afterwards(steps: list[Touchpoint]) -> None:
    advertisement, shop, _service = steps
    customer = CustomerFactory()
    meet(customer, shop, days_ago=9)
    meet(customer, advertisement, days_ago=5)
    assert journey(ContactMoment.objects.all())[0].dropped_out == 1


def test_a_touchpoint_that_nobody_met_is_no_step(steps: list[Touchpoint]) -> None:
    customer = CustomerFactory()
    meet(customer, steps[0], days_ago=2)
    meet(customer, steps[2], days_ago=1)
    (first, _last) = journey(ContactMoment.objects.all())
    assert (first.next_label, first.dropped_out) == ("Service", 0)


def test_minutes_that_nobody_knows_are_unknown() -> None:
    meet(CustomerFactory(), TouchpointFactory(standard_minutes=None))
    assert journey(ContactMoment.objects.all())[0].minutes is None


def test_a_period_holds_its_first_and_its_last_day() -> None:
    for day in (dt.date(2026, 6, 1), dt.date(2026, 6, 30), dt.date(2026, 7, 1)):
        for hour in (0, 23):
            ContactMomentFactory(occurred_at=timezone.make_aware(dt.datetime.combine(day, dt.time(hour, 59))))
    assert in_period(ContactMoment.objects.all(), Period(dt.date(2026, 6, 1), dt.date(2026, 6, 30))).count() == 4


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("", dt.date(2025, 7, 1), TODAY),
        ("30", dt.date(2026, 6, 1), TODAY),
        ("this-year", dt.date(2026, 1, 1), TODAY),
        ("last-year", dt.date(2025, 1, 1), dt.date(2025, 12, 31)),
    ],
)
def test_presets_are_counted_from_today(name: str, since: dt.date, until: dt.date) -> None:
    assert preset_period(name, TODAY) == Period(since, until)


def test_a_year_before_the_leap_day_exists() -> None:
    assert preset_period("", dt.date(2028, 2, 29)) == Period(dt.date(2027, 3, 1), dt.date(2028, 2, 29))


def test_the_page_shows_twelve_months_unless_asked_otherwise(visitor: Client, steps: list[Touchpoint]) -> None:
    meet(CustomerFactory(), steps[0], days_ago=40)
    meet(CustomerFactory(), steps[0], days_ago=400)
    assert stages(visitor) == [("Advertisement", 1, 1)]
    assert stages(visitor, period="30") == []
    assert stages(visitor, since="2000-01-01") == [("Advertisement", 2, 2)]
    assert stages(visitor, since="2030-01-01") == []


@pytest.mark.parametrize("asked", [{"period": "x"}, {"since": "yesterday"}, {"segment": "9"}, {"since": "0001-01-01"}])
def test_any_address_is_answered(visitor: Client, asked: dict[str, str]) -> None:
    assert visitor.get(URL, asked).status_code == 200


def test_the_journey_of_a_segment_is_that_of_its_customers(client: Client, steps: list[Touchpoint]) -> None:
    user = user_with("customers.view_contactmoment", "customers.see_all_customers", "customers.view_segment")
    client.force_login(user)
    meet(CustomerFactory(kind="company"), steps[0])
    meet(CustomerFactory(), steps[0])
    companies, nobody = SegmentFactory(query="kind=company"), SegmentFactory(query="owner=99999")
    assert stages(client, segment=companies.pk) == [("Advertisement", 1, 1)]
    assert stages(client, segment=nobody.pk) == []


def test_moments_of_customers_of_others_are_not_counted(client: Client, steps: list[Touchpoint]) -> None:
    user = user_with("customers.view_customer", "customers.view_contactmoment")
    client.force_login(user)
    meet(CustomerFactory(owner=user), steps[0])
    meet(CustomerFactory(owner=UserFactory()), steps[0])
    assert stages(client) == [("Advertisement", 1, 1)]


def test_the_same_figures_come_as_a_file(visitor: Client, steps: list[Touchpoint]) -> None:
    meet(CustomerFactory(), steps[0])
    response: Any = visitor.get(URL, {"format": "csv"})
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "Advertisement" in b"".join(response.streaming_content).decode()


@pytest.fixture
def much_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few contact moments there are, they are counted beforehand."""
    monkeypatch.setattr(journey_reports, "COUNTED_AT_ONCE", 0)


def count(at: dt.datetime | None = None) -> int:
    return count_usual_periods(at=at or timezone.now(), today=timezone.localdate(), watch=Unwatched())


def test_of_many_moments_the_last_count_is_shown_with_its_time(
    visitor: Client, steps: list[Touchpoint], much_to_count: None
) -> None:
    advertisement, shop, _service = steps
    for customer in (CustomerFactory(), CustomerFactory()):
        meet(customer, advertisement, days_ago=40)
    meet(customer, shop, days_ago=3, minutes=7)
    at = timezone.make_aware(dt.datetime(2026, 3, 4, 5, 6))
    count(at)
    meet(CustomerFactory(), shop)
    assert stages(visitor) == stages(visitor, period="90") == [("Advertisement", 2, 2), ("Shop", 1, 1)]
    assert stages(visitor, period="30") == [("Shop", 1, 1)]
    assert "Counted 4 Mar 2026, 05:06" in visitor.get(URL).content.decode()


def test_the_last_count_says_what_counting_now_would(visitor: Client, steps: list[Touchpoint]) -> None:
    customers = [CustomerFactory() for _ in range(4)]
    for number, customer in enumerate(customers):
        for place, touchpoint in enumerate(steps[: number + 1]):
            meet(customer, touchpoint, days_ago=9 - 2 * place, minutes=number or None)
    ContactMoment.objects.filter(customer=customers[0]).update(sentiment=1)
    ContactMoment.objects.filter(customer=customers[1]).update(sentiment=-1)
    count()
    before = visitor.get(URL).context["stages"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journey_reports, "COUNTED_AT_ONCE", 0)
        response: Any = visitor.get(URL)
    assert response.context["counted_at"]
    assert response.context["stages"] == before
    assert [stage.happy for stage in before] == [0.5, 0, None]


def test_days_of_ones_own_are_counted_when_they_are_asked_for(
    visitor: Client, steps: list[Touchpoint], much_to_count: None
) -> None:
    meet(CustomerFactory(), steps[0])
    count()
    meet(CustomerFactory(), steps[0])
    assert stages(visitor, since="2000-01-01") == [("Advertisement", 2, 2)]
    assert "Counted" not in visitor.get(URL, {"since": "2000-01-01"}).content.decode()


def test_the_count_over_everybody_is_not_for_whoever_may_not_see_everybody(
    client: Client, steps: list[Touchpoint], much_to_count: None
) -> None:
    user = user_with("customers.view_customer", "customers.view_contactmoment")
    client.force_login(user)
    meet(CustomerFactory(owner=UserFactory()), steps[0])
    count()
    assert stages(client) == []


def test_a_new_run_asks_for_a_new_count(run: Run) -> None:
    job = Job.objects.create(kind="recompute", state=Job.State.DONE)
    Run.objects.filter(pk=run.pk).update(job=job)
    job_finished.send(Job, job=job)
    job_finished.send(Job, job=Job.objects.create(kind="other", state=Job.State.DONE))
    assert Job.objects.filter(kind="count-journey").count() == 1


def test_a_period_that_takes_too_long_is_said_to(
    visitor: Client, steps: list[Touchpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journey_reports, "LONGEST_SECONDS", "0.001")
    monkeypatch.setattr(journey_counting, "DAYS", "SELECT pg_sleep(1), (SELECT count(*) FROM {moments} moment)")
    with pytest.raises(TooSlow):
        journey(ContactMoment.objects.all())
    assert "Choose a shorter one" in visitor.get(URL).content.decode()


def test_the_page_costs_the_same_queries_for_few_and_many_moments(visitor: Client, steps: list[Touchpoint]) -> None:
    visitor.get(URL)
    counts = []
    for count in (1, 15):
        for _ in range(count):
            meet(CustomerFactory(), steps[count % 3])
        with CaptureQueriesContext(connection) as queries:
            visitor.get(URL)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def counted_by_hand(period: Period) -> list[Count]:
    """The same figures, moment by moment."""
    moments = [
        (moment, timezone.localdate(moment.occurred_at).replace(day=1))
        for moment in in_period(ContactMoment.objects.select_related("touchpoint"), period)
    ]
    touchpoints = {moment.touchpoint for moment, _month in moments}
    used = sorted(touchpoints, key=lambda one: (one.position, one.name, one.pk))
    times: dict[tuple[int, int], list[dt.datetime]] = {}
    for moment, _month in moments:
        times.setdefault((moment.touchpoint_id, moment.customer_id), []).append(moment.occurred_at)

    def minutes(those: list[ContactMoment]) -> Decimal | None:
        known = [one.minutes if one.minutes is not None else one.touchpoint.standard_minutes for one in those]
        told = [Decimal(one) for one in known if one is not None]
        return sum(told, Decimal()) if told else None

    found = []
    for touchpoint, following in zip_longest(used, used[1:]):
        here = [(moment, month) for moment, month in moments if moment.touchpoint_id == touchpoint.pk]
        reached = {customer: met for (key, customer), met in times.items() if key == touchpoint.pk}
        later = {customer: met for (key, customer), met in times.items() if following and key == following.pk}
        months = sorted({month for _moment, month in here})
        by_month = [(month, [moment for moment, other in here if other == month]) for month in months]
        moods = [moment.sentiment for moment, _month in here if moment.sentiment is not None]
        found.append(
            Count(
                touchpoint=touchpoint.pk,
                following=following.pk if following else None,
                moments=len(here),
                minutes=minutes([moment for moment, _month in here]),
                customers=len(reached),
                went_on=sum(max(later[one]) >= min(met) for one, met in reached.items() if one in later),
                moods=len(moods),
                happy=sum(mood > 0 for mood in moods),
                months=tuple(Met(month, len(those), minutes(those)) for month, those in by_month),
            )
        )
    return found


def test_all_usual_periods_counted_at_once_are_what_each_is_by_itself(steps: list[Touchpoint]) -> None:
    chance = random.Random(3)
    spoken_of = TouchpointFactory(name="Word of mouth", position=2, standard_minutes=None)
    for _number in range(12):
        customer = CustomerFactory()
        for _moment in range(chance.randint(1, 9)):
            touchpoint = chance.choice([*steps, spoken_of])
            # One of the touchpoints was last met long ago, so that the periods differ in what comes next.
            days_ago = chance.randint(200, 500) if touchpoint == steps[1] else chance.randint(0, 500)
            meet(customer, touchpoint, days_ago=days_ago, minutes=chance.choice([None, 4, 9]))
    ContactMoment.objects.filter(pk__in=list(ContactMoment.objects.values_list("pk", flat=True)[:20])).update(
        sentiment=1
    )
    periods = {name: preset_period(name, timezone.localdate()) for name in PRESETS}
    found = count_periods(periods)
    assert len({tuple(one.touchpoint for one in counts) for counts in found.values()}) > 1
    assert found == {name: count_moments(in_period(ContactMoment.objects.all(), one)) for name, one in periods.items()}
    assert found == {name: counted_by_hand(one) for name, one in periods.items()}


def test_the_number_of_statements_of_a_count_is_known(
    steps: list[Touchpoint], django_assert_max_num_queries: Any
) -> None:
    for touchpoint in steps:
        meet(CustomerFactory(), touchpoint)
    with django_assert_max_num_queries(25) as captured:
        count()
    assert len([query for query in captured if "FROM customers_contactmoment" in query["sql"]]) == 2
