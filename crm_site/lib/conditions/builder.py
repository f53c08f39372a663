"""The form in which a filter is put together: rows in groups, each a field with its operator and what was typed.

Every press of a button answers with the whole form anew, so that it works without scripts; what was typed stays as it
was typed until the filter is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby, takewhile
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm_site.lib.conditions.fields import Field, check_condition
from crm_site.lib.conditions.grammar import MOST_CONDITIONS, Condition, Group, Joint, Where
from crm_site.lib.conditions.kinds import OPERATORS, BadValue

Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Choice:
    """One of several values to choose."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True)
class Row:
    """A condition as it is being put together. `name` begins the names of its inputs."""

    name: str
    field_name: str
    field: Field | None  # None: there is no such field, or no longer
    operator: str = ""
    typed: tuple[str, ...] = ()
    fault: str = ""
    is_new: bool = False

    @property
    def label(self) -> str:
        return str(self.field.label) if self.field else self.field_name

    @property
    def operators(self) -> list[Choice]:
        names = self.field.operators if self.field else ()
        return [Choice(name, str(OPERATORS[name].label), name == self.operator) for name in names]

    @property
    def control(self) -> str:
        """Which input the value wants: none, text, lines, decimal, date, choice or choices."""
        if self.field is None or not self.takes or self.takes == "none":
            return "none"
        wanted = self.field.kind_of(self.operator).control
        many = {"choice": "choices", "text": "lines"}
        return many.get(wanted, wanted) if self.takes == "many" else wanted

    @property
    def takes(self) -> str:
        return OPERATORS[self.operator].takes if self.operator in OPERATORS else ""

    @property
    def inputs(self) -> list[str]:
        """What stands in each input."""
        wanted = 2 if self.takes == "two" else 1
        return [*self.typed, "", ""][:wanted]

    @property
    def lines(self) -> str:
        return "\n".join(self.typed)

    @cached_property
    def choices(self) -> list[Choice]:
        """What can be chosen; what was chosen and is no longer there is left out."""
        offered = self.field.choices() if self.field else ()
        return [Choice(str(value), str(label), str(value) in self.typed) for value, label in offered]


@dataclass(frozen=True)
class RowGroup:
    """Rows of which all or any must hold, and the field that is chosen for the next."""

    name: str
    rows: tuple[Row, ...] = ()
    joint: Joint = "all"
    next_field: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Section:
    """Fields under one heading."""

    label: str
    fields: list[Field]


@dataclass(frozen=True)
class Builder:
    """A filter as it is being put together."""

    groups: tuple[RowGroup, ...]
    joint: Joint = "all"

    @property
    def faults(self) -> list[str]:
        return [row.fault for group in self.groups for row in group.rows if row.fault]

    @property
    def is_full(self) -> bool:
        return sum(len(group.rows) for group in self.groups) >= MOST_CONDITIONS


def sections(fields: Fields) -> list[Section]:
    """All fields under their headings, as they are declared."""
    return [
        Section(str(label), list(those)) for label, those in groupby(fields.values(), key=lambda field: field.section)
    ]


# --- From an address, and from the form ---------------------------------------------------------------------------


def builder_of(where: Where, fields: Fields) -> Builder:
    """The form for a filter; an empty group for none."""
    groups = [
        RowGroup("", tuple(_row(condition, fields) for condition in group.conditions), group.joint)
        for group in where.groups
    ]
    return _named(Builder(tuple(groups) or (RowGroup(""),), where.joint))


def _row(condition: Condition, fields: Fields) -> Row:
    field = fields.get(condition.field)
    if field is None or condition.operator not in field.operators:
        fault = _("This condition cannot be used, or no longer: take it away.")
        return Row("", condition.field, None, condition.operator, condition.values, fault)
    shown = tuple(map(field.kind_of(condition.operator).shown, condition.values))
    return _checked(Row("", condition.field, field, condition.operator, shown))[0]


def builder_from(data: QueryDict, fields: Fields) -> Builder:
    """The form as it was sent."""
    groups = tuple(_sent_group(data, name, fields) for name in _numbered(data, "g"))
    return _named(Builder(groups[:MOST_CONDITIONS] or (RowGroup(""),), _joint(data.get("whole"))))


def _numbered(data: QueryDict, prefix: str) -> list[str]:
    return list(takewhile(lambda name: name in data, (f"{prefix}{number}" for number in count())))


def _sent_group(data: QueryDict, name: str, fields: Fields) -> RowGroup:
    rows = [_sent_row(data, row, fields) for row in _numbered(data, f"{name}r")[:MOST_CONDITIONS]]
    return RowGroup(name, tuple(rows), _joint(data.get(name)), data.get(f"{name}new", ""))


def _sent_row(data: QueryDict, name: str, fields: Fields) -> Row:
    field_name, operator = str(data[name]), data.get(f"{name}o", "")
    field = fields.get(field_name)
    typed = [line for value in data.getlist(f"{name}v") for line in value.splitlines()]
    if field and operator not in field.operators:
        operator = field.operators[0]
    return Row(name, field_name, field, operator, tuple(filter(None, map(str.strip, typed))))


def _joint(text: str | None) -> Joint:
    return "any" if text == "any" else "all"


# --- What the buttons do ----------------------------------------------------------------------------------------------


def pressed(builder: Builder, button: str, fields: Fields) -> Builder:
    """The form after a button was pressed; as it was for a button that is not there."""
    action, *numbers = button.split("-")
    match action, [int(number) for number in numbers if number.isdecimal() and len(number) < 4]:
        case "group", [] if not builder.is_full:
            return _named(replace(builder, groups=(*builder.groups, RowGroup("", is_new=True))))
        case "drop", [place] if place < len(builder.groups):
            kept = _without(builder.groups, place)
            return _named(replace(builder, groups=_touched(kept, -1) if kept else (RowGroup("", is_new=True),)))
        case "add", [place] if place < len(builder.groups) and not builder.is_full:
            return _with_group(builder, place, _longer(builder.groups[place], fields))
        case "remove", [place, position] if place < len(builder.groups):
            group = builder.groups[place]
            shorter = replace(group, rows=_without(group.rows, position), is_new=True)
            return _with_group(builder, place, shorter)
    return builder


def _longer(group: RowGroup, fields: Fields) -> RowGroup:
    field = fields.get(group.next_field)
    if field is None:
        return replace(group, is_new=True)
    row = Row("", field.name, field, field.operators[0], is_new=True)
    return replace(group, rows=(*group.rows, row), next_field="")


def _without(items: Sequence[Any], place: int) -> tuple[Any, ...]:
    return (*items[:place], *items[place + 1 :])


def _touched(groups: Sequence[RowGroup], place: int) -> tuple[RowGroup, ...]:
    """The groups, one of them to go on from."""
    changed = list(groups)
    changed[place] = replace(changed[place], is_new=True)
    return tuple(changed)


def _with_group(builder: Builder, place: int, group: RowGroup) -> Builder:
    groups = (*builder.groups[:place], group, *builder.groups[place + 1 :])
    return _named(replace(builder, groups=groups))


def _named(builder: Builder) -> Builder:
    """Every group and row under the name of its place."""
    groups = []
    for place, group in enumerate(builder.groups):
        name = f"g{place}"
        rows = tuple(replace(row, name=f"{name}r{position}") for position, row in enumerate(group.rows))
        groups.append(replace(group, name=name, rows=rows))
    return replace(builder, groups=tuple(groups))


# --- The filter -------------------------------------------------------------------------------------------------------


def checked(builder: Builder) -> Builder:
    """The form with what is wrong beside each row."""
    groups = tuple(replace(group, rows=tuple(_checked(row)[0] for row in group.rows)) for group in builder.groups)
    return replace(builder, groups=groups)


def where_of(builder: Builder) -> Where:
    """The filter that the rows without a fault say; groups without rows say nothing."""
    found = [(group.joint, [_checked(row)[1] for row in group.rows]) for group in builder.groups]
    groups = [Group(tuple(filter(None, conditions)), joint) for joint, conditions in found]
    return Where(tuple(group for group in groups if group.conditions), builder.joint)


def _checked(row: Row) -> tuple[Row, Condition | None]:
    """The row with its fault, or the condition that it says."""
    if row.field is None:
        return replace(row, fault=row.fault or _("This condition cannot be used, or no longer: take it away.")), None
    kind = row.field.kind_of(row.operator)
    try:
        values = () if row.takes == "none" else tuple(map(kind.typed, row.typed))
        condition = Condition(row.field.name, row.operator, values)
        check_condition(condition, {row.field.name: row.field})
    except BadValue as problem:
        return replace(row, fault=str(problem)), None
    return replace(row, fault=""), condition
