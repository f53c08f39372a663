"""What customers said yes and no to, for each purpose in each channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core import signing
from django.db import transaction

from crm_site.lib.accounts.models import User
from customers.models import Channel, Consent, Customer, Merge, Purpose

# The channels in which a company writes or calls by itself; others appear where something was recorded.
ASKED_IN = (Channel.EMAIL, Channel.PHONE, Channel.LETTER)

SALT = "customers.unsubscribe"
LINK_LASTS = dt.timedelta(days=365)
LINK_SOURCE = "unsubscribe link"


@dataclass(frozen=True, slots=True)
class ConsentState:
    """How things stand for one purpose in one channel; without `latest` the customer was never asked."""

    purpose: Purpose
    channel: Channel
    latest: Consent | None

    @property
    def given(self) -> bool | None:
        return self.latest.given if self.latest else None


def consent_state(customer: Customer) -> list[ConsentState]:
    """The latest word of a customer on every purpose, in the usual channels and any that was recorded (2 queries)."""
    said = Consent.objects.filter(customer=customer).latest_of_each()
    latest = {(consent.purpose_id, consent.channel): consent for consent in said}
    recorded = {channel for _, channel in latest}
    channels = [*ASKED_IN, *(channel for channel in Channel if channel in recorded and channel not in ASKED_IN)]
    return [
        ConsentState(purpose, channel, latest.get((purpose.pk, channel)))
        for purpose in Purpose.objects.all()
        for channel in channels
    ]


def record_consent(
    *,
    customer: Customer,
    channel: str,
    purpose: Purpose,
    given: bool,
    at: dt.datetime,
    source: str,
    text_version: str = "",
    recorded_by: User | None = None,
) -> Consent:
    """Note what a customer said. What was said before stays; the latest word counts."""
    return Consent.objects.create(
        customer=customer,
        channel=channel,
        purpose=purpose,
        given=given,
        at=at,
        source=source,
        text_version=text_version,
        recorded_by=recorded_by,
    )


# --- Links to unsubscribe ---------------------------------------------------------------------------------------------


class BadLink(Exception):
    """The link is unknown, altered or too old: which of them is nobody's business."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends: contacts with one customer for one purpose in one channel."""

    customer: Customer
    purpose: Purpose
    channel: Channel


def unsubscribe_token(*, customer_id: int, purpose_id: int, channel: str) -> str:
    """What only this installation can make, and only for these three."""
    return signing.dumps([customer_id, purpose_id, channel], salt=SALT)


def subscription_of(token: str) -> Subscription:
    """What a link would end (2 queries, 3 when the customer was merged meanwhile). Raises BadLink."""
    try:
        customer_id, purpose_id, channel = signing.loads(token, salt=SALT, max_age=LINK_LASTS)
        purpose = Purpose.objects.get(pk=purpose_id)
        return Subscription(_customer(customer_id), purpose, Channel(channel))
    except (signing.BadSignature, Purpose.DoesNotExist, Customer.DoesNotExist) as error:
        raise BadLink from error


def _customer(pk: int) -> Customer:
    """The customer, or the one that it was merged into."""
    customer = Customer.objects.filter(pk=pk).first()
    if customer:
        return customer
    merge = Merge.objects.filter(gone_id=pk, undone_at=None).select_related("kept").order_by("-pk").first()
    if merge is None:
        raise Customer.DoesNotExist
    return merge.kept


@transaction.atomic
def unsubscribe(*, subscription: Subscription, at: dt.datetime) -> None:
    """Take the consent back; a link that is followed twice says it once."""
    customer, purpose, channel = subscription.customer, subscription.purpose, subscription.channel
    # Two clicks at the same time are one.
    Customer.objects.select_for_update(of=("self",)).only("pk").get(pk=customer.pk)
    latest = Consent.objects.filter(customer=customer, purpose=purpose, channel=channel).latest_first().first()
    if latest is None or latest.given:
        # Whatever the clock of an earlier entry said: the customer's own word now is the last one.
        at = max(at, latest.at) if latest else at
        record_consent(customer=customer, channel=channel, purpose=purpose, given=False, at=at, source=LINK_SOURCE)
