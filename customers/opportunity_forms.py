"""Forms and filters of opportunities."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import User, people_to_choose
from crm_site.lib.filters import AmountFilter, ChoiceFilter, DayFilter, FilterForm, SearchField
from crm_site.lib.trail.together import SEEN, EditedTogether
from customers.choosing import CustomerField, choosable, customer_of
from customers.models import Opportunity, OpportunityStage
from customers.models.opportunity import OpportunityQuerySet


class OpportunityFilters(FilterForm):
    """What narrows the list of opportunities."""

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Words of the title"))
    whose = ChoiceFilter(label=gettext_lazy("Whose"))
    stage = ChoiceFilter(label=gettext_lazy("Stage"))
    outcome = ChoiceFilter(label=gettext_lazy("Outcome"))
    loss_reason = ChoiceFilter(label=gettext_lazy("Reason of loss"))
    value_min = AmountFilter(label=gettext_lazy("Expected value from"))
    until = DayFilter(label=gettext_lazy("Expected by"))
    customer = forms.IntegerField(
        label=gettext_lazy("Customer"), required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    lookups = {
        "q": "title__icontains",
        "stage": "stage",
        "outcome": "stage__outcome",
        "loss_reason": "loss_reason",
        "value_min": "expected_value__gte",
        "until": "expected_on__lte",
        "customer": "customer",
    }

    def __init__(self, data: Any, *, user: User, stages: list[OpportunityStage]) -> None:
        super().__init__(data)
        self.user = user
        offered = {
            "whose": [("mine", gettext_lazy("Mine")), ("team", gettext_lazy("My team's"))],
            "stage": [(stage.pk, stage.label) for stage in stages],
            "outcome": OpportunityStage.Outcome.choices,
            "loss_reason": Opportunity.LossReason.choices,
        }
        for name, values in offered.items():
            self.fields[name].offer(values)  # type: ignore[attr-defined]

    def filter_whose(self, opportunities: OpportunityQuerySet, whose: str) -> OpportunityQuerySet:
        return of_whom(opportunities, whose, self.user)


def of_whom(opportunities: OpportunityQuerySet, whose: str, user: User) -> OpportunityQuerySet:
    """One's own opportunities, those of the team, or all of them."""
    mine = Q(owner=user)
    if whose == "team" and user.team_id:
        return opportunities.filter(mine | Q(owner__team=user.team_id))
    return opportunities.filter(mine) if whose in ("mine", "team") else opportunities


class OpportunityForm(EditedTogether):
    """A sale that could be won. The stage is chosen once; later the opportunity is moved."""

    customer = CustomerField()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Opportunity
        fields = ["title", "customer", "stage", "expected_value", "expected_on", "owner", "source", "cost", "note"]
        widgets = {
            "expected_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "note": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        cast(CustomerField, self.fields["customer"]).offer(choosable(user), present=self.instance.customer_id)
        owners = cast(forms.ModelChoiceField, self.fields["owner"])
        owners.queryset = people_to_choose(present=self.instance.owner_id)
        for name in ("expected_value", "cost"):
            cast(forms.DecimalField, self.fields[name]).min_value = 0
            self.fields[name].validators.append(_not_negative)
        if self.instance.pk:
            del self.fields["stage"]
            self.initial["customer"] = self.instance.customer
            self.initial["version"] = self.instance.version
        else:
            del self.fields["version"]
            stages = cast(forms.ModelChoiceField, self.fields["stage"])
            stages.queryset = OpportunityStage.objects.filter(outcome=OpportunityStage.Outcome.OPEN)
            stages.empty_label = None
            if asked := self.initial.get("customer"):
                self.initial["customer"] = customer_of(choosable(user), asked)

    def changes(self) -> dict[str, Any]:
        """What was entered, for the action that writes it."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("version", SEEN)}

    def brought_up_to_date(self, fresh: Opportunity) -> None:
        self.data["version"] = str(fresh.version)


def _not_negative(value: Any) -> None:
    if value < 0:
        raise forms.ValidationError(_("This amount cannot be negative."))


class MoveForm(forms.Form):
    """Into which stage an opportunity is moved, and why it was lost."""

    stage = forms.ModelChoiceField(OpportunityStage.objects.all(), label=gettext_lazy("Move to"), empty_label=None)
    loss_reason = forms.ChoiceField(
        label=gettext_lazy("Reason of loss"),
        required=False,
        choices=[("", "—"), *Opportunity.LossReason.choices],
        help_text=gettext_lazy("Asked for when the opportunity is lost."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def ask_for_reason(self) -> None:
        """Say that losing needs a reason."""
        self.add_error("loss_reason", _("Say why the opportunity was lost."))
