"""Dataclasses as JSON holds them, and back: for results that are kept whole in one column."""

import datetime as dt
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def plain(value: Any) -> Any:
    """What JSON can hold: decimals become text, so that no cent is lost, and days too."""
    if isinstance(value, Decimal):
        return str(value)
    if type(value) is dt.date:
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def revived(kind: Any, value: Any) -> Any:
    """The value of a field of this type, from what JSON held; what it did not hold yet takes its default."""
    return None if value is None else _reviver(kind)(value)


@cache
def _reviver(kind: Any) -> Callable[[Any], Any]:
    """How values of a type are revived: asked of the type once, since results hold thousands of values."""
    if get_origin(kind) in (Union, UnionType):
        return _reviver(next(option for option in get_args(kind) if option is not type(None)))
    if get_origin(kind) is tuple:
        item = _optional(get_args(kind)[0])
        return lambda value: tuple(map(item, value))
    if is_dataclass(kind):
        return _dataclass_reviver(kind)
    if kind is dt.date:
        return dt.date.fromisoformat
    return Decimal if kind is Decimal else _as_it_is


def _dataclass_reviver(kind: Any) -> Callable[[Any], Any]:
    types = get_type_hints(kind)
    readers = [(field.name, _optional(types[field.name])) for field in fields(kind)]
    return lambda value: kind(**{name: read(value[name]) for name, read in readers if name in value})


@cache
def _optional(kind: Any) -> Callable[[Any], Any]:
    read = _reviver(kind)
    return read if read is _as_it_is else lambda value: None if value is None else read(value)


def _as_it_is(value: Any) -> Any:
    return value
