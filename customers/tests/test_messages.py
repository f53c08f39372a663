"""E-mail to customers: filled from a template, checked twice, sent once."""

import smtplib
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.contacting.messages import MayNotContact, new_key, write_message
from customers.contacting.templates import draft_for, fill
from customers.models import Company, ContactMoment, Customer, Message, MessageTemplate
from customers.tests.factories import (
    CompanyFactory,
    ConsentFactory,
    ContactLimitFactory,
    CustomerFactory,
    MessageTemplateFactory,
    user_with,
)

pytestmark = pytest.mark.django_db
SITE = "https://crm.example.com/"


@pytest.fixture
def template() -> MessageTemplate:
    CompanyFactory()
    return MessageTemplateFactory(subject_fr="Nouvelles pour {{ given_name }}")


@pytest.fixture
def customer(template: MessageTemplate) -> Customer:
    customer = CustomerFactory(given_name="Marie", name="Dupont", email="marie@example.com")
    ConsentFactory(customer=customer, purpose=template.purpose)
    return customer


def write(customer: Customer, template: MessageTemplate, **changes: Any) -> Message:
    values = {"subject": "News", "body": "Hello", "key": new_key(), "site": SITE, "at": timezone.now()}
    return write_message(customer=customer, purpose=template.purpose, written_by=user_with(), **values | changes)


def do_job() -> None:
    run_job(Job.objects.get(kind="send-message").pk)


# --- Templates --------------------------------------------------------------------------------------------------------


def test_a_draft_speaks_the_customers_language_and_names_what_is_missing(template: MessageTemplate) -> None:
    customer = CustomerFactory(given_name="", name="Dupont", language="fr")
    template.body = "{{ name }} {{ secret }}"
    draft = draft_for(customer, template, company=Company.current(), writer=user_with())
    assert (draft.subject, draft.body) == ("Nouvelles pour", "Dupont {{ secret }}")
    assert (draft.empty, draft.unknown) == (("given_name",), ("secret",))


@pytest.mark.parametrize(
    "text",
    ["{{ name.__class__ }}", "{% load x %}", "{{ name|upper }}", "{name}", "%(name)s", "${name}", "{{ settings }}"],
)
def test_nothing_but_listed_places_is_filled(text: str) -> None:
    assert fill(text, {"name": "Dupont"}) == text


def test_what_fills_a_place_is_not_filled_itself() -> None:
    assert fill("{{ name }}", {"name": "{{ reference }}", "reference": "C1"}) == "{{ reference }}"


# --- Writing and sending ----------------------------------------------------------------------------------------------


def test_a_message_its_moment_and_its_job_are_written_together(customer: Customer, template: MessageTemplate) -> None:
    message = write(customer, template, subject="News\r\nBcc: all@example.com")
    moment = ContactMoment.objects.get(message=message)
    assert (moment.direction, moment.touchpoint.channel) == ("outbound", "email")
    assert (message.state, message.subject) == ("waiting", "News Bcc: all@example.com")
    assert Job.objects.get(kind="send-message").params == {"message": message.pk, "site": SITE}
    assert mail.outbox == []


def test_a_sent_message_carries_a_way_out(customer: Customer, template: MessageTemplate, client: Client) -> None:
    message = write(customer, template)
    do_job()
    message.refresh_from_db()
    sent = mail.outbox[0]
    headers = sent.message()
    assert (message.state, sent.to, headers["Message-ID"]) == ("sent", ["marie@example.com"], message.message_id)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert link.startswith(SITE)
    assert link in sent.body
    assert client.get(link.removeprefix(SITE.rstrip("/"))).status_code == 200


def test_a_message_about_an_order_has_no_unsubscribe_link(customer: Customer, template: MessageTemplate) -> None:
    template.purpose.needs_consent = False
    template.purpose.save()
    write(customer, template)
    do_job()
    assert "List-Unsubscribe" not in mail.outbox[0].message()
    assert "/u/" not in mail.outbox[0].body


def test_without_consent_nothing_is_written(template: MessageTemplate) -> None:
    with pytest.raises(MayNotContact) as refusal:
        write(CustomerFactory(), template)
    assert refusal.value.verdict.reason == "never_asked"
    assert not (Message.objects.exists())
    assert not (ContactMoment.objects.exists())
    assert not (Job.objects.exists())


def test_consent_taken_back_while_a_message_waits_stops_it(customer: Customer, template: MessageTemplate) -> None:
    message = write(customer, template)
    ConsentFactory(customer=customer, purpose=template.purpose, given=False, at=timezone.now())
    do_job()
    message.refresh_from_db()
    assert (message.state, message.refusal, mail.outbox) == ("refused", "said_no", [])
    assert message.moment
    assert message.moment.result == ContactMoment.Result.NOT_REACHED


def test_a_second_message_beyond_the_limit_is_refused_while_the_first_waits(
    customer: Customer, template: MessageTemplate
) -> None:
    ContactLimitFactory(messages=1)
    write(customer, template)
    with pytest.raises(MayNotContact):
        write(customer, template)
    do_job()
    assert len(mail.outbox) == 1


def test_the_same_request_twice_is_one_message(customer: Customer, template: MessageTemplate) -> None:
    key = new_key()
    assert write(customer, template, key=key) == write(customer, template, key=key)
    assert Job.objects.filter(kind="send-message").count() == 1


def test_a_job_that_is_done_again_sends_nothing_more(customer: Customer, template: MessageTemplate) -> None:
    write(customer, template)
    do_job()
    Job.objects.update(state=Job.State.QUEUED)
    do_job()
    assert len(mail.outbox) == 1


def failing_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)


def test_an_address_that_the_server_refuses_is_told(
    customer: Customer, template: MessageTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = write(customer, template)
    failing_with(smtplib.SMTPRecipientsRefused({"marie@example.com": (550, b"no such user")}), monkeypatch)
    do_job()
    message.refresh_from_db()
    assert (message.state, message.refusal) == ("refused", "address_refused")


def test_a_server_that_is_away_is_tried_again_and_at_last_told(
    customer: Customer, template: MessageTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = write(customer, template)
    failing_with(ConnectionRefusedError(), monkeypatch)
    states = []
    for _ in range(3):
        do_job()
        message.refresh_from_db()
        states.append((message.state, message.refusal))
    assert states == [("waiting", ""), ("waiting", ""), ("refused", "not_delivered")]


def test_the_timeline_tells_what_became_of_a_message(
    customer: Customer, template: MessageTemplate, client: Client
) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_contactmoment"))
    write(customer, template)
    assert "Waiting" in client.get(customer.get_absolute_url()).content.decode()
    ConsentFactory(customer=customer, purpose=template.purpose, given=False, at=timezone.now())
    do_job()
    page = client.get(customer.get_absolute_url()).content.decode()
    assert "Not sent" in page
    assert "does not want to be contacted" in page


# --- The page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def writer(client: Client) -> Client:
    client.force_login(user_with("customers.view_customer", "customers.add_message", "customers.see_all_customers"))
    return client


def entries(writer: Client, url: str, **changes: str) -> dict[str, str]:
    form = writer.get(url).context["form"]
    return {name: form[name].value() for name in form.fields} | changes


def test_a_template_is_chosen_seen_changed_and_sent(
    writer: Client, customer: Customer, template: MessageTemplate
) -> None:
    url = f"/customers/{customer.pk}/message/?template={template.pk}"
    filled = entries(writer, url)
    assert (filled["subject"], filled["body"]) == ("News for Marie", "Dear Marie Dupont,\nhere is our news.")
    assert writer.post(url, filled | {"body": "Changed."}).status_code == 302
    assert Message.objects.get().body == "Changed."


def test_open_places_are_not_sent(writer: Client, customer: Customer, template: MessageTemplate) -> None:
    url = f"/customers/{customer.pk}/message/?template={template.pk}"
    response = writer.post(url, entries(writer, url, body="Dear {{ nick }}"))
    assert response.status_code == 422
    assert "{{ nick }}" in str(response.context["form"].errors["body"])
    assert not Message.objects.exists()


def test_the_page_says_why_a_customer_may_not_be_written_to(writer: Client, template: MessageTemplate) -> None:
    url = f"/customers/{CustomerFactory().pk}/message/?template={template.pk}"
    page = writer.get(url)
    assert "has not given consent" in page.content.decode()
    response = writer.post(url, entries(writer, url))
    assert response.status_code == 422
    assert not Message.objects.exists()


@pytest.mark.parametrize("choice", ["0", "x", "", "99999999999999999999"])
def test_an_unknown_template_is_refused(writer: Client, customer: Customer, choice: str) -> None:
    assert writer.get(f"/customers/{customer.pk}/message/?template={choice}").status_code == 422


def test_nobody_writes_to_somebody_elses_customer(client: Client, template: MessageTemplate) -> None:
    client.force_login(user_with("customers.view_customer", "customers.add_message"))
    foreign = CustomerFactory(owner=user_with())
    assert client.get(f"/customers/{foreign.pk}/message/?template={template.pk}").status_code == 404


def test_a_long_e_mail_shows_its_beginning_and_the_whole_on_demand(
    customer: Customer, template: MessageTemplate, client: Client
) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_contactmoment"))
    write(customer, template, body="& <b>word</b> " * 100 + "the end")
    page = client.get(customer.get_absolute_url()).content.decode()
    beginning, whole = page.partition("<details><summary")[2].partition("</summary>")[::2]
    assert "the end" not in beginning
    assert "the end</p></details>" in whole
    assert "<b>word" not in page
