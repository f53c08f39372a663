"""E-mail from customers: each message goes to the file of the customer it belongs to, or stays where it is."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from django.core.files.base import ContentFile
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from customers.contacting.documents import attach, discard
from customers.contacting.mail_reading import LARGEST_MESSAGE, Incoming, Part, Unreadable, clean, read_mail
from customers.contacting.mailboxes import Letter, Mailbox
from customers.contacting.messages import email_touchpoint
from customers.models import Attachment, ContactMoment, Customer, Message

log = logging.getLogger("compagnon.mail")

SEVERAL = 2


class Outcome(StrEnum):
    """What became of one message."""

    TAKEN = "taken"
    KNOWN = "known"
    NO_SENDER = "no_sender"
    UNKNOWN_SENDER = "unknown_sender"
    SEVERAL_CUSTOMERS = "several_customers"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for this message."""
        return self in (Outcome.TAKEN, Outcome.KNOWN)


@dataclass(slots=True)
class MailReport:
    """What became of the messages of a box."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    # The messages that stayed in the box, by the name that the box has for them.
    left: list[tuple[str, Outcome]] = field(default_factory=list)

    def add(self, name: str, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        if not outcome.is_settled:
            self.left.append((name, outcome))


class Unassigned(Exception):
    """It is not certain to which customer a message belongs."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def fetch_mail(*, box: Mailbox, at: dt.datetime, again: bool = False) -> MailReport:
    """Take in the new messages of a box, one by one: what is wrong with one is no matter to the others.

    Messages without a certain customer stay in the box with a mark, and are looked at `again` when asked for.
    """
    report = MailReport()
    for letter in box.letters(again=again):
        outcome = _take(letter, at)
        box.settle(letter) if outcome.is_settled else box.set_aside(letter)
        report.add(letter.name, outcome)
    log.info("Mail: %s", ", ".join(f"{outcome} {n}" for outcome, n in report.outcomes.items()) or "nothing new")
    return report


def _take(letter: Letter, at: dt.datetime) -> Outcome:
    if letter.size > LARGEST_MESSAGE:
        return Outcome.TOO_LARGE
    try:
        return take_in(read_mail(letter.content()), at=at)
    except (Unreadable, DataError):
        return Outcome.UNREADABLE
    except Unassigned as problem:
        return problem.outcome


def take_in(mail: Incoming, *, at: dt.datetime) -> Outcome:
    """Note a message in the file of its customer, with its documents. Raises Unassigned."""
    if ContactMoment.objects.filter(message_id=mail.message_id).exists():
        return Outcome.KNOWN
    customer, person = _belongs_to(mail)
    try:
        with transaction.atomic():
            moment = ContactMoment.objects.create(
                customer=customer,
                person=person,
                touchpoint=email_touchpoint(),
                direction=ContactMoment.Direction.INBOUND,
                occurred_at=min(mail.sent_at or at, at),
                summary=_summary(mail),
                needs_reply=not mail.automatic,
                message_id=mail.message_id,
            )
            _keep_parts(mail.parts, customer, moment)
    except IntegrityError:
        # Somebody else took the same message at the same time.
        return Outcome.KNOWN
    return Outcome.TAKEN


def _summary(mail: Incoming) -> str:
    lines = [mail.subject, mail.text]
    if mail.parts_left_out:
        left_out = _("Attachments that were too large or too many to be kept: %(count)s")
        lines.append(left_out % {"count": mail.parts_left_out})
    return clean("\n\n".join(filter(None, lines)))


def _keep_parts(parts: tuple[Part, ...], customer: Customer, moment: ContactMoment) -> None:
    """Keep the documents of a message; when one fails, none stays behind on the disk."""
    kept: list[Attachment] = []
    complete = False
    try:
        for part in parts:
            kept.append(attach(customer=customer, moment=moment, name=part.name, content=ContentFile(part.content)))
        complete = True
    finally:
        if not complete:
            for attachment in kept:
                discard(attachment)


def _belongs_to(mail: Incoming) -> tuple[Customer, Customer | None]:
    """The customer, and which of its members wrote: by the thread, else by the address (up to 3 queries)."""
    customer = _by_thread(mail.references)
    if customer:
        return customer, customer.members.filter(email__iexact=mail.sender).first() if mail.sender else None
    if not mail.sender:
        raise Unassigned(Outcome.NO_SENDER)
    found = Customer.objects.filter(email__iexact=mail.sender)[:SEVERAL]
    if len(found) == SEVERAL:
        raise Unassigned(Outcome.SEVERAL_CUSTOMERS)
    if not found:
        raise Unassigned(Outcome.UNKNOWN_SENDER)
    return found[0], None


def _by_thread(references: tuple[str, ...]) -> Customer | None:
    """The customer of the nearest message of the thread that is known here (2 queries)."""
    if not references:
        return None
    known: dict[str, Customer] = {}
    for model in (ContactMoment, Message):
        rows = model.objects.filter(message_id__in=references).select_related("customer")
        known |= {row.message_id: row.customer for row in rows}
    return next((known[reference] for reference in references if reference in known), None)
