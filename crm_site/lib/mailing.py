"""Handing an e-mail to the mail server, by a job: what may pass is tried again, what never will is told apart."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

ADDRESS_REFUSED, NOT_DELIVERED = "address_refused", "not_delivered"


def own_domain() -> str:
    """The domain of our own addresses, for Message-IDs."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"


def hand_over(email: EmailMessage, *, last: bool) -> str:
    """Give an e-mail to the mail server; why it will never take it, or nothing.

    What may pass by itself is raised, so that the job is tried again, unless this is its last attempt.
    """
    try:
        email.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        if last or all(code >= 500 for code, _text in refusal.recipients.values()):
            return ADDRESS_REFUSED
        raise
    except (smtplib.SMTPException, OSError):
        if last:
            return NOT_DELIVERED
        raise
    return ""
