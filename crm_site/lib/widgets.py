"""Django's plain inputs, selects and text areas, written as text.

A form has some twenty of them, and Django renders a template for each, one for its attributes, and two for every
option. What is written here is the same markup, without the line breaks between options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.safestring import SafeString

Widget = Mapping[str, Any]


class TextRenderer(TemplatesSetting):
    """Renders as the project's templates say; the plainest of Django's widgets without a template."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        draw = DRAWN.get(template_name)
        return draw(context["widget"]) if draw else super().render(template_name, context, request)


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{as_is(widget["value"])}"'
    return f'<input type="{as_is(widget["type"])}" name="{as_is(widget["name"])}"{value}{attributes(widget)}>'


def _textarea(widget: Widget) -> str:
    text = _shown(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{as_is(widget["name"])}"{attributes(widget)}>\n{text}</textarea>'


def _select(widget: Widget) -> str:
    groups = "".join(_group(name, options) for name, options, _index in widget["optgroups"])
    return f'<select name="{as_is(widget["name"])}"{attributes(widget)}>{groups}</select>'


def _group(name: Any, options: list[Widget]) -> str:
    inside = "".join(map(_option, options))
    return f'<optgroup label="{_shown(name)}">{inside}</optgroup>' if name else inside


def _option(option: Widget) -> str:
    return f'<option value="{as_is(option["value"])}"{attributes(option)}>{_shown(option["label"])}</option>'


def attributes(widget: Widget) -> str:
    """The attributes of a widget or of one of its choices, with a space before each."""
    return "".join(_attribute(name, value) for name, value in widget["attrs"].items() if value is not False)


def _attribute(name: str, value: Any) -> str:
    return f" {escape(name)}" if value is True else f' {escape(name)}="{as_is(value)}"'


def as_is(value: Any) -> str:
    """A value as programs read it."""
    return value if isinstance(value, SafeString) else escape(str(value))


def _shown(value: Any) -> str:
    """A value as readers write it."""
    return as_is(value if isinstance(value, str) else localize(value))


INPUTS = ("input", "text", "number", "email", "url", "search", "tel", "password", "hidden", "date", "time", "checkbox")
DRAWN: Mapping[str, Callable[[Widget], str]] = {
    **{f"django/forms/widgets/{name}.html": _input for name in (*INPUTS, "datetime", "file")},
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
}
