"""Where e-mail lies: a box of an IMAP server, or a folder in the Maildir form."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings

SECONDS = 30
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxProblem(Exception):
    """The box cannot be opened or read; the message says what the server or the system answered."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in its box; its content is fetched when it is asked for."""

    name: str
    size: int
    content: Callable[[], bytes]


class Mailbox(Protocol):
    """What taking in mail needs of a box. Settled and set-aside messages are not new any more; nothing is deleted."""

    def letters(self, *, again: bool) -> Iterator[Letter]: ...

    def settle(self, letter: Letter) -> None: ...

    def set_aside(self, letter: Letter) -> None: ...


class Maildir:
    """A folder of messages. Seen (S) is settled, flagged (F) is set aside: as mail programs show them."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise MailboxProblem(f"{path} is not a folder.")
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(exist_ok=True)
        self.path = path
        self.files: dict[str, Path] = {}

    def letters(self, *, again: bool) -> Iterator[Letter]:
        passed_over = {"S"} if again else {"S", "F"}
        for file in sorted([*(self.path / "new").iterdir(), *(self.path / "cur").iterdir()]):
            name, _mark, flags = file.name.partition(":2,")
            if file.is_file() and not passed_over & set(flags):
                self.files[name] = file
                yield Letter(name, file.stat().st_size, file.read_bytes)

    def settle(self, letter: Letter) -> None:
        self._mark(letter, "S")

    def set_aside(self, letter: Letter) -> None:
        self._mark(letter, "F")

    def _mark(self, letter: Letter, flag: str) -> None:
        """By renaming, as the form wants it: the message itself is not read or written again."""
        self.files.pop(letter.name).rename(self.path / "cur" / f"{letter.name}:2,{flag}")


class ImapBox:
    """A folder of an IMAP server. Seen is settled, flagged is set aside: as mail programs show them."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self.server = server

    def letters(self, *, again: bool) -> Iterator[Letter]:
        wanted = ("UNSEEN",) if again else ("UNSEEN", "UNFLAGGED")
        for uid in _answer(self.server.uid("SEARCH", *wanted))[0].split():
            name = uid.decode("ascii")
            size = _SIZE.search(_bytes_of(_answer(self.server.uid("FETCH", name, "(RFC822.SIZE)"))))
            yield Letter(name, int(size[1]) if size else 0, lambda name=name: self._content(name))  # type: ignore[misc]

    def _content(self, uid: str) -> bytes:
        """The whole message, without marking it as seen; nothing when somebody took it away meanwhile."""
        parts = _answer(self.server.uid("FETCH", uid, "(BODY.PEEK[])"))
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def settle(self, letter: Letter) -> None:
        _answer(self.server.uid("STORE", letter.name, "+FLAGS.SILENT", r"(\Seen)"))

    def set_aside(self, letter: Letter) -> None:
        _answer(self.server.uid("STORE", letter.name, "+FLAGS.SILENT", r"(\Flagged)"))


def _bytes_of(parts: list) -> bytes:
    return b" ".join(part if isinstance(part, bytes) else b" ".join(part) for part in parts if part)


def _answer(response: tuple[str, list]) -> list:
    status, data = response
    if status != "OK":
        raise MailboxProblem(f"The mail server answered {status}.")
    return [part for part in data if part is not None] or [b""]


@contextmanager
def imap_box() -> Iterator[ImapBox]:
    """The box that the settings name, over an encrypted connection. Raises MailboxProblem."""
    try:
        with imaplib.IMAP4_SSL(settings.MAIL_IN_HOST, settings.MAIL_IN_PORT, timeout=SECONDS) as server:
            server.login(settings.MAIL_IN_USER, settings.MAIL_IN_PASSWORD)
            _answer(server.select(settings.MAIL_IN_FOLDER))
            yield ImapBox(server)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxProblem(f"{settings.MAIL_IN_HOST}: {error}") from error
