"""Forms as crispy's templates draw them, written as text: a page with a form has twenty fields of dozens of nodes each.

`templates/bootstrap5/field.html` and `uni_form.html` stand in for crispy's own and show what this module answers. What
no form here asks for (horizontal forms, table cells, hidden labels) is left out; a test compares both.
"""

from __future__ import annotations

from html import escape
from typing import Any

from crispy_forms.templatetags.crispy_forms_filters import optgroups
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from crm_site.lib.widgets import as_is, attributes


def form_fields(form: BaseForm) -> SafeString:
    """All fields, below what is wrong with the form as a whole."""
    wrong = render_to_string("bootstrap5/errors.html", {"form": form}) if form.non_field_errors() else ""
    return mark_safe(wrong + "".join(map(form_field, form)))


def form_field(field: BoundField) -> SafeString:
    """One field with its label, its explanation and what is wrong with it."""
    if field.is_hidden:
        return mark_safe(str(field))
    css = f" {classes}" if (classes := as_is(field.css_classes())) else ""
    if isinstance(field.field.widget, CheckboxInput):
        box = _input(field, "form-check-input") + _label(field, "form-check-label") + _errors(field) + _help(field)
        return mark_safe(f'<div class="mb-3"><div id="div_{field.auto_id}" class="form-check{css}">{box}</div></div>')
    if field.label and field.use_fieldset:
        described = f' aria-describedby="{as_is(field.aria_describedby)}"' if field.aria_describedby else ""
        body = f"<fieldset{described}>{_label(field, 'form-label', many=True)}{_body(field)}</fieldset>"
    else:
        body = (_label(field, "form-label") if field.label else "") + _body(field)
    return mark_safe(f'<div id="div_{field.auto_id}" class="mb-3{css}">{body}</div>')


def _label(field: BoundField, css: str, *, many: bool = False) -> str:
    """What a field is called; the heading of several inputs."""
    tag, fs = ("legend", " fs-6") if many else ("label", "")
    target = f' for="{field.id_for_label}"' if field.id_for_label else ""
    mark, sign = (" requiredField", '<span class="asteriskField">*</span>') if field.field.required else ("", "")
    return f'<{tag}{target} class="{css}{mark}{fs}">{as_is(field.label)}{sign}</{tag}>'


def _body(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return _choices(field) + _help(field)
    if isinstance(widget, FileInput):
        return render_to_string("bootstrap5/layout/field_file.html", {"field": field, "form_show_errors": True})
    css = "form-select" if isinstance(widget, Select) else "form-control"
    return _input(field, css) + _errors(field) + _help(field)


def _input(field: BoundField, css: str) -> str:
    """The inputs of a field, which as crispy has it are of the class that they are named by."""
    widget: Any = field.field.widget
    classes = f"{css} is-invalid" if field.errors else css
    for each in getattr(widget, "widgets", [getattr(widget, "widget", widget)]):
        name, given = type(each).__name__.lower(), each.attrs.get("class", "")
        words = given if name in given else f"{given} {name}".strip()
        missing = [word for word in classes.split() if word not in words.split()]
        each.attrs["class"] = " ".join([words, *missing])
    return str(field)


def _choices(field: BoundField) -> str:
    """A tick box or a radio button for each choice; what is wrong stands below the last one."""
    wrong, parts = " is-invalid" if field.errors else "", []
    for group, options, _index in optgroups(field):
        parts += [f"<strong>{as_is(group)}</strong>"] if group else []
        parts += [_choice(field, option, wrong) for option in options]
    if parts and wrong:
        parts[-1] = parts[-1].removesuffix("</div>") + _errors(field) + "</div>"
    return f"<div>{''.join(parts)}</div>"


def _choice(field: BoundField, option: dict[str, Any], wrong: str) -> str:
    return (
        f'<div class="form-check"><input type="{option["type"]}" class="form-check-input{wrong}" '
        f'name="{escape(field.html_name)}" value="{as_is(option["value"])}"{attributes(option)}>'
        f'<label for="{as_is(option["attrs"].get("id", ""))}" class="form-check-label">{as_is(option["label"])}</label>'
        f"</div>"
    )


def _errors(field: BoundField) -> str:
    if not field.errors:
        return ""
    lines = "".join(
        f'<p id="error_{number}_{field.auto_id}"><strong>{as_is(error)}</strong></p>'
        for number, error in enumerate(field.errors, start=1)
    )
    identity = field.errors.field_id  # type: ignore[attr-defined]
    return f'<div id="{identity}_error" class="invalid-feedback">{lines}</div>'


def _help(field: BoundField) -> str:
    """The explanation of a field, which may hold markup of its own."""
    if not field.help_text:
        return ""
    identity = f'id="{field.auto_id}_helptext" ' if field.auto_id else ""
    return f'<div {identity}class="form-text">{field.help_text}</div>'
