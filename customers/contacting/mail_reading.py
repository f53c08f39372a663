"""E-mail as it comes in, from bytes to plain values: whatever is in them, the answer is an `Incoming` or `Unreadable`.

The old, forgiving policy of the email package is used on purpose: it takes headers that the new one cannot parse.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser

LARGEST_MESSAGE = 25 * 1024 * 1024
LARGEST_ATTACHMENT = 10 * 1024 * 1024
MOST_ATTACHMENTS = 20
LONGEST_TEXT = 100_000
MOST_PARTS = 200
MOST_REFERENCES = 50
OLDEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)

_ID = re.compile(r"<[^<>\s]{1,250}>")
_BLANKS = re.compile(r"\s+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n+")
# What the email package raises on input that nobody foresaw: wrong values, unknown codecs, parts within parts within...
_FAULTS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, MessageError)


class Unreadable(Exception):
    """The bytes are no message that could be read."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file that came with a message."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from outside. `message_id` is never empty: one without is known by its content."""

    message_id: str
    references: tuple[str, ...]  # the message it answers first, then its thread from the nearest
    sender: str
    subject: str
    text: str
    sent_at: dt.datetime | None
    automatic: bool  # written by a machine: nobody waits for a reply
    parts: tuple[Part, ...]
    parts_left_out: int


def read_mail(raw: bytes) -> Incoming:
    """Read a message. Raises Unreadable."""
    try:
        return _read(raw)
    except _FAULTS as fault:
        raise Unreadable(type(fault).__name__) from fault


def _read(raw: bytes) -> Incoming:
    mail = message_from_bytes(raw)
    senders = [address for _name, address in getaddresses([_header(mail, "From")]) if "@" in address]
    text, parts, left_out = _content(mail)
    return Incoming(
        message_id=_message_id(mail, raw),
        references=_references(mail),
        sender=senders[0] if senders else "",
        subject=" ".join(_header(mail, "Subject").split()),
        text=text,
        sent_at=_sent_at(mail),
        automatic=_header(mail, "Auto-Submitted").strip().lower() not in ("", "no"),
        parts=parts,
        parts_left_out=left_out,
    )


def _header(mail: Message, name: str) -> str:
    """A header in plain words, also where its charset is unknown or not kept to."""
    value = mail.get(name)
    if value is None:
        return ""
    pieces = decode_header(value)
    return clean("".join(_decoded(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces))


def _decoded(content: bytes, charset: str | None) -> str:
    """Text in its own charset; in UTF-8 or cp1252 where that is unknown or wrong."""
    for attempt in (charset, "utf-8"):
        try:
            return content.decode(attempt or "ascii")
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def clean(text: str) -> str:
    """Text that a database can keep: no NUL, no half characters, one kind of line end."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _message_id(mail: Message, raw: bytes) -> str:
    named = _ID.search(_header(mail, "Message-ID"))
    return named[0] if named else f"<{hashlib.sha256(raw).hexdigest()}@unnamed.invalid>"


def _references(mail: Message) -> tuple[str, ...]:
    answered = _ID.findall(_header(mail, "In-Reply-To"))
    thread = _ID.findall(_header(mail, "References"))
    return tuple(dict.fromkeys([*answered, *reversed(thread)]))[:MOST_REFERENCES]


def _sent_at(mail: Message) -> dt.datetime | None:
    """When it says it was sent; nothing for a date that cannot be read or cannot be true."""
    try:
        sent = parsedate_to_datetime(_header(mail, "Date"))
        sent = sent.replace(tzinfo=sent.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return sent if sent >= OLDEST else None


def _content(mail: Message) -> tuple[str, tuple[Part, ...], int]:
    """The text, the files, and how many files were too large or too many."""
    plain, markup, left_out = "", "", 0
    files: list[Part] = []
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            break
        if part.is_multipart():
            continue
        name, kind = _file_name(part), part.get_content_type()
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if name or part.get_content_disposition() == "attachment" or not kind.startswith("text/"):
            if len(files) < MOST_ATTACHMENTS and len(content) <= LARGEST_ATTACHMENT:
                files.append(Part(name, content))
            else:
                left_out += 1
        elif kind == "text/html":
            markup = markup or _decoded(content, part.get_content_charset())
        else:
            plain = plain or _decoded(content, part.get_content_charset())
    text = clean(plain) if plain.strip() else without_markup(markup)
    return text.strip()[:LONGEST_TEXT], tuple(files), left_out


def _file_name(part: Message) -> str:
    name = part.get_filename()
    if not name:
        return ""
    pieces = decode_header(name)
    return clean("".join(_decoded(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces))


# --- Markup -----------------------------------------------------------------------------------------------------------


class _Words(HTMLParser):
    """Collects the words of a page and nothing that a browser would act on."""

    SILENT = frozenset({"script", "style", "head", "title", "template", "noscript"})
    BREAKS = frozenset({"p", "div", "br", "li", "tr", "table", "h1", "h2", "h3", "h4", "blockquote", "hr", "ul", "ol"})

    CELLS = frozenset({"td", "th"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self.silent.append(tag)
        elif tag in self.BREAKS:
            self.words.append("\n")
        elif tag in self.CELLS:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()
        elif tag == "body":
            self.silent.clear()
        elif tag in self.BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(_BLANKS.sub(" ", data))


def without_markup(markup: str) -> str:
    """The words of an HTML text, line by line. Pages escape them like any other text."""
    reader = _Words()
    reader.feed(clean(markup[: 20 * LONGEST_TEXT]))
    reader.close()
    lines = "\n".join(" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return _EMPTY_LINES.sub("\n\n", lines).strip()
