"""Who may be contacted now: consent, limits at their border, and the same answer for one and for many."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.contacting.pressure import REASONS, Verdict, may_contact, with_refusal
from customers.models import ContactMoment, Customer, Purpose, Scorecard, Segment
from customers.tests.factories import (
    ConsentFactory,
    ContactLimitFactory,
    ContactMomentFactory,
    CustomerFactory,
    MessageFactory,
    PurposeFactory,
    RunFactory,
    ScorecardFactory,
    SegmentFactory,
    TouchpointFactory,
    user_with,
)

pytestmark = pytest.mark.django_db
AT = timezone.make_aware(dt.datetime(2026, 6, 30, 12))
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)


@pytest.fixture
def purpose() -> Purpose:
    return PurposeFactory()


@pytest.fixture
def willing(purpose: Purpose) -> Customer:
    return ConsentFactory(purpose=purpose, at=AT - 99 * DAY).customer


def verdict(customer: Customer, purpose: Purpose, channel: str = "email") -> Verdict:
    return may_contact(customer, channel=channel, purpose=purpose, at=AT)


def test_without_a_word_there_is_no_consent(purpose: Purpose) -> None:
    assert verdict(CustomerFactory(), purpose).reason == "never_asked"


def test_a_yes_allows_its_own_channel_and_purpose_only(willing: Customer, purpose: Purpose) -> None:
    assert verdict(willing, purpose).allowed
    assert verdict(willing, purpose, "phone").reason == "never_asked"
    assert verdict(willing, PurposeFactory()).reason == "never_asked"


def test_a_later_no_ends_it(willing: Customer, purpose: Purpose) -> None:
    ConsentFactory(customer=willing, purpose=purpose, given=False, at=AT - DAY)
    assert verdict(willing, purpose).reason == "said_no"


def test_messages_about_own_orders_need_neither_consent_nor_room(purpose: Purpose) -> None:
    ContactLimitFactory(messages=0)
    assert verdict(CustomerFactory(), PurposeFactory(needs_consent=False)).allowed


def test_without_an_address_there_is_no_e_mail(purpose: Purpose) -> None:
    customer = CustomerFactory(email="")
    assert verdict(customer, PurposeFactory(needs_consent=False)).reason == "no_address"
    assert verdict(customer, PurposeFactory(needs_consent=False), "phone").allowed


@pytest.mark.parametrize(("ago", "allowed"), [(7 * DAY, True), (7 * DAY - SECOND, False)])
def test_a_period_ends_to_the_second(willing: Customer, purpose: Purpose, ago: dt.timedelta, allowed: bool) -> None:
    ContactLimitFactory(messages=1, days=7)
    MessageFactory(customer=willing, purpose=purpose, sent_at=AT - ago)
    assert verdict(willing, purpose).allowed is allowed


@pytest.mark.parametrize(("sent", "reason"), [(1, ""), (2, "total_limit")])
def test_the_last_message_of_a_limit_may_be_sent_and_no_more(
    willing: Customer, purpose: Purpose, sent: int, reason: str
) -> None:
    ContactLimitFactory(messages=2)
    MessageFactory.create_batch(sent, customer=willing, purpose=PurposeFactory(), sent_at=AT - DAY)
    assert verdict(willing, purpose).reason == reason


def test_what_needs_no_consent_was_refused_or_went_to_others_does_not_count(
    willing: Customer, purpose: Purpose
) -> None:
    ContactLimitFactory(messages=1)
    MessageFactory(customer=willing, purpose=PurposeFactory(needs_consent=False), sent_at=AT - DAY)
    MessageFactory(customer=willing, purpose=purpose, state="refused", sent_at=None)
    MessageFactory(purpose=purpose, sent_at=AT - DAY)
    assert verdict(willing, purpose).allowed


def test_a_message_that_waits_counts_until_its_own_turn(willing: Customer, purpose: Purpose) -> None:
    ContactLimitFactory(messages=1)
    MessageFactory(customer=willing, purpose=purpose, state="waiting", sent_at=None)
    assert verdict(willing, purpose).reason == "total_limit"
    turn = may_contact(willing, channel="email", purpose=purpose, at=AT, beside_waiting=False)
    assert turn.allowed


def test_the_limit_of_a_channel_counts_that_channel_alone(willing: Customer, purpose: Purpose) -> None:
    ContactLimitFactory(channel="email", messages=1)
    letter = ContactMomentFactory(
        customer=willing, touchpoint=TouchpointFactory(channel="letter"), direction=ContactMoment.Direction.OUTBOUND
    )
    MessageFactory(customer=willing, purpose=purpose, moment=letter, sent_at=AT - DAY)
    assert verdict(willing, purpose).allowed
    MessageFactory(customer=willing, purpose=purpose, sent_at=AT - DAY)
    assert verdict(willing, purpose).reason == "channel_limit"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"messages": 1, "days": 30}, "segment_limit"),
        ({"messages": 1, "days": 30, "channels": ["email"]}, "segment_limit"),
        ({"messages": 1, "days": 30, "channels": ["letter"]}, ""),
        ({"messages": 1, "days": 2}, ""),
        ({"messages": 2, "days": 30}, ""),
        ({}, ""),
    ],
)
def test_a_fixed_segment_has_a_frequency_of_its_own(
    willing: Customer, purpose: Purpose, fields: dict[str, object], reason: str
) -> None:
    segment = Segment.objects.create(name="Calm", kind=Segment.Kind.STATIC, owner=user_with(), **fields)
    segment.members.add(willing)
    MessageFactory(customer=willing, purpose=purpose, sent_at=AT - 3 * DAY)
    assert verdict(willing, purpose).reason == reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"query": "country=France"}, "segment_limit"),
        ({"query": "where=city:is:lyon;email:known"}, "segment_limit"),
        ({"query": "country=France", "channels": ["letter"]}, ""),
        ({"query": "country=France", "days": 2}, ""),
        ({"query": "where=city:is:Metz"}, ""),
        ({"query": "where=city:is"}, ""),
        ({"query": "where=profit:least:0"}, ""),
    ],
)
def test_a_dynamic_segment_limits_whoever_belongs_to_it_now(
    willing: Customer, purpose: Purpose, fields: dict[str, object], reason: str
) -> None:
    CustomerFactory(country="France")
    SegmentFactory(**{"messages": 1, "days": 30} | fields)
    MessageFactory(customer=willing, purpose=purpose, sent_at=AT - 3 * DAY)
    assert verdict(willing, purpose).reason == reason


def test_a_dynamic_segment_is_judged_by_the_figures_of_the_current_run(willing: Customer, purpose: Purpose) -> None:
    ScorecardFactory(run=RunFactory(), customer=willing, profit=5)
    SegmentFactory(query="where=profit:least:1", messages=1, days=30)
    MessageFactory(customer=willing, purpose=purpose, sent_at=AT - DAY)
    assert verdict(willing, purpose).reason == "segment_limit"
    Scorecard.objects.update(profit=0)
    assert verdict(willing, purpose).allowed


@pytest.mark.parametrize(
    ("channel", "fields", "counts"),
    [
        ("phone", {}, True),
        ("visit", {}, True),
        ("phone", {"direction": "inbound"}, False),
        ("phone", {"direction": "observed"}, False),
        ("phone", {"result": "not_reached"}, False),
        ("phone", {"occurred_at": AT - 7 * DAY}, False),
        ("delivery", {}, False),
        ("invoice", {}, False),
    ],
)
def test_what_staff_noted_of_their_own_accord_counts_as_a_contact(
    willing: Customer, purpose: Purpose, channel: str, fields: dict[str, object], counts: bool
) -> None:
    ContactLimitFactory(messages=1, days=7)
    touchpoint = TouchpointFactory(channel=channel)
    noted = {"direction": "outbound", "occurred_at": AT - DAY} | fields
    ContactMomentFactory(customer=willing, touchpoint=touchpoint, **noted)
    assert verdict(willing, purpose).allowed is not counts


def test_a_call_counts_for_its_own_channel_and_for_segments_but_not_for_another_channel(
    willing: Customer, purpose: Purpose
) -> None:
    ContactLimitFactory(channel="email", messages=1)
    call = {"touchpoint": TouchpointFactory(channel="phone"), "direction": "outbound", "occurred_at": AT - DAY}
    ContactMomentFactory(customer=willing, **call)
    assert verdict(willing, purpose).allowed
    ConsentFactory(customer=willing, purpose=purpose, channel="phone", at=AT - 99 * DAY)
    ContactLimitFactory(channel="phone", messages=1)
    assert verdict(willing, purpose, "phone").reason == "channel_limit"
    SegmentFactory(messages=1, days=30)
    assert verdict(willing, purpose).reason == "segment_limit"


def test_a_message_is_not_counted_once_more_as_the_moment_that_it_makes(willing: Customer, purpose: Purpose) -> None:
    ContactLimitFactory(messages=2)
    moment = ContactMomentFactory(
        customer=willing, touchpoint=TouchpointFactory(channel="email"), direction="outbound", occurred_at=AT - DAY
    )
    MessageFactory(customer=willing, purpose=purpose, moment=moment, sent_at=AT - DAY)
    assert verdict(willing, purpose).allowed


def test_many_customers_are_judged_in_one_query_as_each_would_be(willing: Customer, purpose: Purpose) -> None:
    ContactLimitFactory(messages=1)
    full = ConsentFactory(purpose=purpose, at=AT - DAY).customer
    MessageFactory(customer=full, purpose=purpose, sent_at=AT - DAY)
    customers = [willing, full, CustomerFactory(), CustomerFactory(email="")]
    alone = [verdict(customer, purpose).reason for customer in customers]
    with CaptureQueriesContext(connection) as queries:
        judged = with_refusal(Customer.objects.all(), channel="email", purpose=purpose, at=AT)
        together = dict(judged.values_list("pk", "refusal"))
    assert len(queries) == 3
    assert [together[customer.pk] for customer in customers] == alone
    assert alone == ["", "total_limit", "never_asked", "no_address"]


def test_every_reason_has_words() -> None:
    assert all(Verdict(reason).words != reason for reason in REASONS)
