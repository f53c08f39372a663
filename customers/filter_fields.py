"""What customers can be filtered by: the one register from which the builder, the words and the query are made.

A line names the field in addresses (a name once given stays, since views and segments keep it), its kind and how it
narrows a query. Fields of the scorecard are asked by the attributes that `reports.portfolio` gives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.expressions import CombinedExpression
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import Team
from crm_site.lib.conditions.fields import Choices, Field, Narrow, no_choices
from crm_site.lib.conditions.narrowing import (
    birthdays,
    codes,
    json_codes,
    json_day,
    json_number,
    json_text,
    midnight,
    moments,
    scaled,
    span,
    texts,
    values,
)
from customers import custom_fields
from customers.contacting.consent import ASKED_IN
from customers.models import Channel, Consent, ContactMoment, Customer, CustomField, Purpose, Run, Tag, Task
from customers.models.scorecard import Category, Stage
from customers.permissions import VIEW_CONSENT, VIEW_FIGURES, VIEW_MOMENTS, VIEW_TASKS
from customers.reports import filter_choices, searched
from customers.value_words import EXPECTED, SURELY_ACTIVE

CONSENT = "consent_"
MOST_CHOICES = 300
YES_NO = ((True, custom_fields.YES), (False, custom_fields.NO))

IDENTITY, FIGURES, DEALINGS, FURTHER = (
    _("Who the customer is"),
    _("Figures of the current recompute"),
    _("Contact"),
    _("Further fields"),
)


# --- Ways to narrow that only customers have --------------------------------------------------------------------------


def _found(operator: str, given: Sequence[str], _today: dt.date) -> Q:
    return Q(pk__in=searched(Customer.objects.all(), given[0]).order_by().values("pk"))


def _tagged(operator: str, given: Sequence[int], _today: dt.date) -> Q:
    tagged = Customer.tags.through.objects.filter(customer=OuterRef("pk"))
    if operator not in {"empty", "known"}:
        tagged = tagged.filter(tag__in=list(given))
    return ~Q(Exists(tagged)) if operator in {"not", "out", "empty"} else Q(Exists(tagged))


def _last_contact(operator: str, given: Sequence[Any], today: dt.date) -> Q:
    """By the latest contact moment, which the index on a customer's moments finds first."""
    met = ContactMoment.objects.filter(customer=OuterRef("pk")).exclude(direction=ContactMoment.Direction.OBSERVED)
    if operator in {"empty", "known"}:
        return Q(Exists(met)) if operator == "known" else ~Q(Exists(met))
    days = span(operator, given, today)
    since = met.filter(occurred_at__gte=midnight(days.start)) if days.start else met
    if days.end is None:
        return Q(Exists(since))
    return Q(Exists(since)) & ~Q(Exists(met.filter(occurred_at__gte=midnight(days.end))))


def _open_task(operator: str, given: Sequence[bool], _today: dt.date) -> Q:
    has = Q(Exists(Task.objects.open().filter(customer=OuterRef("pk"))))
    return has if given[0] else ~has


def _overdue_task(operator: str, given: Sequence[bool], today: dt.date) -> Q:
    has = Q(Exists(Task.objects.overdue(today).filter(customer=OuterRef("pk"))))
    return has if given[0] else ~has


def _by_rank(operator: str, given: Sequence[int], _today: dt.date) -> Q:
    """By the rank in the current run (3 queries at most)."""
    if operator in {"empty", "known"}:
        return Q(place__isnull=operator == "empty")
    run = Run.objects.current_head()
    if run is None:
        return Q(place__isnull=operator == "not")
    lowest, highest = given[0], given[-1]
    limits: dict[str, Any] = {}
    if operator != "most":
        limits["place__gte"] = run.place_of(lowest)
    if operator != "least":
        limits["place__lt"] = run.place_of(highest + 1)
    return Q(place__isnull=True) | ~Q(**limits) if operator == "not" else Q(**limits)


def _by_percentile(operator: str, given: Sequence[Decimal], today: dt.date) -> Q:
    """The same by how many per cent of all ranked customers stand up to there."""
    if operator in {"empty", "known"}:
        return _by_rank(operator, (), today)
    run = Run.objects.current_head()
    one = Decimal((run and run.ranked) or 0) / 100  # type: ignore[attr-defined]
    lowest = int((given[0] * one).to_integral_value(ROUND_CEILING))
    highest = int((given[-1] * one).to_integral_value(ROUND_FLOOR))
    return _by_rank(operator, (lowest, highest), today)


# --- The register -----------------------------------------------------------------------------------------------------


def _offered(name: str) -> Callable[[], Choices]:
    """Choices that the simple filters offer too."""
    return lambda: getattr(filter_choices(), name)


def _teams() -> Choices:
    return [(team.pk, team.name) for team in Team.objects.all()[:MOST_CHOICES]]


def _tags() -> Choices:
    return [(tag.pk, tag.name) for tag in Tag.objects.all()[:MOST_CHOICES]]


def _identity(name: str, label: Any, kind: str, narrow: Narrow, **more: Any) -> Field:
    return Field(name, label, kind, narrow, IDENTITY, **more)


def _figure(name: str, label: Any, kind: str, narrow: Narrow | None = None, **more: Any) -> Field:
    asked = narrow or values(name)
    return Field(name, label, kind, asked, FIGURES, **({"attribute": name, "permission": VIEW_FIGURES} | more))


def _fifth(name: str, label: Any, digit: CombinedExpression) -> Field:
    """One of the three digits of RFM."""
    return _figure(name, label, "whole", attribute="rfm", alias=(f"rfm_{name}", digit), narrow=values(f"rfm_{name}"))


def _a_hundredth() -> Decimal:
    return Decimal("0.01")


REGISTER: tuple[Field, ...] = (
    _identity("words", _("Name, reference, e-mail, phone or town"), "words", _found, optional=False, is_apart=True),
    _identity("kind", _("Kind"), "choice", codes("kind"), choices=lambda: Customer.Kind.choices, optional=False),
    _identity("name", _("Name"), "text", texts("name"), optional=False),
    _identity("given_name", _("Given name"), "text", texts("given_name")),
    _identity("reference", _("Reference"), "text", texts("reference"), optional=False),
    _identity("email", _("E-mail address"), "text", texts("email")),
    _identity("phone", _("Phone"), "text", texts("phone")),
    _identity("street", _("Street"), "text", texts("street")),
    _identity("postal_code", _("Postal code"), "text", texts("postal_code")),
    _identity("city", _("Town"), "text", texts("city")),
    _identity("country", _("Country"), "choice", codes("country"), choices=_offered("countries")),
    _identity("language", _("Language"), "choice", codes("language"), choices=lambda: settings.LANGUAGES),
    _identity("birth_date", _("Date of birth"), "day", values("birth_date")),
    _identity("birthday", _("Birthday"), "birthday", birthdays("birth_date"), optional=False),
    _identity("owner", _("Owner"), "choice", values("owner_id"), choices=_offered("owners")),
    _identity("team", _("Team"), "choice", values("team_id"), choices=_teams),
    _identity("tags", _("Tags"), "choice", _tagged, choices=_tags, is_apart=True),
    _identity("source", _("Acquisition source"), "choice", values("source_id"), choices=_offered("sources")),
    _identity("acquired_on", _("Acquired on"), "day", values("acquired_on")),
    _identity("acquisition_cost", _("Acquisition cost"), "money", values("acquisition_cost")),
    _identity("created", _("Created"), "day", moments("created_at"), optional=False),
    _identity(
        "member_of",
        _("Member of"),
        "key",
        values("member_of__reference"),
        hint=_("Reference of the household or company."),
        is_apart=True,
    ),
    _figure("stage", _("Stage"), "choice", choices=lambda: Stage.choices),
    _figure("category", _("Category"), "choice", choices=lambda: Category.choices),
    _figure("order_count", _("Orders"), "whole"),
    _figure("first_order_on", _("First order"), "day"),
    _figure("last_order_on", _("Last order"), "day"),
    _figure("net_revenue", _("Net revenue"), "money"),
    _figure("gross_margin", _("Gross margin"), "money"),
    _figure("cost_to_serve", _("Cost to serve"), "money"),
    _figure("direct_costs", _("Direct costs"), "money"),
    _figure("profit", _("Profit"), "money"),
    _figure("rank", _("Rank"), "whole", _by_rank),
    _figure(
        "percentile",
        _("Place in the ranking"),
        "percent",
        _by_percentile,
        attribute="rank",
        hint=_("Per cent of all ranked customers, the most profitable first: at most 20 are the best fifth."),
    ),
    _figure("lifetime_value", _("Lifetime value"), "money"),
    _figure(
        "probability_alive",
        _("Probability active"),
        "percent",
        scaled("probability_alive", _a_hundredth),
        hint=SURELY_ACTIVE,
    ),
    _figure("churn_risk", _("Churn risk"), "percent", scaled("churn_risk", _a_hundredth)),
    _fifth("recency", _("Recency, from 1 to 5"), F("rfm") / 100),
    _fifth("frequency", _("Frequency, from 1 to 5"), F("rfm") / 10 % 10),
    _fifth("spending", _("Value of purchases, from 1 to 5"), F("rfm") % 10),
    _figure("expected_orders", _("Expected orders"), "number", hint=EXPECTED),
    Field("last_contact", _("Last contact"), "day", _last_contact, DEALINGS, is_apart=True, permission=VIEW_MOMENTS),
    Field(
        "open_task", _("Has an open task"), "yes_no", _open_task, DEALINGS, lambda: YES_NO,
        optional=False, is_apart=True, permission=VIEW_TASKS,
    ),
    Field(
        "overdue_task", _("Has an overdue task"), "yes_no", _overdue_task, DEALINGS, lambda: YES_NO,
        optional=False, is_apart=True, permission=VIEW_TASKS,
    ),
    Field(
        "preferred_channel", _("Preferred channel"), "choice", codes("preferred_channel"), DEALINGS,
        lambda: Channel.choices,
    ),
    Field("best_time", _("Best time to call"), "text", texts("best_time"), DEALINGS),
    Field("needs", _("Needs and preferences"), "text", texts("needs"), DEALINGS),
)  # fmt: skip


# --- Fields that a company makes itself -------------------------------------------------------------------------------


def consent_fields() -> Iterable[Field]:
    """What customers said to each purpose in each channel in which they are asked (1 query)."""
    for purpose in Purpose.objects.filter(needs_consent=True):
        for channel in ASKED_IN:
            yield _consent(purpose, channel)


def _consent(purpose: Purpose, channel: Channel) -> Field:
    name = f"{CONSENT}{channel.value}_{purpose.pk}"
    said = Consent.objects.filter(customer=OuterRef("pk"), purpose=purpose, channel=channel).latest_first()
    label = _("Consent: %(purpose)s, %(channel)s") % {"purpose": purpose.label, "channel": channel.label}
    return Field(
        name, label, "yes_no", values(name), DEALINGS, lambda: YES_NO,
        alias=(name, Subquery(said.values("given")[:1])), is_apart=True, permission=VIEW_CONSENT,
    )  # fmt: skip


def own_fields() -> Iterable[Field]:
    """The fields that the company added to its customers (1 query)."""
    return map(_own, custom_fields.fields())


def _own(field: CustomField) -> Field:
    name, alias = custom_fields.PREFIX + field.code, f"own_{field.pk}"
    offered: Callable[[], Choices] = no_choices
    match field.kind:
        case CustomField.Kind.NUMBER:
            kind, narrow, made = "number", values(alias), json_number("custom", field.code)
        case CustomField.Kind.DATE:
            kind, narrow, made = "day", values(alias), json_day("custom", field.code)
        case CustomField.Kind.CHOICE:
            words = [(text, text) for text in custom_fields.options(field)]
            kind, narrow, made = "choice", json_codes("custom", field.code, alias), json_text("custom", field.code)
            offered = lambda: words  # noqa: E731
        case CustomField.Kind.YES_NO:
            kind, narrow, made = "yes_no", json_codes("custom", field.code, alias), json_text("custom", field.code)
            offered = lambda: YES_NO  # noqa: E731
        case _:
            kind, narrow, made = "text", texts(alias), json_text("custom", field.code)
    return Field(name, field.label, kind, narrow, FURTHER, offered, alias=(alias, made))


class CustomerFields(Mapping[str, Field]):
    """The fields that somebody may filter by, by name; those of the company are asked for when first needed.

    Without a user all fields are there: for segments, which are the same whoever looks.
    """

    def __init__(
        self, user: AbstractUser | AnonymousUser | None, run: Run | None, further: Iterable[Field] = ()
    ) -> None:
        self.user, self.run = user, run
        self.declared = {field.name: field for field in (*further, *REGISTER) if self._is_offered(field)}
        self.consents = cache(lambda: {field.name: field for field in consent_fields() if self._is_offered(field)})
        self.own = cache(lambda: {field.name: field for field in own_fields()})

    def _is_offered(self, field: Field) -> bool:
        if field.attribute and self.run is None:
            return False
        return not field.permission or self.user is None or self.user.has_perm(field.permission)

    def __getitem__(self, name: str) -> Field:
        if name.startswith(CONSENT):
            return self.consents()[name]
        if name.startswith(custom_fields.PREFIX):
            return self.own()[name]
        return self.declared[name]

    def __iter__(self) -> Any:
        yield from self.declared
        yield from self.consents()
        yield from self.own()

    def __len__(self) -> int:
        return sum(1 for _ in self)
