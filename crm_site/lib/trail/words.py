"""Changes as readers know them: fields by their labels, values as the reader's language writes them, keys by names."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib import formatting
from crm_site.lib.fields import CentsField
from crm_site.lib.jobs.registry import kind_named
from crm_site.lib.trail.models import Change
from crm_site.lib.trail.registry import Inner, Tracked, files, tracked

Writer = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: what it is called, and what it was and is; empty for nothing."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        values = {"before": self.before or formatting.UNKNOWN, "after": self.after or formatting.UNKNOWN}
        return _("%(field)s: %(before)s → %(after)s") % ({"field": self.label} | values)


@dataclass(frozen=True, slots=True)
class Line:
    """One change in words."""

    at: dt.datetime
    who: str
    means: str  # the job or the file through which it was done; empty for a person at a page
    kind: str  # added, changed or removed, as a word
    tone: str
    thing: str  # what kind of thing it is: a task, a cost pool
    title: str
    url: str  # of the thing, while it has a page and is there
    customer_id: int | None
    fields: tuple[FieldChange, ...] = ()


TONES = {Change.Kind.ADDED: "success", Change.Kind.CHANGED: "info", Change.Kind.REMOVED: "danger"}


def in_words(changes: Iterable[Change]) -> list[Line]:
    """The changes in words (1 query for each model whose keys are named, 1 for the company's own fields if any)."""
    rows = list(changes)
    names, currency = Names(rows), files().currency()
    return [_line(change, names, currency) for change in rows]


def _line(change: Change, names: Names, currency: str) -> Line:
    declared = tracked().get(change.model)
    return Line(
        at=change.at,
        who=who(change),
        means=_means(change),
        kind=str(Change.Kind(change.kind).label),
        tone=TONES[Change.Kind(change.kind)],
        thing=capfirst(str(declared.model._meta.verbose_name)) if declared else change.model,
        title=_title(change, declared),
        url=_url(change, declared),
        customer_id=change.customer_id,
        fields=tuple(_fields(change, declared, names, currency)) if declared else (),
    )


def who(change: Change) -> str:
    """The person's name; whoever has no account any more, and the system itself, have none."""
    if change.user_id is None:
        return "" if change.job or change.file_name else _("The system")
    return str(change.user) if _user(change) else _("Somebody who has left")


def _user(change: Change) -> bool:
    """Whether the account is still there: the trail keeps its number without holding on to it."""
    try:
        return change.user is not None
    except models.ObjectDoesNotExist:
        return False


def _means(change: Change) -> str:
    if change.file_name:
        return _("Import of “%(file)s”") % {"file": change.file_name}
    return str(kind_named(change.job).label) if change.job else ""


def _title(change: Change, declared: Tracked | None) -> str:
    """What the row was called then; rows that stand for a choice are called by its label."""
    key = declared.model._meta.pk if declared else None
    return str(dict(key.flatchoices).get(change.object_id, change.title)) if key and key.flatchoices else change.title


def _url(change: Change, declared: Tracked | None) -> str:
    if declared is None or not declared.url_name or change.kind == Change.Kind.REMOVED:
        return ""
    return reverse(declared.url_name, args=[change.object_id])


# --- Fields -----------------------------------------------------------------------------------------------------------


def _fields(change: Change, declared: Tracked, names: Names, currency: str) -> Iterable[FieldChange]:
    """The changed fields in the order of their declaration."""
    columns = declared.columns
    for column, each in columns.items():
        if column in change.fields:
            write = names.writer(each) or writer(each, currency)
            yield _pair(capfirst(str(each.verbose_name)), change.fields[column], write)
        elif column in declared.inner:
            yield from _inner(change, column, names.inner(declared, column))
    for name in declared.links:
        if name in change.fields:
            link = declared.link(name)
            yield _pair(capfirst(str(link.verbose_name)), change.fields[name], names.of_many(link))


def _inner(change: Change, column: str, known: Mapping[str, Inner]) -> Iterable[FieldChange]:
    for path, values in change.fields.items():
        if path.startswith(f"{column}."):
            key = path.removeprefix(f"{column}.")
            inner = known.get(key) or Inner(key, str)
            yield _pair(str(inner.label), values, inner.write)


def _pair(label: str, values: Sequence[Any], write: Writer) -> FieldChange:
    before, after = (write(value) if value not in (None, "", []) else "" for value in values)
    return FieldChange(label, before, after)


def writer(each: models.Field[Any, Any], currency: str) -> Writer:
    """How a field's value, as the database writes it in JSON, stands in the reader's language."""
    if isinstance(each, ArrayField):
        one = writer(each.base_field, currency)
        return lambda values: ", ".join(map(one, values))
    if each.flatchoices:
        labels = {str(value): str(label) for value, label in each.flatchoices}
        return lambda value: labels.get(str(value), str(value))
    for kind, write in WRITERS.items():
        if isinstance(each, kind):
            return lambda value: write(value, currency)
    return str


def _number(value: Any, currency: str) -> str:
    number = Decimal(str(value)).normalize()
    return formatting.number(number, digits=max(0, -int(number.as_tuple().exponent)))


def _moment(value: str, currency: str) -> str:
    return formatting.moment(parse_datetime(value))


# The first that fits: a field may be a special case of one further down.
WRITERS: Mapping[type[models.Field[Any, Any]], Callable[[Any, str], str]] = {
    CentsField: lambda value, currency: formatting.money(Decimal(value).scaleb(-2), currency),
    models.BooleanField: lambda value, currency: (
        pgettext("value of a field", "Yes") if value else pgettext("value of a field", "No")
    ),
    models.DateTimeField: _moment,
    models.DateField: lambda value, currency: formatting.day(dt.date.fromisoformat(value)),
    models.TimeField: lambda value, currency: value[:5],
    models.DecimalField: _number,
    models.IntegerField: _number,
}


# --- Names ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Names:
    """The names of what the changes refer to, asked for all changes of a page at once."""

    rows: Sequence[Change]
    _found: dict[type[models.Model], dict[Any, models.Model]] = field(init=False)
    _inner: dict[tuple[str, str], Mapping[str, Inner]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
        for change in self.rows:
            for model, keys in _references(change):
                wanted[model] |= keys
        self._found = {model: model._base_manager.in_bulk(keys - {None}) for model, keys in wanted.items()}

    def writer(self, each: models.Field[Any, Any]) -> Writer | None:
        """How a foreign key is written; none for any other field."""
        if not isinstance(each, models.ForeignKey):
            return None
        return lambda key: self._name(each.related_model, key)

    def of_many(self, link: models.ManyToManyField[Any, Any]) -> Writer:
        return lambda keys: ", ".join(self._name(link.related_model, key) for key in keys)

    def inner(self, declared: Tracked, column: str) -> Mapping[str, Inner]:
        """What the values inside a JSON column are called; asked once, and only if there are any."""
        place = (declared.label, column)
        if place not in self._inner:
            touched = any(
                path.startswith(f"{column}.") for row in self.rows if row.model == declared.label for path in row.fields
            )
            self._inner[place] = declared.inner[column]() if touched else {}
        return self._inner[place]

    def _name(self, model: Any, key: Any) -> str:
        found = self._found.get(model, {}).get(key)
        return str(found) if found else _("no longer here (number %(key)s)") % {"key": key}


def _references(change: Change) -> Iterable[tuple[type[models.Model], set[Any]]]:
    declared = tracked().get(change.model)
    if declared is None:
        return
    columns = declared.columns
    for name, values in change.fields.items():
        each = columns.get(name)
        if isinstance(each, models.ForeignKey):
            yield each.related_model, set(values)
        elif name in declared.links:
            yield declared.link(name).related_model, {key for keys in values for key in keys}
