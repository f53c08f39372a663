"""Filters of a list: a form that owns its parameters and what each does to the query.

The state of a list is its address. Whatever an address says, a list answers: a value that cannot be used is reported
beside its field and left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from numbers import Number
from typing import Any, ClassVar, cast

from django import forms
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from crm_site.lib.formatting import day, number


class SlimInput(forms.TextInput):
    """An input written as text: a filter bar has a dozen, and a template for each would cost more than the list."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        shown = self.format_value(value)
        own = {"type": self.input_type, "name": name} | ({} if shown is None else {"value": shown})
        return mark_safe(f"<input{flatatt(own | self.build_attrs(self.attrs, attrs))}>")

    def control(self, name: str, value: str) -> str:
        """The input as it stands in the panel of a filter bar."""
        typed = f'type="{self.input_type}" value="{escape(value)}"'
        return f'<input {typed} name="{name}" id="id_{name}" class="form-control">'


class SlimSearch(SlimInput):
    input_type = "search"


class SlimNumber(SlimInput):
    input_type = "number"


class SlimDay(SlimInput):
    input_type = "date"


class SlimHidden(SlimInput):
    input_type = "hidden"


class SlimSelect(forms.Select):
    """A plain select written as text, for the same reason."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        options = self.options_as_text("" if value is None else str(value))
        return mark_safe(f"<select{flatatt({'name': name} | self.build_attrs(self.attrs, attrs))}>{options}</select>")

    def control(self, name: str, value: str) -> str:
        """The select as it stands in the panel of a filter bar."""
        return f'<select name="{name}" id="id_{name}" class="form-select">{self.options_as_text(value)}</select>'

    def options_as_text(self, chosen: str) -> str:
        """The options as text."""
        texts = ((str(key), escape(str(label))) for key, label in self.choices)
        return "".join(
            f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{label}</option>'
            for key, label in texts
        )


class SearchField(forms.CharField):
    """What stands in front of every list that can be searched."""

    widget = SlimSearch

    def __init__(self, *, placeholder: Any, **options: Any) -> None:
        super().__init__(required=False, max_length=200, **options)
        self.widget.attrs |= {"placeholder": placeholder, "autocomplete": "off"}


class ChoiceFilter(forms.ChoiceField):
    """One of several values, or any."""

    widget = SlimSelect

    def __init__(self, choices: Any = (), **options: Any) -> None:
        super().__init__(choices=choices, required=False, **options)

    def offer(self, choices: list[tuple[Any, Any]]) -> None:
        """Replace the choices, behind the empty one that stands for any."""
        self.choices = [("", _("Any")), *choices]


class AmountFilter(forms.DecimalField):
    """A limit in money."""

    widget = SlimNumber

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_digits=14, decimal_places=2, **options)


class DayFilter(forms.DateField):
    """A day, as browsers send it."""

    widget = SlimDay

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, input_formats=["%Y-%m-%d"], **options)


@dataclass(frozen=True, slots=True)
class Words:
    """A filter, or a piece of one, in the reader's language, and what its address is without it."""

    label: str
    value: str
    without: dict[str, str | None]  # parameters to change; None takes one away


class FilterForm(forms.Form):
    """The base of filter forms: `lookups` names the condition of each field that has no method `filter_<field>`."""

    lookups: ClassVar[dict[str, str]] = {}

    def __init__(self, data: Any) -> None:
        super().__init__(data, use_required_attribute=False)

    def in_force(self) -> dict[str, Any]:
        """The filters that narrow the list: valid and not empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value or _is_zero(value)}

    def apply(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that pass every filter in force."""
        for name, value in self.in_force().items():
            queryset = self._narrowing(name)(queryset, value)
        return queryset

    def _narrowing(self, name: str) -> Callable[[QuerySet[Any], Any], QuerySet[Any]]:
        method = getattr(self, f"filter_{name}", None)
        return method or (lambda queryset, value: queryset.filter(**{self.lookups[name]: value}))

    def panel(self) -> SafeString:
        """The fields of the filter bar's panel, with what is wrong with each; the search stands apart."""
        shown = ((name, field) for name, field in self.fields.items() if name != "q" and not field.widget.is_hidden)
        return mark_safe("".join(self._panel_field(name, field) for name, field in shown))

    def _panel_field(self, name: str, field: forms.Field) -> str:
        control = field.widget.control(name, self.data.get(name, ""))
        label = f'<label class="form-label" for="id_{name}">{escape(str(field.label))}</label>'
        faults = "".join(
            f'<p class="invalid-feedback d-block">{escape(str(fault))}</p>' for fault in self.errors.get(name, ())
        )
        return f'<div class="filter-field">{label}{control}{faults}</div>'

    def words(self, name: str, value: Any) -> list[Words]:
        """A filter in force in words, in as many pieces as can be taken away one by one."""
        return [Words(str(self.fields[name].label), self.display(name, value), {name: None})]

    def display(self, name: str, value: Any) -> str:
        """A value in force as the reader knows it."""
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            return str(
                next(
                    (label for key, label in cast(Iterable[tuple[Any, Any]], field.choices) if str(key) == value), value
                )
            )
        if isinstance(field, forms.BooleanField):
            return ""
        if isinstance(value, dt.date):
            return day(value)
        if isinstance(value, Decimal):
            return number(value, digits=0 if value == value.to_integral_value() else 2)
        return str(value)


def _is_zero(value: Any) -> bool:
    """Whether a false value is a number, and so says something: a limit of zero is a limit."""
    return isinstance(value, Number) and not isinstance(value, bool)
