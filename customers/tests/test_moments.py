"""Contact moments in a customer's file: noted at once, narrowed, corrected, answered."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.contacting.messages import email_touchpoint, new_key, write_message
from customers.models import Channel, ContactMoment, Customer, Task, Touchpoint
from customers.moments.actions import answer_waiting, handled_touchpoint
from customers.moments.timeline import Together
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    PurposeFactory,
    TouchpointFactory,
    UserFactory,
    user_with,
)

pytestmark = pytest.mark.django_db

IN_PLACE = {"HX-Request": "true"}
RIGHTS = [
    *("customers.view_customer", "customers.see_all_customers", "customers.view_contactmoment"),
    *("customers.add_contactmoment", "customers.change_contactmoment", "customers.add_task", "customers.view_task"),
]


@pytest.fixture
def agent(client: Client) -> User:
    CompanyFactory()
    user = user_with(*RIGHTS, first_name="Ada", last_name="Agent")
    client.force_login(user)
    return user


@pytest.fixture
def call() -> Touchpoint:
    return TouchpointFactory(name="Question by phone", channel=Channel.PHONE, standard_minutes=8)


def now() -> str:
    return timezone.localtime().strftime("%Y-%m-%dT%H:%M")


def entries(touchpoint: Touchpoint, **changes: Any) -> dict[str, Any]:
    said = {"touchpoint": touchpoint.pk, "direction": "outbound", "occurred_at": now(), "minutes": "7.5"}
    return said | {"summary": "Called back."} | changes


def titles(response: Any) -> list[str]:
    return [event.text for event in response.context["timeline"].events]


# --- Noting -----------------------------------------------------------------------------------------------------------


def test_the_file_offers_what_is_noted_by_two_keys(client: Client, agent: User) -> None:
    page = client.get(f"/customers/{CustomerFactory().pk}/").content.decode()
    for keys in ("l c", "l v", "l e", "l n"):
        assert f'data-key="{keys}"' in page


@pytest.mark.parametrize(
    ("code", "channel"), [("call", Channel.PHONE), ("visit", Channel.VISIT), ("email", Channel.EMAIL)]
)
def test_a_quick_form_begins_with_the_channel_at_which_people_work(
    client: Client, agent: User, code: str, channel: Channel
) -> None:
    TouchpointFactory(channel=channel, position=1, name="Sent by itself")
    handled = TouchpointFactory(channel=channel, position=2, standard_minutes=5)
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as={code}"
    form = client.get(address, headers=IN_PLACE).context["form"]
    assert (form.initial["touchpoint"], form.initial["direction"]) == (handled, "outbound")


def test_the_touchpoint_of_the_last_time_is_offered_again(client: Client, agent: User, call: Touchpoint) -> None:
    other = TouchpointFactory(channel=Channel.PHONE)
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as=call"
    client.post(address, entries(other))
    assert client.get(address).context["form"].initial["touchpoint"] == other.pk


def test_a_call_is_noted_in_its_place_with_all_that_was_said(client: Client, agent: User, call: Touchpoint) -> None:
    firm = CustomerFactory(kind=Customer.Kind.COMPANY)
    contact = CustomerFactory(member_of=firm)
    said = entries(call, person=contact.pk, result="reached", sentiment="1")
    response = client.post(f"/customers/{firm.pk}/moments/new/?as=call", said, headers=IN_PLACE)
    assert response["HX-Refresh"] == "true"
    moment = ContactMoment.objects.get()
    assert (moment.minutes, moment.person, moment.result, moment.sentiment) == (Decimal("7.50"), contact, "reached", 1)
    assert moment.employee == agent
    (event,) = client.get(f"/customers/{firm.pk}/").context["timeline"].events
    assert event.note == f"{contact.full_name} · 7.5 min · Reached · Happy"


def test_a_wrong_entry_comes_back_in_its_place(client: Client, agent: User, call: Touchpoint) -> None:
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as=call"
    response = client.post(address, entries(call, minutes="-3"), headers=IN_PLACE)
    assert response.status_code == 422
    assert "<html" not in response.content.decode()
    assert "Minutes cannot be negative." in response.content.decode()
    assert not ContactMoment.objects.exists()


def test_a_note_needs_no_touchpoint_and_reading_its_form_makes_none(client: Client, agent: User) -> None:
    customer = CustomerFactory()
    address = f"/customers/{customer.pk}/moments/new/?as=note"
    assert client.get(address).status_code == 200
    assert not Touchpoint.objects.exists()
    for _ in range(2):
        client.post(address, {"occurred_at": now(), "summary": "Likes jazz."})
    assert {moment.touchpoint.name for moment in ContactMoment.objects.all()} == {"Note"}
    assert {moment.direction for moment in ContactMoment.objects.all()} == {"observed"}


def test_only_members_of_the_customer_can_be_the_person(client: Client, agent: User, call: Touchpoint) -> None:
    firm, stranger = CustomerFactory(kind=Customer.Kind.COMPANY), CustomerFactory()
    response = client.post(f"/customers/{firm.pk}/moments/new/", entries(call, person=stranger.pk))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["person"]


def test_a_follow_up_becomes_a_task_of_whoever_noted_it(client: Client, agent: User, call: Touchpoint) -> None:
    customer = CustomerFactory()
    day = timezone.localdate() + dt.timedelta(days=3)
    planned = entries(call, follow_up_on=day.isoformat(), follow_up="Send the offer")
    client.post(f"/customers/{customer.pk}/moments/new/", planned)
    task = Task.objects.get()
    assert (task.title, task.due_on, task.owner, task.customer) == ("Send the offer", day, agent, customer)
    client.post(f"/customers/{customer.pk}/moments/new/", entries(call, follow_up_on=day.isoformat()))
    assert Task.objects.latest("pk").title == f"Follow up with {customer}"


@pytest.mark.parametrize(
    ("planned", "fault"),
    [({"follow_up": "Call"}, "follow_up_on"), ({"follow_up_on": "2020-01-01"}, "follow_up_on")],
)
def test_a_follow_up_has_a_day_to_come(
    client: Client, agent: User, call: Touchpoint, planned: dict[str, str], fault: str
) -> None:
    response = client.post(f"/customers/{CustomerFactory().pk}/moments/new/", entries(call, **planned))
    assert list(response.context["form"].errors) == [fault]
    assert not Task.objects.exists()
    assert not ContactMoment.objects.exists()


def test_who_may_plan_nothing_is_not_asked_to(client: Client, call: Touchpoint) -> None:
    CompanyFactory()
    client.force_login(user_with(*RIGHTS[:5]))
    assert "follow_up_on" not in client.get(f"/customers/{CustomerFactory().pk}/moments/new/").context["form"].fields


# --- The timeline -----------------------------------------------------------------------------------------------------


def test_the_timeline_is_narrowed_by_touchpoint_and_by_person(client: Client, agent: User, call: Touchpoint) -> None:
    firm = CustomerFactory(kind=Customer.Kind.COMPANY)
    contact = CustomerFactory(member_of=firm)
    ContactMomentFactory(customer=firm, touchpoint=call, employee=agent, summary="called")
    ContactMomentFactory(customer=firm, person=contact, summary="met")
    ContactMomentFactory(summary="of another")
    address = f"/customers/{firm.pk}/moments/"
    assert titles(client.get(address)) == ["called", "met"]
    assert titles(client.get(address, {"touchpoint": call.pk})) == ["called"]
    assert titles(client.get(address, {"who": f"staff-{agent.pk}"})) == ["called"]
    assert titles(client.get(address, {"who": f"person-{contact.pk}"})) == ["met"]
    assert titles(client.get(address, {"who": f"person-{contact.pk}", "touchpoint": call.pk})) == []


def test_the_timeline_is_narrowed_to_the_records_behind_a_cost(client: Client, agent: User, call: Touchpoint) -> None:
    customer = CustomerFactory()
    visit = TouchpointFactory(name="Visit", channel=Channel.VISIT)
    days = (dt.datetime(2026, 5, 31, 23, 59), dt.datetime(2026, 6, 1), dt.datetime(2026, 6, 30, 23, 59))
    for number, moment in enumerate(map(timezone.make_aware, days)):
        minutes = None if number == 1 else 4.5  # without noted minutes it lasts as its touchpoint usually does: 8
        ContactMomentFactory(
            customer=customer, touchpoint=call, occurred_at=moment, minutes=minutes, summary=str(number)
        )
    ContactMomentFactory(customer=customer, touchpoint=visit, occurred_at=moment, minutes=60, summary="visit")
    address, june = f"/customers/{customer.pk}/moments/", {"since": "2026-06-01", "until": "2026-06-30"}
    page = client.get(address, june | {"channel": "phone"})
    assert titles(page) == ["2", "1"]
    assert page.context["together"] == Together(2, Decimal("12.5"))
    assert "1 Jun 2026 to 30 Jun 2026" in page.text
    assert '<input type="hidden" name="channel" value="phone">' in page.text
    assert sorted(titles(client.get(address, june | {"channel": "phone,visit"}))) == ["1", "2", "visit"]
    assert titles(client.get(address, {"until": "2026-05-31"})) == ["0"]
    assert client.get(address, {"until": "9999-12-31"}).context["together"].count == 4
    assert client.get(address).context["together"] is None


def test_only_what_occurs_is_offered_with_how_often(client: Client, agent: User, call: Touchpoint) -> None:
    customer = CustomerFactory()
    TouchpointFactory(name="Never met")
    for _ in range(3):
        ContactMomentFactory(customer=customer, touchpoint=call, employee=agent)
    choices = client.get(f"/customers/{customer.pk}/moments/").context["choices"]
    assert [(choice.label, choice.count) for choice in choices.touchpoints] == [("Question by phone", 3)]
    assert [(choice.label, choice.count) for choice in choices.staff] == [("Ada Agent", 3)]
    assert choices.persons == []


@pytest.mark.parametrize("wrong", ["x", "staff-", "staff-x", f"person-{2**63}", "9" * 40, "\x00", "٣"])
def test_what_cannot_be_read_narrows_to_nothing(client: Client, agent: User, wrong: str) -> None:
    customer = ContactMomentFactory().customer
    for name in ("touchpoint", "who", "channel", "since", "until"):
        assert titles(client.get(f"/customers/{customer.pk}/moments/", {name: wrong})) == []


def test_older_entries_come_without_end_and_keep_the_filter(client: Client, agent: User, call: Touchpoint) -> None:
    customer = CustomerFactory()
    for number in range(45):
        moment = timezone.now() - dt.timedelta(hours=number)
        ContactMomentFactory(customer=customer, touchpoint=call, summary=f"{number}", occurred_at=moment)
        ContactMomentFactory(customer=customer, summary="other", occurred_at=moment)
    address, read = f"/customers/{customer.pk}/moments/?touchpoint={call.pk}", []
    while address:
        response = client.get(address, headers=IN_PLACE)
        read += titles(response)
        address = response.context["timeline"].older_url
    assert read == [f"{number}" for number in range(45)]


def test_what_follows_is_answered_without_the_panel_around_it(client: Client, agent: User) -> None:
    customer = CustomerFactory()
    for _ in range(21):
        ContactMomentFactory(customer=customer)
    older = client.get(f"/customers/{customer.pk}/").context["timeline"].older_url
    part = client.get(older, headers=IN_PLACE)
    assert 'id="moments"' not in part.content.decode()
    assert "HX-Request" in part["Vary"]
    assert "<html" in client.get(older).content.decode()


def test_the_panel_costs_the_same_queries_however_much_it_holds(client: Client, agent: User) -> None:
    customer = CustomerFactory(kind=Customer.Kind.COMPANY)
    touchpoint, counts = TouchpointFactory(), []
    for count in (1, 30):
        for _ in range(count):
            person = CustomerFactory(member_of=customer)
            ContactMomentFactory(customer=customer, touchpoint=touchpoint, person=person, employee=agent)
        client.get(f"/customers/{customer.pk}/moments/")
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/customers/{customer.pk}/moments/", headers=IN_PLACE)
        counts.append(len(queries))
    assert counts == [7, 7]


# --- Answering and correcting -----------------------------------------------------------------------------------------


def waiting(customer: Customer, **fields: Any) -> ContactMoment:
    return ContactMomentFactory(customer=customer, needs_reply=True, **fields)


def test_speaking_with_a_customer_answers_what_waited(client: Client, agent: User, call: Touchpoint) -> None:
    customer = CustomerFactory()
    asked, of_another = waiting(customer), waiting(CustomerFactory())
    assert client.get(f"/customers/{customer.pk}/").context["timeline"].events[0].waits
    client.post(f"/customers/{customer.pk}/moments/new/", entries(call))
    asked.refresh_from_db()
    of_another.refresh_from_db()
    assert (asked.needs_reply, of_another.needs_reply) == (False, True)
    assert not client.get(f"/customers/{customer.pk}/").context["needs_you"]


@pytest.mark.parametrize("said", [{"result": "not_reached"}, {"direction": "inbound"}, {"direction": "observed"}])
def test_who_was_not_reached_still_waits(client: Client, agent: User, call: Touchpoint, said: dict[str, str]) -> None:
    asked = waiting(CustomerFactory())
    client.post(f"/customers/{asked.customer_id}/moments/new/", entries(call, **said))
    asked.refresh_from_db()
    assert asked.needs_reply


def test_a_contact_answers_only_what_came_before_it() -> None:
    asked = waiting(CustomerFactory(), occurred_at=timezone.now())
    assert answer_waiting(customer_id=asked.customer_id, until=asked.occurred_at - dt.timedelta(minutes=1)) == 0
    assert answer_waiting(customer_id=asked.customer_id, until=asked.occurred_at) == 1


@pytest.mark.parametrize(("email", "still_waits"), [("marie@example.com", False), ("", True)])
def test_an_email_answers_once_it_was_sent(email: str, still_waits: bool) -> None:
    CompanyFactory()
    asked = waiting(CustomerFactory(email="marie@example.com"))
    write_message(
        customer=asked.customer, purpose=PurposeFactory(needs_consent=False), subject="Yes", body="It is.",
        written_by=UserFactory(), at=timezone.now(), site="https://example.com", key=new_key(),
    )  # fmt: skip
    asked.refresh_from_db()
    assert asked.needs_reply
    Customer.objects.filter(pk=asked.customer_id).update(email=email)
    run_job(Job.objects.get(kind="send-message").pk)
    asked.refresh_from_db()
    assert asked.needs_reply is still_waits


def test_a_message_that_needs_no_reply_is_settled_by_a_post_alone(client: Client, agent: User) -> None:
    asked = waiting(CustomerFactory())
    address = f"/moments/{asked.pk}/settle/"
    assert client.get(address).status_code == 200
    asked.refresh_from_db()
    assert asked.needs_reply
    client.post(address)
    asked.refresh_from_db()
    assert not asked.needs_reply


def test_a_wrong_duration_is_corrected_and_leaves_a_trail(client: Client, agent: User, call: Touchpoint) -> None:
    moment = ContactMomentFactory(touchpoint=call, minutes=90)
    address = f"/moments/{moment.pk}/edit/"
    assert client.get(address).context["form"].initial["minutes"] == 90
    assert client.post(address, entries(call, minutes="9")).status_code == 302
    moment.refresh_from_db()
    assert moment.minutes == 9


def test_an_email_is_not_rewritten(client: Client, agent: User) -> None:
    mail = ContactMomentFactory(message_id="<a@example.com>")
    assert client.get(f"/moments/{mail.pk}/edit/").status_code == 404
    assert client.get(f"/customers/{mail.customer_id}/").context["timeline"].events[0].url == ""


@pytest.mark.parametrize("page", ["moments/{}/edit/", "moments/{}/settle/", "customers/{}/moments/"])
def test_contact_moments_of_others_are_not_found(client: Client, page: str) -> None:
    moment = ContactMomentFactory(customer__owner=UserFactory())
    client.force_login(user_with(*(right for right in RIGHTS if not right.endswith("see_all_customers"))))
    key = moment.customer_id if page.startswith("customers") else moment.pk
    for method in (client.get, client.post):
        assert method("/" + page.format(key)).status_code == 404


def test_emails_are_noted_where_people_answer_them() -> None:
    TouchpointFactory(name="Newsletter", channel=Channel.EMAIL, position=1)
    assert email_touchpoint().name == "Newsletter"
    TouchpointFactory(name="Question by e-mail", channel=Channel.EMAIL, position=2, standard_minutes=6)
    assert email_touchpoint().name == "Question by e-mail"
    assert handled_touchpoint(Channel.FAX) is None


# --- Words typed straight after the two keys --------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["call", "visit", "email", "note"])
def test_a_quick_form_begins_with_the_words(client: Client, agent: User, code: str) -> None:
    form = client.get(f"/customers/{CustomerFactory().pk}/moments/new/?as={code}", headers=IN_PLACE).context["form"]
    assert list(form.fields)[:2] == ["summary", "minutes"]
    assert [name for name, field in form.fields.items() if "autofocus" in field.widget.attrs] == ["summary"]


def test_the_duration_of_a_call_may_stand_in_front_of_the_words(client: Client, agent: User, call: Touchpoint) -> None:
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as=call"
    page = client.post(address, entries(call, minutes="", summary="12 min talked about prices"), follow=True)
    moment = ContactMoment.objects.get()
    assert (moment.minutes, moment.summary) == (12, "talked about prices")
    assert "12 minutes were taken from the beginning of the summary." in page.content.decode()


def test_minutes_that_were_entered_leave_the_words_alone(client: Client, agent: User, call: Touchpoint) -> None:
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as=call"
    client.post(address, entries(call, minutes="3", summary="12 min late"))
    moment = ContactMoment.objects.get()
    assert (moment.minutes, moment.summary) == (3, "12 min late")


def test_a_note_keeps_its_words_as_they_are(client: Client, agent: User) -> None:
    address = f"/customers/{CustomerFactory().pk}/moments/new/?as=note"
    client.post(address, {"occurred_at": now(), "summary": "10 min walk from the shop"})
    assert ContactMoment.objects.get().summary == "10 min walk from the shop"
