"""What is tracked: each app declares its own models in its `trail.py`, found when the site starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Field, ManyToManyField, Model
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Inner:
    """One value inside a JSON column, as readers know it."""

    label: str | Promise
    write: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A model whose changes are recorded."""

    model: type[Model]
    fields: tuple[str, ...]
    # What a row is called, in SQL: `{row}` stands for the row. Kept with each change, since names change and rows go.
    title: str
    # Who sees these changes: whoever holds the permission to see the rows themselves.
    permission: str
    # The column with the customer whose file the rows belong to; none: a part of how the company is set up.
    customer: str = ""
    # Many-to-many fields, recorded as changes of this model.
    links: tuple[str, ...] = ()
    # JSON columns whose values are recorded one by one; the function answers what each key is called and how it reads.
    inner: Mapping[str, Callable[[], Mapping[str, Inner]]] = field(default_factory=dict)
    # A column that says where a row came from: rows that have it are not recorded as added, their origin stands for it.
    origin: str = ""
    # The address of a row, by the name of a URL that takes its key.
    url_name: str = ""

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def columns(self) -> dict[str, Field[Any, Any]]:
        """The tracked fields by column."""
        found = [self.model._meta.get_field(name) for name in self.fields]
        return {each.column: each for each in found if isinstance(each, Field) and each.column}

    def link(self, name: str) -> ManyToManyField[Any, Any]:
        return self.model._meta.get_field(name)  # type: ignore[return-value]

    @property
    def link_tables(self) -> dict[str, str]:
        """The many-to-many fields by the table that holds them."""
        return {self.link(name).m2m_db_table(): name for name in self.links}


@dataclass(frozen=True, slots=True)
class Files:
    """The model on whose files changes are shown, the permission to see all of them, and the currency of amounts."""

    model: type[Model]
    see_all: str
    currency: Callable[[], str]


_tracked: dict[str, Tracked] = {}
_files: list[Files] = []


def track(*declared: Tracked) -> None:
    """Record the changes of these models."""
    for each in declared:
        if each.label in _tracked:
            raise ImproperlyConfigured(f"{each.label} is tracked already.")
        _tracked[each.label] = each


def on_files_of(model: type[Model], *, see_all: str, currency: Callable[[], str]) -> None:
    """Say whose files changes belong to; done once, by the app that owns customers."""
    _files[:] = [Files(model, see_all, currency)]


def files() -> Files:
    return _files[0]


def tracked() -> dict[str, Tracked]:
    """All that is tracked, by the label of the model."""
    return dict(_tracked)


def declaration_of(model: type[Model]) -> Tracked | None:
    """How a model is tracked; none when it is not."""
    return _tracked.get(model._meta.label_lower)


def tables() -> frozenset[str]:
    """Every table that has a trigger."""
    own = {each.model._meta.db_table for each in _tracked.values()}
    return frozenset(own.union(*(each.link_tables for each in _tracked.values())))
