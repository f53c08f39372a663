"""Figures and dates in templates, as the reader's language writes them: `{% load format %}`.

    {% money value %}  {% money value digits=0 %}    an amount in the company's currency (`company.currency`)
    {{ value|money:"EUR" }}  {{ value|compact_money:company.currency }}
    {{ value|number }}  {{ value|number:2 }}  {{ value|compact_number }}
    {{ share|percent }}  {{ share|percent:0 }}       a share, so 0.163 gives 16.3 %
    {{ date|day }}  {{ date|day:"long" }}  {{ date|month }}  {{ datetime|moment }}  {{ datetime|ago }}
    {{ anything|or_unknown }}                        the dash for None and empty text

None is shown as a dash that screen readers read as "unknown", never as zero.
"""

import datetime as dt
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import mark_safe

from crm_site.lib import formatting
from crm_site.lib.drawing import unknown
from crm_site.lib.formatting import Number

register = template.Library()


@register.filter
def money(value: Number | None, currency: str) -> str:
    """An amount in the given currency."""
    return unknown() if value is None else formatting.money(value, currency)


@register.simple_tag(takes_context=True, name="money")
def company_money(context: Context, value: Number | None, digits: int | None = None) -> str:
    """An amount in the company's currency."""
    return unknown() if value is None else formatting.money(value, context["company"].currency, digits=digits)


@register.filter
def compact_money(value: Number | None, currency: str) -> str:
    """An amount shortened for a headline."""
    return unknown() if value is None else formatting.compact_money(value, currency)


@register.filter
def number(value: Number | None, digits: int = 0) -> str:
    """A plain number."""
    return unknown() if value is None else formatting.number(value, digits=digits)


@register.filter
def compact_number(value: Number | None) -> str:
    """A plain number shortened for a headline."""
    return unknown() if value is None else formatting.compact_number(value)


@register.filter
def percent(value: Number | None, digits: int = 1) -> str:
    """A share as a percentage."""
    return unknown() if value is None else formatting.percent(value, digits=digits)


@register.filter
def day(value: dt.date | None, style: str = "medium") -> str:
    """A day."""
    return unknown() if value is None else formatting.day(value, style)


@register.filter
def month(value: dt.date | None) -> str:
    """A month of a year."""
    return unknown() if value is None else formatting.month(value)


@register.filter
def moment(value: dt.datetime | None) -> str:
    """A day and a time of day."""
    return unknown() if value is None else formatting.moment(value)


@register.filter
def ago(value: dt.datetime | None) -> str:
    """How long ago, with the exact moment on hover."""
    if value is None:
        return unknown()
    exact, text = escape(formatting.moment(value)), escape(formatting.ago(value, timezone.now()))
    return mark_safe(f'<time datetime="{value.isoformat()}" title="{exact}">{text}</time>')


@register.filter
def or_unknown(value: Any) -> Any:
    """The value itself, or the dash when there is none."""
    return unknown() if value is None or value in ("", formatting.UNKNOWN) else value
