"""Forms of what-if: one lever with its assumptions, and the name of a scenario."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import User
from customers.models.scorecard import Category
from profitability.models import Scenario
from profitability.reports.scenario_words import CHOICES, number_help, number_label, refusal
from profitability.reports.scenarios import SEPARATOR, Targets, group_key, product_key
from profitability.what_if.levers import SPECS, Lever, LeverError


class LeverForm(forms.Form):
    """One lever: whom and what it is about, what is done, and what is assumed."""

    def __init__(
        self, data: Any = None, *, lever: Lever, targets: Targets, named: dict[str, str], currency: str = ""
    ) -> None:
        super().__init__(data)
        self.lever = lever
        if lever.spec.of_customers:
            self._offer("group", _("Customers"), targets.groups, group_key(lever), named)
        if lever.spec.of_products:
            self._offer("product", _("Products"), targets.products, product_key(lever), named)
        if lever.spec.needs_product:
            self._ask_for_product()
        if lever.spec.choice:
            offered = targets.channels if lever.spec.choice == "channel" else targets.pools
            label = str(CHOICES[lever.spec.choice])
            self.fields["choice"] = forms.ChoiceField(
                label=label,
                choices=[("", _("Choose…")), *offered],
                initial=lever.choice,
                help_text="" if offered else _("The costing of the current recompute knows none."),
            )
        for number in lever.spec.numbers:
            self.fields[number.name] = forms.FloatField(
                label=number_label(lever.kind, number.name, currency),
                help_text=number_help(lever.kind, number.name),
                initial=_short(lever[number.name]),
                min_value=number.lowest,
                max_value=number.highest,
            )

    def _offer(self, name: str, label: str, choices: Any, present: str, named: dict[str, str]) -> None:
        """A choice among groups or products, always with the one that the lever is about already."""
        flat = {key for choice in choices for key in _keys(choice)}
        more = [(present, named.get(present, present))] if present not in flat else []
        self.fields[name] = forms.ChoiceField(label=label, choices=[*more, *choices], initial=present, required=False)

    def _ask_for_product(self) -> None:
        """Where something must be chosen, all goods are no choice."""
        field = cast(forms.ChoiceField, self.fields["product"])
        field.choices = [("", _("Choose…")), *(choice for choice in cast(list[Any], field.choices) if choice[0] != "")]
        field.required = True
        field.error_messages["required"] = refusal("no_product", {})

    @property
    def doing(self) -> list[forms.BoundField]:
        """What is done, and to whom."""
        assumed = {number.name for number in self.lever.spec.numbers if number.assumed}
        return [field for field in self if field.name not in assumed]

    @property
    def assuming(self) -> list[forms.BoundField]:
        """How customers are assumed to react."""
        assumed = {number.name for number in self.lever.spec.numbers if number.assumed}
        return [field for field in self if field.name in assumed]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            try:
                self.made().check()
            except LeverError as error:
                raise forms.ValidationError(refusal(error.code, error.parameters)) from error
        return given

    def made(self) -> Lever:
        """The lever as it was filled in."""
        given = self.cleaned_data
        rows, _colon, row = given.get("group", "").partition(SEPARATOR)
        columns, _colon, column = given.get("product", "").partition(SEPARATOR)
        return Lever(
            kind=self.lever.kind,
            rows=rows,
            row=row,
            columns=columns,
            column=column,
            choice=given.get("choice", ""),
            values={number.name: given[number.name] for number in self.lever.spec.numbers},
        )


def _keys(choice: Any) -> list[str]:
    key, label = choice
    return [each for each, _label in label] if isinstance(label, list) else [key]


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else value


def lever_asked(query: Any) -> Lever | None:
    """The lever that an address begins with; None for one that there is not."""
    kind = query.get("lever", "")
    if kind not in SPECS:
        return None
    row = query.get("row", "")
    if kind == "let_go" and not row:
        # Nobody parts with all customers: those whom the categories call undesirable are offered first.
        return Lever(kind=kind, rows="category", row=str(Category.UNDESIRABLE.value))
    return Lever(
        kind=kind,
        rows=query.get("rows", ""),
        row="" if row == "none" else row,
        columns=query.get("columns", "") if query.get("column") else "",
        column=query.get("column", ""),
    )


class ScenarioForm(forms.ModelForm):
    """The name of a scenario, and who sees it."""

    shared = forms.BooleanField(label=gettext_lazy("Share with my team"), required=False)

    class Meta:
        model = Scenario
        fields = ["name", "for_all"]
        labels = {"for_all": gettext_lazy("Share with everybody who may see what customers earn")}

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("shared", self.instance.team_id is not None)
        if user.team_id is None:
            del self.fields["shared"]

    @property
    def wants_sharing(self) -> bool:
        return bool(self.cleaned_data.get("shared"))
