"""Whether a customer may be contacted now: consent for the purpose, and how much was sent lately.

The same database expression answers for one customer and for a million, so that no bulk action knows a rule of its own.
What counts against a limit are messages for purposes that need consent; those about a customer's own orders never do.
What staff noted down themselves counts too, where they spoke with or wrote to the customer of their own accord.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_site.lib.mailing import ADDRESS_REFUSED, NOT_DELIVERED
from customers.forms import members_of
from customers.models import Channel, Consent, ContactLimit, ContactMoment, Customer, Message, Purpose, Run, Segment
from customers.models.customer import CustomerQuerySet

NO_ADDRESS, NEVER_ASKED, SAID_NO = "no_address", "never_asked", "said_no"
CHANNEL_LIMIT, TOTAL_LIMIT, SEGMENT_LIMIT = "channel_limit", "total_limit", "segment_limit"
# Channels in which somebody speaks with or writes to a customer; a parcel or an invoice presses nobody.
PERSONAL = (
    Channel.PHONE,
    Channel.EMAIL,
    Channel.LETTER,
    Channel.FAX,
    Channel.VISIT,
    Channel.CHAT,
    Channel.SOCIAL,
)

REASONS: dict[str, str | Promise] = {
    NO_ADDRESS: _("no e-mail address is known"),
    NEVER_ASKED: _("the customer has not given consent for this purpose in this channel"),
    SAID_NO: _("the customer does not want to be contacted for this purpose in this channel"),
    CHANNEL_LIMIT: _("the limit of messages in this channel is reached"),
    TOTAL_LIMIT: _("the limit of messages in all channels is reached"),
    SEGMENT_LIMIT: _("the limit of messages of a segment of this customer is reached"),
    # Found out only while sending.
    ADDRESS_REFUSED: _("the mail server refused the address"),
    NOT_DELIVERED: _("the mail server did not accept the message, also when tried again"),
}

# Keeps the locks on contacting one customer apart from other locks of the database.
LOCK_SPACE = 7_301


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a customer may be contacted, and by which reason not."""

    reason: str = ""

    @property
    def allowed(self) -> bool:
        return not self.reason

    @property
    def words(self) -> str:
        """The reason in the reader's language."""
        return str(REASONS.get(self.reason, self.reason))


def may_contact(
    customer: Customer, *, channel: str, purpose: Purpose, at: dt.datetime, beside_waiting: bool = True
) -> Verdict:
    """Whether this customer may be contacted now (2 queries).

    Messages that wait to be sent count as sent, unless `beside_waiting` is false: when their own turn comes.
    """
    asked = Customer.objects.filter(pk=customer.pk)
    judged = with_refusal(asked, channel=channel, purpose=purpose, at=at, beside_waiting=beside_waiting)
    return Verdict(judged.only("pk").get().refusal)  # type: ignore[attr-defined]


def with_refusal(
    customers: CustomerQuerySet, *, channel: str, purpose: Purpose, at: dt.datetime, beside_waiting: bool = True
) -> CustomerQuerySet:
    """Customers with `refusal`: the reason why each may not be contacted, empty for those who may be.

    Reads the limits at once (2 queries, and those of the filters of dynamic segments that have a limit); the customers
    are judged by the database.
    """
    refusals = [When(email="", then=Value(NO_ADDRESS))] if channel == Channel.EMAIL else []
    if purpose.needs_consent:
        said = Consent.objects.filter(customer=OuterRef("pk"), purpose=purpose, channel=channel).latest_first()
        customers = customers.alias(said=Subquery(said.values("given")[:1]))
        refusals += [When(said=None, then=Value(NEVER_ASKED)), When(said=False, then=Value(SAID_NO))]
        for limit in ContactLimit.objects.filter(channel__in=("", channel)).order_by("-channel", "days"):
            name, since = f"received_by_limit_{limit.pk}", Value(at - dt.timedelta(days=limit.days))
            received = _received(OuterRef("pk"), limit.channel, since, beside_waiting)
            customers = customers.alias(**{name: received})
            reason = CHANNEL_LIMIT if limit.channel else TOTAL_LIMIT
            refusals.append(When(**{f"{name}__gte": limit.messages, "then": Value(reason)}))
        refusals.append(When(_reached_in_a_segment(channel, at, beside_waiting), then=Value(SEGMENT_LIMIT)))
        for segment, members in _dynamic_segments(channel, at):
            name, since = f"received_by_segment_{segment.pk}", Value(at - dt.timedelta(days=segment.days or 0))
            customers = customers.alias(**{name: _received(OuterRef("pk"), "", since, beside_waiting)})
            belongs = Q(Exists(members.filter(pk=OuterRef("pk"))))
            refusals.append(When(Q(**{f"{name}__gte": segment.messages}) & belongs, then=Value(SEGMENT_LIMIT)))
    return customers.annotate(refusal=Case(*refusals, default=Value(""), output_field=CharField()))


def _received(
    customer: OuterRef, channel: str, since: Value | ExpressionWrapper, beside_waiting: bool
) -> CombinedExpression:
    """How often a customer was contacted since a moment, in one channel or in all."""
    return _messages(customer, channel, since, beside_waiting) + _noted(customer, channel, since)


def _messages(customer: OuterRef, channel: str, since: Value | ExpressionWrapper, beside_waiting: bool) -> Coalesce:
    """How many messages that need consent a customer got."""
    counted = Q(state=Message.State.SENT, sent_at__gt=since)
    if beside_waiting:
        counted |= Q(state=Message.State.WAITING, created_at__gt=since)
    messages = Message.objects.filter(counted, customer=customer, purpose__needs_consent=True)
    if channel:
        # The channel of a message is that of its contact moment.
        messages = messages.alias(channel=Coalesce("moment__touchpoint__channel", Value(Channel.EMAIL.value)))
        messages = messages.filter(channel=channel)
    return _counted(messages)


def _noted(customer: OuterRef, channel: str, since: Value | ExpressionWrapper) -> Coalesce:
    """How often staff noted down that they spoke with or wrote to a customer; a call that nobody took is none."""
    moments = ContactMoment.objects.filter(
        customer=customer,
        direction=ContactMoment.Direction.OUTBOUND,
        occurred_at__gt=since,
        touchpoint__channel__in=[channel] if channel else PERSONAL,
        message=None,
    ).exclude(result=ContactMoment.Result.NOT_REACHED)
    return _counted(moments if not channel or channel in PERSONAL else moments.none())


def _counted(contacts: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(contacts.order_by().values("customer").annotate(n=Count("pk")).values("n")), Value(0))


def _dynamic_segments(channel: str, at: dt.datetime) -> list[tuple[Segment, CustomerQuerySet]]:
    """Dynamic segments with a frequency of their own in this channel, and whoever belongs to each now.

    As filters of the whole list, which the database narrows to the customer in question.
    """
    segments = list(_with_a_limit(channel).filter(kind=Segment.Kind.DYNAMIC))
    run = Run.objects.defer("totals").current() if segments else None
    return [(segment, members_of(segment, run, today=timezone.localdate(at))) for segment in segments]


def _with_a_limit(channel: str) -> QuerySet[Segment]:
    return Segment.objects.filter(Q(channels=[]) | Q(channels__contains=[channel]), messages__isnull=False)


def _reached_in_a_segment(channel: str, at: dt.datetime, beside_waiting: bool) -> Exists:
    """Whether a fixed segment with a frequency of its own has had its fill of this customer."""
    days = ExpressionWrapper(OuterRef("days") * Value(dt.timedelta(days=1)), output_field=DurationField())
    since = ExpressionWrapper(Value(at) - days, output_field=DateTimeField())
    segments = _with_a_limit(channel).filter(kind=Segment.Kind.STATIC, members=OuterRef("pk"))
    received = _received(OuterRef(OuterRef("pk")), "", since, beside_waiting)
    return Exists(segments.alias(received=received).filter(received__gte=F("messages")))


def lock_contacts(customer: Customer) -> None:
    """Until the end of the transaction, nobody else judges or contacts this customer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [LOCK_SPACE, customer.pk])
