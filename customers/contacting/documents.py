"""Documents on a customer's file: kept under random names, never interpreted, only given out as downloads."""

from __future__ import annotations

import secrets
import unicodedata
from functools import partial

from django.core.files.base import File
from django.db import transaction

from crm_site.lib.accounts.models import User
from customers.models import Attachment, ContactMoment, Customer

LARGEST = 10 * 1024 * 1024
LONGEST_NAME = 200
# Stand-ins for a name of which nothing could be kept.
NAMELESS = "document"


def safe_name(name: str) -> str:
    """The bare name of a file: no folders, no control or direction marks, of a length that can be kept."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in bare if unicodedata.category(letter)[0] != "C" and letter != '"')
    shown = " ".join(shown.split()).strip(". ")
    stem, dot, ending = shown.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if stem else ending
    return shown[:LONGEST_NAME] or NAMELESS


def attach(
    *,
    customer: Customer,
    name: str,
    content: File,
    uploaded_by: User | None = None,
    moment: ContactMoment | None = None,
) -> Attachment:
    """Put a document on a customer's file; a file whose row could not be kept is not kept either."""
    attachment = Attachment(
        customer=customer, moment=moment, name=safe_name(name), size=content.size, uploaded_by=uploaded_by
    )
    attachment.file.save(secrets.token_hex(16), content, save=False)
    kept = False
    try:
        with transaction.atomic():
            attachment.save()
        kept = True
    finally:
        if not kept:
            discard(attachment)
    return attachment


@transaction.atomic
def remove(*, attachment: Attachment) -> None:
    """Take a document from the file, and its content from the disk once that is certain."""
    attachment.delete()
    transaction.on_commit(partial(discard, attachment))


def discard(attachment: Attachment) -> None:
    """Delete the content of a document whose row is gone, or never came to be."""
    if attachment.file.name:
        attachment.file.storage.delete(attachment.file.name)
