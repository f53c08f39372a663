"""Addresses of pages, and those that are read outside of a page: in e-mails that no request leads to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from django import urls
from django.conf import settings

# Stand for the keys in the address of a URL name, until whoever asks puts their own there.
STAND_IN = 987654321


def public_address(path: str) -> str:
    """A path of this installation as a whole address; nothing while nobody said under which address it is reached."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""


def reverse(name: str, args: Sequence[Any] = ()) -> str:
    """The address of a page by its name and keys, as Django's function of this name finds it, in a tenth of the time.

    A page has dozens of links, and Django looks for each through all URL patterns: here each name is looked up once,
    and keys are put into their places. Days and words are looked up once each. Whatever else is no key goes the usual
    way, and so raises NoReverseMatch as usual.
    """
    if ":" in name or not all(type(key) is int and key >= 0 for key in args):
        if all(type(key) in (dt.date, str) for key in args):
            return _whole(name, tuple(args), settings.ROOT_URLCONF, urls.get_script_prefix())
        return urls.reverse(name, args=args)
    parts = _parts(name, len(args), settings.ROOT_URLCONF, urls.get_script_prefix())
    if not args:
        return parts[0]
    return parts[0] + "".join(f"{key}{part}" for key, part in zip(args, parts[1:], strict=True))


def addresses(name: str) -> Callable[[Any], str]:
    """What makes the address of a page of each key, for lists with a link in every row: looked up once for all."""
    before, after = _parts(name, 1, settings.ROOT_URLCONF, urls.get_script_prefix())
    return lambda key: f"{before}{key}{after}"


@lru_cache(maxsize=1000)
def _whole(name: str, args: tuple[dt.date | str, ...], _urlconf: str, _prefix: str) -> str:
    return urls.reverse(name, args=args)


@cache
def _parts(name: str, keys: int, _urlconf: str, _prefix: str) -> tuple[str, ...]:
    """What stands before, between and behind the keys, for each site map and place under which the site is served."""
    stand_ins = [STAND_IN + number for number in range(keys)]
    rest, parts = urls.reverse(name, args=stand_ins), []
    for stand_in in map(str, stand_ins):
        before, rest = rest.split(stand_in)
        parts.append(before)
    return (*parts, rest)
