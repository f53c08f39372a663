"""A filter in the reader's language, whole and in the pieces that can be taken away one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.conditions.fields import Checked, CheckedGroup, CheckedWhere
from crm_site.lib.conditions.grammar import Where
from crm_site.lib.conditions.kinds import OPERATORS


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a filter in words, and the filter without it."""

    label: str  # the field, where the piece is about one
    text: str
    without: Where


def phrase(checked: Checked, currency: str) -> str:
    """What is asked of the field: “at most €0”."""
    alone = checked.operator == "out" and len(checked.values) == 1
    operator = OPERATORS["not" if alone else checked.operator]
    if operator.takes == "days":
        return str(operator.phrase % {"count": checked.values[0]})
    written = [_written(checked, value, currency) for value in checked.values]
    if operator.takes == "many":
        return str(operator.phrase) % {"value": _listed(written, neither=checked.operator == "out")}
    value, other = [*written, "", ""][:2]
    return str(operator.phrase) % {"value": value, "other": other}


def _written(checked: Checked, value: Any, currency: str) -> str:
    kind = checked.field.kind_of(checked.operator)
    if kind.control != "choice":
        return kind.written(value, currency)
    return next(str(label) for each, label in checked.field.choices() if each == value)


def _listed(written: Sequence[str], *, neither: bool) -> str:
    """Several values one after the other: “Lyon, Metz or Paris”."""
    if len(written) == 1:
        return written[0]
    pair = {"first": ", ".join(written[:-1]), "last": written[-1]}
    return (_("%(first)s nor %(last)s") if neither else _("%(first)s or %(last)s")) % pair


def sentence(checked: Checked, currency: str) -> str:
    """The condition with its field: “Profit at most €0”."""
    parts = {"field": checked.field.label, "condition": phrase(checked, currency)}
    return pgettext("filter", "%(field)s %(condition)s") % parts


def describe(where: CheckedWhere, currency: str) -> str:
    """The whole filter: “Profit at most €0 and town is Lyon or Paris”."""
    groups = [_group(group, currency, alone=len(where.groups) == 1) for group in where.groups]
    return _together(groups, where.where.joint)


def _group(group: CheckedGroup, currency: str, *, alone: bool) -> str:
    text = _together([sentence(each, currency) for each in group.conditions], group.joint)
    return text if alone or len(group.conditions) == 1 else f"({text})"


def _together(texts: Sequence[str], joint: str) -> str:
    word = pgettext("filter", "or") if joint == "any" else pgettext("filter", "and")
    return f" {word} ".join(texts)


def pieces(where: CheckedWhere, currency: str) -> list[Piece]:
    """The parts that all must hold, one by one; a whole of alternatives in its groups."""
    found: list[Piece] = []
    for place, group in enumerate(where.groups):
        if where.where.joint == "all" and (group.joint == "all" or len(group.conditions) == 1):
            found += _conditions(where, place, currency)
        else:
            text = _together([sentence(each, currency) for each in group.conditions], group.joint)
            first = where.where.joint == "all" or not place
            found.append(Piece("" if first else pgettext("filter", "or"), text, _without(where.where, place)))
    return found


def _conditions(where: CheckedWhere, place: int, currency: str) -> list[Piece]:
    group = where.groups[place]
    return [
        Piece(str(each.field.label), phrase(each, currency), _without(where.where, place, position))
        for position, each in enumerate(group.conditions)
    ]


def _without(where: Where, place: int, position: int | None = None) -> Where:
    """The filter without one group, or without one condition of it."""
    group = where.groups[place]
    kept = () if position is None else (*group.conditions[:position], *group.conditions[position + 1 :])
    middle = (replace(group, conditions=kept),) if kept else ()
    return replace(where, groups=(*where.groups[:place], *middle, *where.groups[place + 1 :]))
