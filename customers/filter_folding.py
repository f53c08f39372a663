"""Simple filters as conditions, so that all of a segment's filters can be changed in one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.http import QueryDict

from crm_site.lib.conditions.grammar import BadText, Condition, Group, Where, read, write
from customers.forms import CustomerFilters
from customers.models import Run
from customers.reports import filter_choices

# The condition that says the same as a simple filter.
SAME = {
    "q": ("words", "has"),
    "kind": ("kind", "is"),
    "country": ("country", "is"),
    "owner": ("owner", "is"),
    "source": ("source", "is"),
    "stage": ("stage", "is"),
    "category": ("category", "is"),
    "profit_min": ("profit", "least"),
    "profit_max": ("profit", "most"),
    "value_min": ("lifetime_value", "least"),
}


def folded(query: str, run: Run | None) -> tuple[str, Sequence[tuple[str, str]]]:
    """A list's address as one filter, and those of its parameters that no condition says.

    A whole of alternatives has no room for one more condition: its simple filters stay as they are.
    """
    given = {name: str(value) for name, value in QueryDict(query).items() if value}
    where = given.pop("where", "")
    try:
        whole = read(where)
    except BadText:
        return where, list(given.items())
    if whole.joint == "any" and len(whole.groups) > 1:
        return where, list(given.items())
    usable = CustomerFilters(QueryDict(query), choices=filter_choices(), run=run).in_force()
    said = [Condition(*SAME[name], (_plain(usable[name]),)) for name in given if name in SAME and name in usable]
    rest = [(name, value) for name, value in given.items() if name not in SAME or name not in usable]
    return write(_joined(said, whole)), rest


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _joined(said: Sequence[Condition], whole: Where) -> Where:
    """The conditions before those of the filter."""
    if not said:
        return whole
    if len(whole.groups) == 1 and whole.groups[0].joint == "all":
        only = whole.groups[0]
        return Where((replace(only, conditions=(*said, *only.conditions)),))
    return Where((Group(tuple(said)), *whole.groups))
