"""Django's `url` and `translate`, which find once what does not change: a page has dozens of each.

Both come to every template by the settings: `url` as a builtin, `translate` in place of Django's library `i18n`.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template import defaulttags
from django.template.base import Parser, Token
from django.templatetags import i18n
from django.urls import NoReverseMatch
from django.utils.html import escape
from django.utils.translation import get_language

from crm_site.lib.addresses import reverse

register = template.Library()
register.tags |= i18n.register.tags
register.filters |= i18n.register.filters


class AddressNode(defaulttags.URLNode):
    """The address of a URL name without a namespace, and keys in their order."""

    def render(self, context: template.Context) -> Any:
        name = self.view_name.resolve(context)
        if self.kwargs or not isinstance(name, str) or ":" in name:
            return super().render(context)
        try:
            address = reverse(name, [key.resolve(context) for key in self.args])
        except NoReverseMatch:
            if not self.asvar:
                raise
            address = ""
        if not self.asvar:
            return escape(address) if context.autoescape else address
        context[self.asvar] = address
        return ""


@register.tag
def url(parser: Parser, token: Token) -> AddressNode:
    """As Django's own."""
    node = defaulttags.url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


class ConstantNode(template.Node):
    """A text of the template itself, translated once for each language."""

    child_nodelists = ()

    def __init__(self, node: i18n.TranslateNode) -> None:
        self.node, self.asvar = node, node.asvar
        node.asvar = None
        self.known: dict[str | None, Any] = {}

    def render(self, context: template.Context) -> Any:
        language = get_language()
        if language not in self.known:
            self.known[language] = self.node.render(context)
        if not self.asvar:
            return self.known[language]
        context[self.asvar] = self.known[language]
        return ""


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> template.Node:
    """As Django's own."""
    node = i18n.do_translate(parser, token)
    text = node.filter_expression
    is_constant = isinstance(text.var, template.Variable) and text.var.literal is not None and not text.filters
    return ConstantNode(node) if is_constant and _is_constant(node.message_context) else node


def _is_constant(context: Any) -> bool:
    """Whether the words that tell one meaning from another, if there are any, are a text too."""
    return context is None or not isinstance(context.var, template.Variable) or context.var.literal is not None
