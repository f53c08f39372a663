"""Dataclasses as JSON holds them, and back: for results that are kept whole in one column."""

from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def plain(value: Any) -> Any:
    """What JSON can hold: decimals become text, so that no cent is lost."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def revived(kind: Any, value: Any) -> Any:
    """The value of a field of this type, from what JSON held; what it did not hold yet takes its default."""
    if value is None:
        return None
    if get_origin(kind) in (Union, UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
    if get_origin(kind) is tuple:
        return tuple(revived(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind):
        types = get_type_hints(kind)
        known = {field.name: value[field.name] for field in fields(kind) if field.name in value}
        return kind(**{name: revived(types[name], item) for name, item in known.items()})  # type: ignore[operator]
    return Decimal(value) if kind is Decimal else value
