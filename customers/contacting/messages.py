"""E-mail to customers: written with its contact moment in one transaction, checked again and sent by a job."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.mailing import hand_over, own_domain
from customers.contacting.consent import unsubscribe_token
from customers.contacting.pressure import Verdict, lock_contacts, may_contact
from customers.contacting.templates import in_language_of, one_line
from customers.models import Channel, ContactMoment, Customer, Message, Purpose, Touchpoint
from customers.moments.actions import answer_waiting, handled_touchpoint

_KEY = re.compile(r"[0-9a-f]{32}")


def _customer_url(job: Job) -> str:
    message = Message.objects.filter(pk=job.params["message"]).values_list("customer", flat=True).first()
    return reverse("customer", args=[message]) if message else reverse("customers")


SEND_MESSAGE = JobKind(
    "send-message",
    label=gettext_lazy("Sending of an e-mail"),
    result_url=_customer_url,
    result_label=gettext_lazy("Open the customer"),
)


class MayNotContact(Exception):
    """The customer may not be contacted now; the verdict says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def new_key() -> str:
    """What makes two requests to send the same message one."""
    return secrets.token_hex(16)


def email_touchpoint() -> Touchpoint:
    """The touchpoint at which people answer e-mails; made when the channel has none yet."""
    return (
        handled_touchpoint(Channel.EMAIL)
        or Touchpoint.objects.get_or_create(name="E-mail", defaults={"channel": Channel.EMAIL})[0]
    )


@transaction.atomic
def write_message(
    *,
    customer: Customer,
    purpose: Purpose,
    subject: str,
    body: str,
    written_by: User,
    at: dt.datetime,
    site: str,
    key: str,
) -> Message:
    """Write an e-mail to a customer, note it in the file, and ask for it to be sent.

    `site` is the address under which this installation is reached; `key` comes from `new_key`: the message that was
    written under it already is returned as it is. Raises MayNotContact, having changed nothing.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("The key of a message comes from new_key().")
    lock_contacts(customer)
    message_id = f"<{key}@{own_domain()}>"
    written = Message.objects.filter(message_id=message_id, customer=customer).first()
    if written:
        return written
    verdict = may_contact(customer, channel=Channel.EMAIL, purpose=purpose, at=at)
    if not verdict.allowed:
        raise MayNotContact(verdict)
    subject = one_line(subject)
    moment = ContactMoment.objects.create(
        customer=customer,
        touchpoint=email_touchpoint(),
        direction=ContactMoment.Direction.OUTBOUND,
        occurred_at=at,
        employee=written_by,
        summary=f"{subject}\n\n{body}",
        message_id=message_id,
    )
    message = Message.objects.create(
        customer=customer,
        moment=moment,
        purpose=purpose,
        to=customer.email,
        subject=subject,
        body=body,
        message_id=message_id,
        written_by=written_by,
    )
    enqueue(kind=SEND_MESSAGE, params={"message": message.pk, "site": site}, requested_by=written_by)
    return message


def send_message(*, message_id: int, site: str, at: dt.datetime, watch: JobContext) -> dict[str, Any]:
    """Send a message that waits, unless the customer may not be contacted any more; safe to repeat.

    A worker that dies after the mail server took the message sends it once more, under the same Message-ID.
    """
    customer = Customer.objects.filter(messages=message_id).first()
    if customer is None:
        return {"state": "gone"}
    with transaction.atomic():
        lock_contacts(customer)
        message = Message.objects.select_related("purpose", "customer", "moment").get(pk=message_id)
        watch.hold()
        if message.state == Message.State.WAITING:
            purpose = message.purpose
            verdict = may_contact(customer, channel=Channel.EMAIL, purpose=purpose, at=at, beside_waiting=False)
            reason = verdict.reason or hand_over(as_email(message, site), last=watch.is_last_attempt)
            _settle(message, reason, at)
    return {"state": message.state, "refusal": message.refusal}


def _settle(message: Message, reason: str, at: dt.datetime) -> None:
    message.state = Message.State.REFUSED if reason else Message.State.SENT
    message.refusal = reason
    message.sent_at = None if reason else at
    message.save(update_fields=["state", "refusal", "sent_at"])
    if reason and message.moment:
        message.moment.result = ContactMoment.Result.NOT_REACHED
        message.moment.save(update_fields=["result"])
    if not reason and message.moment:
        answer_waiting(customer_id=message.customer_id, until=message.moment.occurred_at)


def as_email(message: Message, site: str) -> EmailMessage:
    """The message as it goes out: plain text, and for what needs consent a link to take the consent back."""
    headers, body = {"Message-ID": message.message_id}, message.body
    if message.purpose.needs_consent:
        token = unsubscribe_token(customer_id=message.customer_id, purpose_id=message.purpose_id, channel=Channel.EMAIL)
        link = site.rstrip("/") + reverse("unsubscribe", args=[token])
        headers |= {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        with in_language_of(message.customer):
            farewell = _("To receive no more messages of this kind, open this page:")
        body = f"{body.rstrip()}\n\n-- \n{farewell}\n{link}\n"
    return EmailMessage(subject=message.subject, body=body, to=[message.to], headers=headers)
