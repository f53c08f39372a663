"""What customers said yes and no to, and the links by which they take it back."""

import datetime as dt

import pytest
from django.core import signing
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from customers.contacting.consent import (
    LINK_LASTS,
    BadLink,
    consent_state,
    record_consent,
    subscription_of,
    unsubscribe_token,
)
from customers.models import Consent, Customer, Merge, Purpose
from customers.tests.factories import CompanyFactory, ConsentFactory, CustomerFactory, PurposeFactory, user_with

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def purpose() -> Purpose:
    CompanyFactory()
    return PurposeFactory(name="Newsletter", name_fr="Lettre")


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory(name="Dupont", email="dupont@example.com")


def address(customer: Customer, purpose: Purpose) -> str:
    return f"/u/{unsubscribe_token(customer_id=customer.pk, purpose_id=purpose.pk, channel='email')}/"


def test_the_latest_word_counts_whatever_the_order_of_noting(customer: Customer, purpose: Purpose) -> None:
    now = timezone.now()
    for given, at in ((False, now), (True, now - DAY)):
        record_consent(customer=customer, channel="email", purpose=purpose, given=given, at=at, source="form")
    states = {(state.purpose, state.channel.value): state.given for state in consent_state(customer)}
    assert states == {(purpose, "email"): False, (purpose, "phone"): None, (purpose, "letter"): None}


def test_an_unusual_channel_is_shown_where_it_was_recorded(customer: Customer, purpose: Purpose) -> None:
    ConsentFactory(customer=customer, purpose=purpose, channel="fax")
    assert "fax" in {state.channel for state in consent_state(customer)}


def test_what_was_said_is_never_changed_nor_deleted(customer: Customer, purpose: Purpose) -> None:
    consent = ConsentFactory(customer=customer, purpose=purpose)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).update(given=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Consent.objects.filter(pk=consent.pk).delete()


# --- The page in the file ---------------------------------------------------------------------------------------------

STAFF = ("customers.view_customer", "customers.view_consent", "customers.add_consent", "customers.see_all_customers")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(user_with(*STAFF, username="staff"))
    return client


def said(about: Purpose, /, **changes: str) -> dict[str, str]:
    at = timezone.localtime(timezone.now()).strftime("%Y-%m-%dT%H:%M")
    return {"purpose": str(about.pk), "channel": "email", "given": "no", "at": at, "source": "call"} | changes


def test_a_word_is_noted_and_the_earlier_one_stays_visible(staff: Client, customer: Customer, purpose: Purpose) -> None:
    ConsentFactory(customer=customer, purpose=purpose, source="counter", text_version="2024-1")
    url = f"/customers/{customer.pk}/consent/"
    assert staff.post(url, said(purpose)).status_code == 302
    page = staff.get(url).content.decode()
    assert "2024-1" in page
    assert "counter" in page
    assert "call" in page
    latest = Consent.objects.latest_first()[0]
    assert (latest.given, latest.recorded_by and latest.recorded_by.username) == (False, "staff")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given", ""),
        ("given", "maybe"),
        ("source", ""),
        ("channel", "smoke"),
        ("purpose", "0"),
        ("at", "2999-01-01T09:00"),
    ],
)
def test_a_wrong_entry_is_refused(staff: Client, customer: Customer, purpose: Purpose, field: str, value: str) -> None:
    assert staff.post(f"/customers/{customer.pk}/consent/", said(purpose, **{field: value})).status_code == 422
    assert not Consent.objects.exists()


def test_whoever_may_only_read_notes_nothing(client: Client, customer: Customer, purpose: Purpose) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_consent", "customers.see_all_customers"))
    assert client.get(f"/customers/{customer.pk}/consent/").status_code == 200
    assert client.post(f"/customers/{customer.pk}/consent/", said(purpose)).status_code == 403
    assert not Consent.objects.exists()


def test_the_consent_of_somebody_elses_customer_is_not_there(client: Client, purpose: Purpose) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_consent", "customers.add_consent"))
    foreign = CustomerFactory(owner=user_with())
    assert client.get(f"/customers/{foreign.pk}/consent/").status_code == 404
    assert client.post(f"/customers/{foreign.pk}/consent/", said(purpose)).status_code == 404


# --- Links to unsubscribe ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(client: Client, customer: Customer, purpose: Purpose, method: str) -> None:
    response = getattr(client, method)(address(customer, purpose))
    assert response.status_code == 200
    assert not Consent.objects.exists()


def test_confirming_takes_the_consent_back(client: Client, customer: Customer, purpose: Purpose) -> None:
    ConsentFactory(customer=customer, purpose=purpose)
    assert "Newsletter" in client.post(address(customer, purpose)).content.decode()
    latest = Consent.objects.latest_first()[0]
    assert (latest.customer, latest.purpose, latest.channel, latest.given) == (customer, purpose, "email", False)
    assert latest.source == "unsubscribe link"


def test_one_click_of_a_mail_program_needs_no_cookie_and_says_it_once(customer: Customer, purpose: Purpose) -> None:
    for _ in range(2):
        program = Client(enforce_csrf_checks=True)
        response = program.post(address(customer, purpose), {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert Consent.objects.get().given is False


def test_the_word_of_the_customer_is_the_last_even_after_a_later_date(
    client: Client, customer: Customer, purpose: Purpose
) -> None:
    ConsentFactory(customer=customer, purpose=purpose, at=timezone.now() + dt.timedelta(minutes=4))
    client.post(address(customer, purpose))
    assert Consent.objects.latest_first()[0].given is False


def bad_tokens(customer: Customer, purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    good = address(customer, purpose).split("/")[2]
    foreign_salt = signing.dumps([customer.pk, purpose.pk, "email"], salt="other")
    nobody = unsubscribe_token(customer_id=0, purpose_id=purpose.pk, channel="email")
    nothing = unsubscribe_token(customer_id=customer.pk, purpose_id=0, channel="email")
    with monkeypatch.context() as then:
        then.setattr("time.time", lambda: (timezone.now() - LINK_LASTS - DAY).timestamp())
        expired = address(customer, purpose).split("/")[2]
    altered = signing.b64_encode(b'[1,1,"email"]').decode() + ":" + good.partition(":")[2]
    return ["guess", good[:-1], altered, foreign_salt, nobody, nothing, expired]


def test_unknown_altered_and_expired_links_look_alike_and_do_nothing(
    client: Client, customer: Customer, purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = set()
    for token in bad_tokens(customer, purpose, monkeypatch):
        for response in (client.get(f"/u/{token}/"), client.post(f"/u/{token}/")):
            text = response.content.decode().replace(token, "")
            answers.add((response.status_code, response["Referrer-Policy"], "not valid" in text, "Newsletter" in text))
    assert answers == {(404, "same-origin", True, False)}
    assert not Consent.objects.exists()


def test_a_link_is_good_until_its_last_day(
    customer: Customer, purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = address(customer, purpose).split("/")[2]
    then = timezone.now() + LINK_LASTS
    monkeypatch.setattr("time.time", lambda: (then - DAY).timestamp())
    assert subscription_of(token).customer == customer
    monkeypatch.setattr("time.time", lambda: (then + DAY).timestamp())
    with pytest.raises(BadLink):
        subscription_of(token)


def test_the_public_page_says_nothing_about_the_customer_and_goes_nowhere(
    client: Client, customer: Customer, purpose: Purpose
) -> None:
    response = client.get(address(customer, purpose))
    text = response.content.decode()
    assert not any(word in text for word in ("Dupont", "dupont@example.com", customer.reference))
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]


def test_the_public_page_speaks_french(client: Client, customer: Customer, purpose: Purpose) -> None:
    text = client.get(address(customer, purpose), headers={"accept-language": "fr"}).content.decode()
    assert 'lang="fr"' in text
    assert "Lettre" in text


def test_a_link_follows_its_customer_through_a_merge(client: Client, customer: Customer, purpose: Purpose) -> None:
    link, kept = address(customer, purpose), CustomerFactory()
    Merge.objects.create(kept=kept, gone_id=customer.pk, gone_reference=customer.reference)
    customer.delete()
    client.post(link)
    assert Consent.objects.get().customer == kept


def test_a_form_without_its_token_is_refused_in_words_that_help(db: None) -> None:
    CompanyFactory()
    response = Client(enforce_csrf_checks=True).post(
        "/i18n/setlang/", {"language": "fr"}, headers={"Accept-Language": "en"}
    )
    assert response.status_code == 403
    assert "Go back, copy what you entered, reload the page and send it again." in response.content.decode()
