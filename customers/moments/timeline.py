"""The contact moments of a customer as a timeline: narrowed by channel and person, read on from a place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, DecimalField, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from crm_site.lib.addresses import reverse
from crm_site.lib.components import Event
from crm_site.lib.paging import BadCursor, Page
from customers import file_reports
from customers.contacting.pressure import Verdict
from customers.models import Channel, ContactMoment, Customer, Message

CHANNEL_ICONS: dict[str, str] = {
    Channel.PHONE: "phone",
    Channel.EMAIL: "mail",
    Channel.LETTER: "mail",
    Channel.FAX: "printer",
    Channel.SHOP: "building-store",
    Channel.VISIT: "map-pin",
    Channel.WEBSITE: "world",
    Channel.APP: "device-mobile",
    Channel.CHAT: "message-circle",
    Channel.SOCIAL: "messages",
    Channel.EVENT: "calendar",
    Channel.DELIVERY: "package",
    Channel.INVOICE: "receipt",
    Channel.SERVICE: "heart-handshake",
    Channel.ADVERT: "speakerphone",
}
STAFF, PERSON = "staff", "person"
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that the timeline can be narrowed to, and how many contact moments it leaves."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the timeline of one customer can be narrowed by: only what occurs in it."""

    touchpoints: list[Choice]
    staff: list[Choice]
    persons: list[Choice]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """To what the timeline is narrowed; what cannot be read narrows to nothing."""

    touchpoint: str = ""
    who: str = ""
    channel: str = ""  # or several, with commas between
    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, parameters: QueryDict) -> Narrowed:
        return cls(**{name: parameters.get(name, "") for name in cls.__dataclass_fields__})

    def __bool__(self) -> bool:
        return bool(self.parameters())

    def apply(self, moments: QuerySet[ContactMoment]) -> QuerySet[ContactMoment]:
        if self.touchpoint:
            moments = moments.filter(touchpoint=_key(self.touchpoint))
        if self.who:
            kind, _dash, key = self.who.partition("-")
            moments = moments.filter(**{"employee" if kind == STAFF else "person": _key(key)})
        if self.channel:
            known = [name for name in self.channel.split(",") if name in Channel.values]
            moments = moments.filter(touchpoint__channel__in=known)
        for text, bound, later in ((self.since, "occurred_at__gte", 0), (self.until, "occurred_at__lt", 1)):
            if text:
                day = _day(text)
                moments = moments.filter(**{bound: _midnight(day, later)}) if day else moments.none()
        return moments

    def parameters(self) -> dict[str, str]:
        """For an address: only what narrows."""
        return {name: value for name, value in asdict(self).items() if value}

    def besides(self) -> dict[str, str]:
        """What narrows and is no field of the filter."""
        return {name: value for name, value in self.parameters().items() if name not in ("touchpoint", "who")}

    def words(self) -> str:
        """To which channels and days it is narrowed, as a reader says it."""
        labels = dict(Channel.choices)
        parts = [", ".join(str(labels.get(name, name)) for name in self.channel.split(",") if name)]
        since, until = (formatting.day(day) if (day := _day(text)) else "" for text in (self.since, self.until))
        if since and until:
            parts.append(_("%(since)s to %(until)s") % {"since": since, "until": until})
        elif since or until:
            parts.append(_("from %(day)s") % {"day": since} if since else _("until %(day)s") % {"day": until})
        return " · ".join(filter(None, parts))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: dt.date, later: int) -> dt.datetime:
    """When a day of the company begins, or the one after it."""
    first = min(day, dt.date.max - dt.timedelta(days=1)) + dt.timedelta(days=later)
    return timezone.make_aware(dt.datetime.combine(first, dt.time()))


def _key(text: str) -> int:
    """The key that an address names; 0, which nothing has, for what is none."""
    key = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return key if key <= LARGEST_KEY else 0


@dataclass(frozen=True, slots=True)
class Together:
    """How many contact moments a narrowed timeline holds, and the minutes that costs follow."""

    count: int
    minutes: Decimal

    @property
    def minutes_told(self) -> str:
        """With a decimal where there is one; empty for none."""
        whole = self.minutes == self.minutes.to_integral_value()
        return formatting.number(self.minutes, digits=0 if whole else 1) if self.minutes else ""


def together(customer: Customer, narrowed: Narrowed) -> Together | None:
    """What a narrowed timeline comes to (1 query); where no minutes are noted, those of the touchpoint count."""
    if not narrowed:
        return None
    lasted = Coalesce("minutes", "touchpoint__standard_minutes", output_field=DecimalField())
    found = narrowed.apply(ContactMoment.objects.filter(customer=customer))
    sums = found.aggregate(count=Count("pk"), minutes=Sum(lasted))
    return Together(sums["count"] or 0, sums["minutes"] or Decimal())


@dataclass(frozen=True, slots=True)
class Timeline:
    """Some contact moments of a customer, the latest first, and the address where it goes on."""

    events: list[Event]
    older_url: str
    newer_url: str  # where it begins, for whoever is further down
    lost: bool = False  # the address named a place that is not known


def timeline(customer: Customer, *, narrowed: Narrowed, place: str, may_change: bool) -> Timeline:
    """Twenty contact moments from a place on (1 query); the reader is one who may see them."""
    page, lost = _page(customer, narrowed, place)
    address = reverse("moments", args=[customer.pk])
    asked = narrowed.parameters()
    older = f"{address}?{urlencode(asked | {'after': page.next})}" if page.next else ""
    newer = address + (f"?{urlencode(asked)}" if asked else "") if page.previous else ""
    return Timeline(events_of(page, may_change=may_change), older, newer, lost)


def _page(customer: Customer, narrowed: Narrowed, place: str) -> tuple[Page, bool]:
    """The moments from a place on, and whether that place is not known and the beginning stands for it."""
    if not (narrowed or place):
        return file_reports.latest_moments(customer), False
    moments = narrowed.apply(ContactMoment.objects.filter(customer=customer))
    try:
        return file_reports.moments_page(moments, place), False
    except BadCursor:
        return file_reports.moments_page(moments, ""), True


def choices_of(customer: Customer) -> Choices:
    """What occurs in a customer's contact moments, the most frequent first (2 queries)."""
    rows = ContactMoment.objects.filter(customer=customer).values("touchpoint_id", "employee_id", "person_id")
    counted: list[Any] = list(rows.annotate(count=Count("pk")).order_by())
    touchpoints, people = file_reports.known().touchpoints, file_reports.known().people
    persons = Customer.objects.filter(pk__in={row["person_id"] for row in counted if row["person_id"]})
    named = {person.pk: person.full_name for person in persons.only("name", "given_name")}
    return Choices(
        touchpoints=_choices(counted, "touchpoint_id", {key: each.label for key, each in touchpoints.items()}),
        staff=_choices(counted, "employee_id", {key: str(each) for key, each in people.items()}, STAFF),
        persons=_choices(counted, "person_id", named, PERSON),
    )


def _choices(rows: Iterable[Any], name: str, labels: dict[int, str], prefix: str = "") -> list[Choice]:
    sums: dict[int, int] = {}
    for row in rows:
        if row[name] in labels:
            sums[row[name]] = sums.get(row[name], 0) + row["count"]
    ordered = sorted(sums.items(), key=lambda pair: (-pair[1], labels[pair[0]]))
    return [Choice(f"{prefix}-{key}" if prefix else str(key), labels[key], count) for key, count in ordered]


# --- Events -----------------------------------------------------------------------------------------------------------


def events_of(page: Page, *, may_change: bool) -> list[Event]:
    """Contact moments as a timeline shows them."""
    directions = {value: str(label) for value, label in ContactMoment.Direction.choices}
    touchpoints, people = file_reports.touchpoints_of(page.rows), file_reports.known().people
    return [
        Event(
            at=row.occurred_at,
            title=_title(row, touchpoints[row.touchpoint_id].label, directions[row.direction]),
            text=row.summary,
            icon=CHANNEL_ICONS.get(touchpoints[row.touchpoint_id].channel, "point"),
            tone=_tone(row),
            who=str(people.get(row.employee_id, "")),
            note=_note(row),
            url=reverse("moment-edit", args=[row.pk]) if may_change and not row.message_id else "",
            waits=_("Waits for a reply") if row.needs_reply else "",
            waits_url=reverse("moment-settle", args=[row.pk]) if row.needs_reply and may_change else "",
        )
        for row in page.rows
    ]


def _title(row: Any, touchpoint: str, direction: str) -> str:
    """The touchpoint and who began; of an e-mail that was written here also what became of it."""
    parts = [touchpoint, direction]
    if row.message__state:
        parts.append(str(Message.State(row.message__state).label))
    if row.message__refusal:
        parts.append(Verdict(row.message__refusal).words)
    return " · ".join(parts)


def _note(row: Any) -> str:
    """Who was spoken with, for how long, and how it went; what was not noted is left out."""
    parts = [f"{row.person__given_name or ''} {row.person__name or ''}".strip()]
    if row.minutes:  # what took nobody any time tells nothing
        digits = 0 if row.minutes == row.minutes.to_integral_value() else 1
        parts.append(_("%(minutes)s min") % {"minutes": formatting.number(row.minutes, digits=digits)})
    if row.result:
        parts.append(str(ContactMoment.Result(row.result).label))
    if row.sentiment is not None:
        parts.append(str(ContactMoment.Sentiment(row.sentiment).label))
    return " · ".join(filter(None, parts))


def _tone(row: Any) -> str:
    if row.message__state == Message.State.REFUSED or row.sentiment == ContactMoment.Sentiment.UNHAPPY:
        return "danger"
    if row.sentiment == ContactMoment.Sentiment.HAPPY:
        return "success"
    return "info" if row.direction == ContactMoment.Direction.INBOUND else "neutral"
