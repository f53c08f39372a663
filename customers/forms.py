"""Forms and filters of customers, contact moments and orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import EmptyResultSet
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import people_to_choose
from crm_site.lib.conditions.fields import BadConditions, CheckedWhere, Expected, Field, check_text
from crm_site.lib.conditions.grammar import write
from crm_site.lib.conditions.words import pieces
from crm_site.lib.countries import country_name
from crm_site.lib.filters import AmountFilter, ChoiceFilter, DayFilter, FilterForm, SearchField, SlimHidden, Words
from crm_site.lib.trail.together import SEEN, EditedTogether
from customers import custom_fields
from customers.actions import version_of
from customers.choosing import GROUPS, CustomerField, choosable
from customers.filter_fields import IDENTITY, CustomerFields
from customers.importing.entries import country as english_country
from customers.models import Customer, CustomField, Import, Run, Segment
from customers.models.company import company_lately
from customers.models.customer import CustomerQuerySet
from customers.models.order import Order, OrderQuerySet
from customers.models.scorecard import Category, Stage
from customers.permissions import CHANGE_MANY
from customers.reports import (
    FIGURES,
    FilterChoices,
    filter_choices,
    newer_customers,
    numbered_like,
    portfolio,
    searched,
)


class CustomerFilters(FilterForm):
    """What narrows the customer list."""

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Name, reference, e-mail, phone or town"))
    kind = ChoiceFilter(label=gettext_lazy("Kind"))
    country = ChoiceFilter(label=gettext_lazy("Country"))
    owner = ChoiceFilter(label=gettext_lazy("Owner"))
    source = ChoiceFilter(label=gettext_lazy("Acquisition source"))
    stage = ChoiceFilter(label=gettext_lazy("Stage"))
    category = ChoiceFilter(label=gettext_lazy("Category"))
    profit_min = AmountFilter(label=gettext_lazy("Profit from"))
    profit_max = AmountFilter(label=gettext_lazy("Profit to"))
    value_min = AmountFilter(label=gettext_lazy("Lifetime value from"))
    segment = ChoiceFilter(label=gettext_lazy("Segment"))
    newer = forms.BooleanField(label=gettext_lazy("Newer than the figures"), required=False, widget=SlimHidden)
    # Put together in a form of its own; see crm_site/lib/conditions.
    where = forms.CharField(label=gettext_lazy("Advanced filter"), required=False, strip=False, widget=SlimHidden)

    lookups = {
        "kind": "kind",
        "country": "country",
        "owner": "owner",
        "source": "source",
        "stage": "stage",
        "category": "category",
        "profit_min": "profit__gte",
        "profit_max": "profit__lte",
        "value_min": "lifetime_value__gte",
    }
    of_figures = ("stage", "category", "profit_min", "profit_max", "value_min", "newer")

    def __init__(
        self,
        data: Any,
        *,
        choices: FilterChoices,
        run: Run | None,
        segments: Sequence[Segment] = (),
        user: AbstractUser | AnonymousUser | None = None,
        today: dt.date | None = None,
        expected: Expected | None = None,
    ) -> None:
        super().__init__(data)
        self.run = run
        self.offered = CustomerFields(user, run, segment_field(segments, run))
        self.today = today or timezone.localdate()
        self.expected = expected
        self.segments = {str(segment.pk): segment for segment in segments}
        offered = {
            "kind": Customer.Kind.choices,
            "country": choices.countries,
            "owner": choices.owners,
            "source": choices.sources,
            "stage": Stage.choices,
            "category": Category.choices,
            "segment": [(key, segment.label) for key, segment in self.segments.items()],
        }
        for name, values in offered.items():
            self.fields[name].offer(values)  # type: ignore[attr-defined]
        if run is None:
            for name in self.of_figures:
                del self.fields[name]

    def filter_q(self, customers: CustomerQuerySet, text: str) -> CustomerQuerySet:
        return searched(customers, text)

    def filter_newer(self, customers: CustomerQuerySet, wanted: bool) -> CustomerQuerySet:
        return newer_customers(customers, self.run) if self.run else customers.none()

    def filter_segment(self, customers: CustomerQuerySet, key: str) -> CustomerQuerySet:
        return customers.filter(pk__in=members_of(self.segments[key], self.run).values("pk"))

    def clean_where(self) -> CheckedWhere | None:
        text = self.cleaned_data["where"]
        try:
            return check_text(text, self.offered) if text else None
        except BadConditions as problem:
            raise forms.ValidationError(problem.faults) from problem

    def filter_where(self, customers: CustomerQuerySet, where: CheckedWhere) -> CustomerQuerySet:
        return cast(CustomerQuerySet, where.apply(customers, self.today, self.expected))

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The customers that pass; nobody where the advanced filter cannot be used.

        Whoever put conditions together meant few: without them a change of all in the list would meet everybody.
        """
        self.is_valid()
        return queryset.none() if "where" in self.errors else super().apply(queryset)

    @property
    def figures(self) -> set[str]:
        """The figures that customers must have as attributes to be filtered."""
        named = {self.lookups.get(name, "").partition("__")[0] for name in self.in_force()}
        where = self.in_force().get("where")
        return (named & set(FIGURES)) | (where.attributes if where else set())

    def words(self, name: str, value: Any) -> list[Words]:
        """A filter in force in words, in as many pieces as can be taken away."""
        if name != "where":
            return [Words(str(self.fields[name].label), self.display(name, value), {name: None})]
        found = pieces(value, company_lately().currency)
        return [Words(piece.label, piece.text, {"where": write(piece.without) or None}) for piece in found]


def segment_field(segments: Sequence[Segment], run: Run | None) -> list[Field]:
    """To belong to a segment as a condition; none where there are no segments.

    Not for filters of segments themselves: one that asks for another could come back to itself.
    """

    by_key = {segment.pk: segment for segment in segments}

    def narrow(operator: str, given: Sequence[int], _today: dt.date) -> Q:
        belongs = Q(*(Q(pk__in=members_of(by_key[key], run).values("pk")) for key in given), _connector=Q.OR)
        return ~belongs if operator in {"not", "out"} else belongs

    offered = [(key, segment.label) for key, segment in by_key.items()]
    if not offered:
        return []
    return [
        Field(
            "segment",
            gettext_lazy("Segment"),
            "choice",
            narrow,
            IDENTITY,
            lambda: offered,
            optional=False,
            is_apart=True,
        )
    ]


def members_of(segment: Segment, run: Run | None, *, today: dt.date | None = None) -> CustomerQuerySet:
    """The customers of a segment, whoever may see them (no query of its own, 3 now and then for the choices).

    Nobody when a filter can no longer be used, say by an owner who has left: without it the segment would hold more
    customers than whoever made it wanted to treat alike.
    """
    if segment.kind == Segment.Kind.STATIC:
        return Customer.objects.filter(segments=segment)
    filters = CustomerFilters(QueryDict(segment.query), choices=filter_choices(), run=run, today=today)
    asked = {name for name, value in filters.data.items() if value}
    if not asked or not asked <= filters.in_force().keys():
        return Customer.objects.none()
    return cast(CustomerQuerySet, filters.apply(portfolio(Customer.objects.all(), run, filters.figures)))


def members_in_sql(segment: Segment, run: Run | None) -> tuple[str, tuple[Any, ...]]:
    """The keys of the members as a statement for a larger one; of a segment that cannot have any, a statement too."""
    try:
        return members_of(segment, run).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint WHERE false", ()


class OrderFilters(FilterForm):
    """What narrows the list of orders."""

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Beginning of an order number"))
    since = DayFilter(label=gettext_lazy("From day"))
    until = DayFilter(label=gettext_lazy("To day"))
    contract = ChoiceFilter(
        label=gettext_lazy("Subscription"), choices=[("", gettext_lazy("Any")), *Order.Contract.choices]
    )
    customer = forms.IntegerField(
        label=gettext_lazy("Customer"), required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )
    source = forms.IntegerField(
        label=gettext_lazy("Import"), required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    lookups = {
        "since": "ordered_on__gte",
        "until": "ordered_on__lte",
        "contract": "contract",
        "customer": "customer",
        "source": "source",
    }

    def __init__(self, data: Any, *, user: AbstractUser | AnonymousUser) -> None:
        super().__init__(data)
        self._user = user

    def filter_q(self, orders: OrderQuerySet, text: str) -> OrderQuerySet:
        return numbered_like(orders, text)

    def display(self, name: str, value: Any) -> str:
        """Customers and imports by their names, where the reader may see them (1 query for each)."""
        if name == "customer":
            customer = Customer.objects.visible_to(self._user).filter(pk=value).first()
            return customer.full_name if customer else str(value)
        if name == "source":
            source = Import.objects.visible_to(self._user).filter(pk=value).first()
            return source.file_name if source else str(value)
        return super().display(name, value)


class CustomerForm(EditedTogether):
    """Identity, contact data and origin of a customer; figures are computed, never typed."""

    member_of = CustomerField(
        kinds=GROUPS,
        required=False,
        label=gettext_lazy("Member of"),
        help_text=gettext_lazy("The household or company that this person belongs to: type its name, and choose."),
        error_messages={"invalid_choice": gettext_lazy("You see no household or company with this name or reference.")},
    )
    version = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Customer
        fields = [
            "kind", "reference", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country",
            "language", "birth_date", "preferred_channel", "best_time", "needs", "tags", "member_of", "owner", "team",
            "source", "acquired_on", "acquisition_cost",
        ]  # fmt: skip
        widgets = {
            "acquired_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "birth_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "needs": forms.Textarea(attrs={"rows": 3}),
            "tags": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, user: AbstractUser | AnonymousUser, **options: Any) -> None:
        super().__init__(*args, **options)
        groups = choosable(user, kinds=GROUPS)
        cast(CustomerField, self.fields["member_of"]).offer(groups, present=self.instance.member_of_id)
        owners = cast(forms.ModelChoiceField, self.fields["owner"])
        owners.queryset = people_to_choose(present=self.instance.owner_id)
        self._offer_tags(user)
        self.further = custom_fields.fields()
        for field in self.further:
            present = custom_fields.read(field, self.instance.custom)
            self.fields[custom_fields.PREFIX + field.code] = custom_fields.form_field(field, present)
            self.initial[custom_fields.PREFIX + field.code] = custom_fields.initial(field, self.instance.custom)
        self.initial["country"] = country_name(self.initial.get("country", ""))
        if self.instance.pk:
            self.initial["member_of"] = self.instance.member_of
            self.initial["version"] = version_of(self.instance)
        else:
            del self.fields["version"]

    def _offer_tags(self, user: AbstractUser | AnonymousUser) -> None:
        """A heading with nothing below says nothing: without tags, only who can make the first is told how."""
        tags = cast(forms.ModelMultipleChoiceField, self.fields["tags"])
        if tags.queryset is None or tags.queryset.exists():
            return
        if user.has_perm(CHANGE_MANY):
            tags.help_text = _(
                "There are none yet: tick customers in the list and choose “Add a tag” to make the first."
            )
        else:
            del self.fields["tags"]

    def clean_country(self) -> str:
        """Kept by its English name in whichever language it was written, so that one country has one name."""
        return english_country(self.cleaned_data["country"]) or ""

    def clean_birth_date(self) -> dt.date | None:
        born = self.cleaned_data["birth_date"]
        if born and born > timezone.localdate():
            raise forms.ValidationError(_("Nobody is born on a day to come."))
        return born

    def clean(self) -> dict[str, Any]:
        """Gather the company's own fields where a customer keeps them."""
        entered = super().clean() or self.cleaned_data
        names = {field.code: custom_fields.PREFIX + field.code for field in self.further}
        values = {code: custom_fields.kept(entered[name]) for code, name in names.items() if name in entered}
        self.instance.custom = custom_fields.merged(self.instance.custom, values)
        return entered

    def changes(self) -> dict[str, Any]:
        """What was entered, for the action that writes it."""
        entered = {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.fields}
        return entered | {"custom": self.instance.custom}

    def reference_taken(self) -> None:
        """Say that somebody took the reference after it had been checked."""
        self.add_error("reference", Customer._meta.get_field("reference").error_messages["unique"])

    # --- When somebody else has changed the customer since the form was opened

    def brought_up_to_date(self, fresh: Customer) -> None:
        self.data["version"] = version_of(fresh)

    def _further(self, name: str) -> CustomField | None:
        """The company's own field of this name."""
        return next((field for field in self.further if custom_fields.PREFIX + field.code == name), None)

    def field_name(self, column: str) -> str:
        json, dot, code = column.partition(".")
        return custom_fields.PREFIX + code if dot and json == "custom" else super().field_name(column)

    def is_as_it_was(self, name: str, former: Any) -> bool:
        if self._further(name):
            return bool(custom_fields.kept(self.cleaned_data[name]) == former)
        return super().is_as_it_was(name, former)

    def present(self, name: str, fresh: Customer) -> Any:
        further = self._further(name)
        return custom_fields.initial(further, fresh.custom) if further else super().present(name, fresh)


class FieldForm(CustomerForm):
    """One field of a customer alone, with the fingerprint of all."""

    def __init__(self, *args: Any, name: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.further = []
        self.fields = {each: self.fields[each] for each in (name, "version", SEEN)}
        self.fields[name].widget.attrs["autofocus"] = True

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("version", SEEN)}
