"""Widgets written as text, and fields of forms, are those of the templates that they stand in for."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from crispy_forms.templatetags.crispy_forms_filters import as_crispy_form
from django import forms
from django.forms.renderers import TemplatesSetting
from django.template.backends.django import DjangoTemplates
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import override

from crm_site.lib.widgets import TextRenderer

CHOICES = [
    ("", "None"),
    ("a", "A & <b>"),
    (1, 1234),
    ("Group <1>", [("c", lazystr("C")), ("d", mark_safe("<i>D</i>"))]),
]
WIDGETS = [
    (forms.TextInput(), 'He said "<b>"'),
    (forms.TextInput(attrs={"required": True, "disabled": False, "data-x": 'a"b', "maxlength": 12000}), None),
    (forms.NumberInput(), Decimal("1234.50")),
    (forms.EmailInput(), ""),
    (forms.URLInput(), "https://example.com/?a=1&b=2"),
    (forms.PasswordInput(render_value=True), "secret"),
    (forms.HiddenInput(), 12345),
    (forms.DateInput(), dt.date(2026, 11, 29)),
    (forms.TimeInput(), dt.time(9, 30)),
    (forms.DateTimeInput(), dt.datetime(2026, 11, 29, 9, 30)),
    (forms.CheckboxInput(), True),
    (forms.CheckboxInput(), False),
    (forms.FileInput(), None),
    (forms.Textarea(attrs={"rows": 3}), "Two\nlines & <more>"),
    (forms.Textarea(), None),
    (forms.Select(choices=CHOICES), "a"),
    (forms.Select(choices=CHOICES, attrs={"class": "wide"}), None),
    (forms.SelectMultiple(choices=CHOICES), ["a", "d"]),
    (forms.NullBooleanSelect(), True),
    (forms.RadioSelect(choices=CHOICES), "a"),
    (forms.CheckboxSelectMultiple(choices=CHOICES), ["a"]),
    (forms.SplitDateTimeWidget(), dt.datetime(2026, 11, 29, 9, 30)),
    (forms.SelectDateWidget(years=[2026]), dt.date(2026, 11, 29)),
    (forms.MultipleHiddenInput(), ["a", "b"]),
]


def without_space(html: str) -> str:
    return re.sub(r">\s+<", "><", html)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("widget", "value"), WIDGETS, ids=lambda each: type(each).__name__)
def test_widgets_written_as_text_are_those_of_the_templates(widget: forms.Widget, value: Any, language: str) -> None:
    with override(language):
        ours = widget.render("field<1>", value, attrs={"id": "id_field"}, renderer=TextRenderer())
        theirs = widget.render("field<1>", value, attrs={"id": "id_field"}, renderer=TemplatesSetting())
    assert without_space(ours) == without_space(theirs)
    assert "field&lt;1&gt;" in ours


class Everything(forms.Form):
    """A field of every kind that forms here are made of."""

    name = forms.CharField(help_text="How it is <em>called</em>.")
    note = forms.CharField(widget=forms.Textarea, required=False, label="")
    kind = forms.ChoiceField(choices=CHOICES)
    agreed = forms.BooleanField(help_text="Needed.")
    news = forms.BooleanField(required=False)
    one = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect, help_text="One of them.")
    some = forms.MultipleChoiceField(choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    file = forms.FileField(help_text="A table.")
    day = forms.SplitDateTimeField(required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)
    required_css_class = "is-required"


@pytest.mark.parametrize("data", [None, {}, {"name": "x", "kind": "a", "agreed": "on", "one": "a", "some": ["a"]}])
def test_fields_are_those_of_the_template_that_they_stand_in_for(data: dict[str, Any] | None) -> None:
    options = {"libraries": {"i18n": "crm_site.lib.templatetags.quick"}, "context_processors": []}
    pack = DjangoTemplates({"NAME": "pack", "DIRS": [], "APP_DIRS": True, "OPTIONS": options})
    context = {"field_template": "bootstrap5/field.html", "form_show_errors": True, "form_show_labels": True}
    theirs = pack.get_template("bootstrap5/uni_form.html").render(context | {"form": Everything(data)})
    assert tags(as_crispy_form(Everything(data))) == tags(theirs)


def tags(html: str) -> list[str]:
    """Tags and texts without the space between them and inside of tags."""
    return [
        re.sub(r"\s+", " ", part).replace(" >", ">").strip() for part in re.split(r"(<[^>]+>)", html) if part.strip()
    ]
