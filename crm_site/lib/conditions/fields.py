"""A field that can be filtered by, and conditions checked against such fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm_site.lib.conditions.grammar import BadText, Condition, Group, Joint, Reason, Where, read
from crm_site.lib.conditions.kinds import ABOUT_NOTHING, DAYS, KINDS, OPERATORS, BadValue, Kind
from crm_site.lib.formatting import labelled

# From an operator, its values and today to what is asked of the query.
Narrow = Callable[[str, Sequence[Any], dt.date], Q]
Choices = Sequence[tuple[Any, str | Promise]]
# How many rows a query will probably find.
Expected = Callable[[QuerySet[Any]], int]

# So many finds are put together sooner than all rows are asked.
FEW = 30_000


def no_choices() -> Choices:
    return ()


@dataclass(frozen=True, slots=True)
class Field:
    """Something that a list can be filtered by: one line in the list's register of fields."""

    name: str  # stands in addresses: once given it stays
    label: str | Promise
    kind: str
    narrow: Narrow
    section: str | Promise = ""  # the heading under which the field is offered
    choices: Callable[[], Choices] = no_choices  # asked only where they are needed
    attribute: str = ""  # an attribute that the list's own query must give its rows before they can be narrowed by it
    alias: tuple[str, Any] | None = None  # a name that `narrow` asks by, and the expression that it stands for
    optional: bool = True  # may be unknown
    is_apart: bool = False  # is looked up in another table, row by row unless that table leads
    permission: str = ""  # whoever lacks it can neither see nor use the field
    hint: str | Promise = ""

    @property
    def table(self) -> str:
        """A name for where the field stands: alternatives within one table are found together."""
        return self.name if self.is_apart else "attributes" if self.attribute else ""

    @property
    def operators(self) -> tuple[str, ...]:
        """What the field can be compared by, the most usual first."""
        offered = KINDS[self.kind].operators
        return offered if self.optional else tuple(name for name in offered if name not in ABOUT_NOTHING)

    def kind_of(self, operator: str) -> Kind:
        """How the values behind an operator are read and written."""
        return DAYS if OPERATORS[operator].takes == "days" else KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition that can be asked: its field is there and its values suit."""

    condition: Condition
    field: Field
    values: tuple[Any, ...]

    @property
    def operator(self) -> str:
        return self.condition.operator


@dataclass(frozen=True, slots=True)
class CheckedGroup:
    """Checked conditions of which all or any must hold."""

    conditions: tuple[Checked, ...]
    joint: Joint

    @property
    def tables(self) -> set[str]:
        return {each.field.table for each in self.conditions}

    def parts(self, today: dt.date) -> list[Q]:
        return [each.field.narrow(each.operator, each.values, today) for each in self.conditions]


@dataclass(frozen=True, slots=True)
class CheckedWhere:
    """A filter that can be asked, beside the text that it was."""

    where: Where
    groups: tuple[CheckedGroup, ...]

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def attributes(self) -> set[str]:
        """The attributes that a query must have to be narrowed."""
        return {each.field.attribute for group in self.groups for each in group.conditions} - {""}

    def apply(self, rows: QuerySet[Any], today: dt.date, expected: Expected | None = None) -> QuerySet[Any]:
        """The rows that pass; they must have the attributes.

        Alternatives that stand in several tables would be asked row by row. Where `expected` says that few rows pass,
        each is looked up by itself and the finds are put together (1 query of `expected` for each such alternative).
        """
        aliases = [each.field.alias for group in self.groups for each in group.conditions if each.field.alias]
        whole = rows.alias(**dict(aliases))
        if self.where.joint == "any" and len(self.groups) > 1:
            parts = [_joined(group.parts(today), group.joint) for group in self.groups]
            spread = len(set().union(*(group.tables for group in self.groups))) > 1
            return whole.filter(_any_of(whole, parts, expected if spread else None))
        found = whole
        for group in self.groups:
            if group.joint == "any":
                found = found.filter(_any_of(whole, group.parts(today), expected if len(group.tables) > 1 else None))
            else:
                found = found.filter(*group.parts(today))
        return found


def _joined(parts: Sequence[Q], joint: Joint) -> Q:
    return Q(*parts, _connector=Q.OR if joint == "any" else Q.AND)


def _any_of(rows: QuerySet[Any], parts: Sequence[Q], expected: Expected | None) -> Q:
    """The alternatives as one condition: as they stand, or as the keys of what each of them finds."""
    if expected is None or len(parts) < 2:
        return _joined(parts, "any")
    finds = [rows.filter(part).order_by().values("pk") for part in parts]
    if sum(map(expected, finds)) > FEW:
        return _joined(parts, "any")
    return Q(pk__in=finds[0].union(*finds[1:]))


class BadConditions(ValueError):
    """What is wrong with a filter, a sentence for each piece."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(" ".join(faults))


# --- Checking ---------------------------------------------------------------------------------------------------------


def check_text(text: str, fields: Mapping[str, Field]) -> CheckedWhere:
    """The filter that a text says, ready to be asked. Raises BadConditions with all that is wrong with it."""
    try:
        where = read(text)
    except BadText as problem:
        raise BadConditions([explain(problem)]) from problem
    return check(where, fields)


def check(where: Where, fields: Mapping[str, Field]) -> CheckedWhere:
    """The filter, ready to be asked. Raises BadConditions."""
    faults: list[str] = []
    groups = tuple(_checked_group(group, fields, faults) for group in where.groups)
    if faults:
        raise BadConditions(faults)
    return CheckedWhere(where, groups)


def _checked_group(group: Group, fields: Mapping[str, Field], faults: list[str]) -> CheckedGroup:
    checked = []
    for condition in group.conditions:
        try:
            checked.append(check_condition(condition, fields))
        except BadValue as problem:
            faults.append(str(problem))
    return CheckedGroup(tuple(checked), group.joint)


def check_condition(condition: Condition, fields: Mapping[str, Field]) -> Checked:
    """The condition, ready to be asked. Raises BadValue."""
    field = fields.get(condition.field)
    if field is None:
        raise BadValue(_("There is no field “%(name)s” to filter by.") % {"name": condition.field})
    if condition.operator not in field.operators:
        asked = {"field": field.label, "operator": condition.operator}
        raise BadValue(_("%(field)s cannot be compared by “%(operator)s”.") % asked)
    return Checked(condition, field, read_values(condition, field))


def read_values(condition: Condition, field: Field) -> tuple[Any, ...]:
    """The values of a condition as Python knows them. Raises BadValue."""
    takes, given = OPERATORS[condition.operator].takes, condition.values
    wanted = {"none": 0, "one": 1, "two": 2, "days": 1}.get(takes, max(1, len(given)))
    if len(given) != wanted:
        raise BadValue(labelled(field.label, _wanted(wanted)))
    kind = field.kind_of(condition.operator)
    try:
        values = tuple(_chosen(field, text) if kind.control == "choice" else kind.read(text) for text in given)
    except BadValue as problem:
        raise BadValue(labelled(field.label, problem)) from problem
    if takes == "two" and values[0] > values[1]:
        raise BadValue(labelled(field.label, _("The first value must not be above the second.")))
    return values


def _wanted(count: int) -> str:
    match count:
        case 0:
            return _("No value belongs here.")
        case 1:
            return _("A value is missing.")
        case _:
            return _("Give both values.")


def _chosen(field: Field, text: str) -> Any:
    """The value of a choice by its text."""
    for value, _label in field.choices():
        if str(value) == text:
            return value
    raise BadValue(_("“%(value)s” cannot be chosen, or no longer.") % {"value": text})


def explain(problem: BadText) -> str:
    """Why a text is no filter, in words."""
    piece = {"piece": problem.piece}
    match problem.reason:
        case Reason.TOO_LONG:
            return _("The filter is too long.")
        case Reason.TOO_MANY:
            return _("The filter has too many conditions.")
        case Reason.BRACKETS:
            return _("The brackets in “%(piece)s” do not match.") % piece
        case Reason.EMPTY:
            return _("A piece of the filter is empty.")
        case Reason.CHARACTER:
            return _("The filter holds a character that no value has.")
        case _:
            return _("“%(piece)s” is no condition.") % piece


def fault_of(condition: Condition, fields: Mapping[str, Field]) -> str:
    """What is wrong with a condition, '' for nothing."""
    try:
        check_condition(condition, fields)
    except BadValue as problem:
        return str(problem)
    return ""
