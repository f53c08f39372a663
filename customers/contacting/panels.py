"""What a customer's file shows of consent and documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from crm_site.lib import components as drawn
from crm_site.lib import formatting
from crm_site.lib.tables import Column, Table, draw
from customers.contacting.consent import LINK_SOURCE, ConsentState
from customers.models import Attachment, Channel, Consent, Customer

MOST_DOCUMENTS = 100
LATEST_DOCUMENTS = 5
KB = 1024


def written_source(source: str) -> str:
    """Where a consent was said; what a link recorded is said in the reader's language."""
    return _("Unsubscribe link") if source == LINK_SOURCE else source


def _answer(consent: Consent | None) -> str:
    if consent is None:
        return _("Never asked")
    return pgettext("consent", "Yes") if consent.given else pgettext("consent", "No")


def _tone(consent: Consent | None) -> str:
    return "neutral" if consent is None else "success" if consent.given else "danger"


def _said(read: Callable[[Consent], Any]) -> Callable[[ConsentState], Any]:
    """A value of the word that counts; empty where nothing was said."""
    return lambda state: read(state.latest) if state.latest else ""


STATES = Table(
    "consent",
    gettext_lazy("How things stand"),
    (
        Column(
            "purpose",
            gettext_lazy("Purpose"),
            value=lambda state: state.purpose.label,
            note=lambda state: "" if state.purpose.needs_consent else _("Needs no consent"),
        ),
        Column("channel", gettext_lazy("Channel"), choices=dict(Channel.choices)),
        Column(
            "given",
            gettext_lazy("Said"),
            "badge",
            value=lambda state: _answer(state.latest),
            badge=lambda state: _tone(state.latest),
        ),
        Column("at", gettext_lazy("Date"), value=_said(lambda consent: formatting.day(consent.at))),
        Column("source", gettext_lazy("Source"), value=_said(lambda consent: written_source(consent.source))),
        Column("text_version", gettext_lazy("Version of the text"), value=_said(lambda consent: consent.text_version)),
    ),
)


def consent_table(states: list[ConsentState]) -> drawn.Table:
    """Each purpose in each channel: yes, no or never asked, since when and on what ground."""
    return draw(STATES, STATES.columns, states, currency="")


def consent_facts(states: list[ConsentState]) -> list[drawn.Fact]:
    """In a line for each purpose: what was said in which channel; silence where nobody asked."""
    said: dict[str, list[str]] = {}
    for state in states:
        words = said.setdefault(state.purpose.label, [])
        if state.latest:
            answer = pgettext("consent", "yes") if state.latest.given else pgettext("consent", "no")
            values = {"channel": state.channel.label, "answer": answer, "day": formatting.day(state.latest.at)}
            words.append(_("%(channel)s: %(answer)s (%(day)s)") % values)
    return [drawn.Fact(purpose, " · ".join(words) or _("Never asked")) for purpose, words in said.items()]


def document_facts(customer: Customer) -> list[drawn.Fact]:
    """The latest documents as links (1 query)."""
    documents = Attachment.objects.filter(customer=customer).only("name", "size", "uploaded_at")
    return [_document_fact(document) for document in documents[:LATEST_DOCUMENTS]]


def _document_fact(document: Attachment) -> drawn.Fact:
    day, size = formatting.day(document.uploaded_at), written_size(document.size)
    return drawn.Fact(day, document.name, document.get_absolute_url(), size)


CONSENTS = Table(
    "consents",
    gettext_lazy("What was said"),
    (
        Column("at", gettext_lazy("Date"), "datetime"),
        Column("purpose", gettext_lazy("Purpose"), value=lambda consent: consent.purpose.label),
        Column("channel", gettext_lazy("Channel"), choices=dict(Channel.choices)),
        Column(
            "given",
            gettext_lazy("Said"),
            "badge",
            value=_answer,
            badge=_tone,
        ),
        Column("source", gettext_lazy("Source"), value=lambda consent: written_source(consent.source)),
        Column("text_version", gettext_lazy("Version of the text")),
        Column("recorded_by", gettext_lazy("Recorded by"), value=lambda consent: str(consent.recorded_by or "")),
    ),
)


def consent_history(customer: Customer) -> drawn.Table:
    """Everything that was said, the latest first (1 query)."""
    said = Consent.objects.filter(customer=customer).select_related("purpose", "recorded_by").latest_first()
    return draw(CONSENTS, CONSENTS.columns, said[:500], currency="")


def written_size(size: int) -> str:
    """A size as people read it."""
    if size < KB * KB:
        return _("%(size)s KB") % {"size": formatting.number(max(1, round(size / KB)))}
    return _("%(size)s MB") % {"size": formatting.number(size / KB / KB, digits=1)}


DOCUMENTS = Table(
    "documents",
    gettext_lazy("Documents"),
    (
        Column(
            "name",
            gettext_lazy("Name"),
            "link",
            link="document",
            note=lambda document: written_size(document.size),
        ),
        Column("uploaded_at", gettext_lazy("Added"), "datetime"),
        Column("uploaded_by", gettext_lazy("By"), value=lambda document: str(document.uploaded_by or _("E-mail"))),
    ),
)
REMOVAL = Column("remove", gettext_lazy("Remove"), "link", value=lambda document: _("Delete"), link="document-delete")


def documents_table(customer: Customer, *, removable: bool) -> drawn.Table:
    """The documents of a customer, the latest first (1 query)."""
    documents = Attachment.objects.filter(customer=customer).select_related("uploaded_by")[:MOST_DOCUMENTS]
    columns = (*DOCUMENTS.columns, REMOVAL) if removable else DOCUMENTS.columns
    return draw(DOCUMENTS, columns, documents, currency="")
