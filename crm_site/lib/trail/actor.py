"""Who is changing things: known to the page or job at work, and told to the database with each statement that writes.

The name goes in front of the statement itself, as `set_config(..., true)`: no further trip to the database, nothing on
pages that only read, and nothing left behind on the connection, since the setting ends with the transaction. The driver
answers with the result of the last statement, which is the one that was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

from crm_site.lib.trail.registry import tables

SETTING = "compagnon.actor"
# The table that a statement begins to write; and the same anywhere in one that begins otherwise, say by WITH.
_BEGINS = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
_WITHIN = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, and the job or file through which the person acts; nobody at all is the system itself."""

    user: int | None = None
    job: str = ""  # the kind of the job
    file: str = ""  # the name of the imported file


SYSTEM = Actor()
_present: ContextVar[Callable[[], Actor]] = ContextVar("trail_actor")


def present() -> Actor:
    """Who acts at this moment."""
    ask = _present.get(None)
    return ask() if ask else SYSTEM


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let what is changed in the block be this actor's doing."""
    before = _present.set(lambda: actor)
    try:
        yield
    finally:
        _present.reset(before)


@contextmanager
def importing(file_name: str) -> Iterator[None]:
    """Let what is changed in the block come from this file, whoever brings it."""
    with acting(replace(present(), file=file_name[:255])):
        yield


class ActorMiddleware:
    """Changes that a page makes are the doing of whoever is signed in; asked only when something is written."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _present.set(lambda: Actor(user=getattr(request.user, "pk", None)))
        try:
            return self.get_response(request)
        finally:
            _present.reset(before)


class Announcer:
    """Stands around every statement of a connection and says who acts before one that writes what is tracked."""

    def __init__(self) -> None:
        self.spoke = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if isinstance(sql, str) and sql[:6] != "SELECT" and _writes_what_is_tracked(sql):
            actor = present()
            # Once somebody was named, the system's own changes in the same transaction must not bear that name.
            if actor != SYSTEM or self.spoke:
                self.spoke = True
                said = _saying(actor)
                sql = (said.replace("%", "%%") if params is not None else said) + sql
        return execute(sql, params, many, context)


def announce(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Give a connection its announcer, once."""
    if not any(isinstance(wrapper, Announcer) for wrapper in connection.execute_wrappers):
        connection.execute_wrappers.append(Announcer())


def _writes_what_is_tracked(sql: str) -> bool:
    if begins := _BEGINS.match(sql):
        return begins[1] in _tables()
    return any(table in _tables() for table in _WITHIN.findall(sql))


@cache
def _tables() -> frozenset[str]:
    return tables()


def _saying(actor: Actor) -> str:
    told = "" if actor == SYSTEM else json.dumps({name: value for name, value in asdict(actor).items() if value})
    quoted = told.replace("'", "''")
    return f"SELECT set_config('{SETTING}', '{quoted}', true); "
