"""The bytes of a file: packed or not, in which encoding, as lines that never outgrow their bounds."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from customers.importing.encodings import guess
from customers.importing.problems import ImportProblem

BLOCK = 1 << 20
HEAD = 1 << 18
LONGEST_FILE = 4 << 30
# A line longer than this is rejected unread; a quoted cell may run over so many lines.
LONGEST_LINE = 1 << 20
MOST_LINES = 100
LONGEST_CELL = 10_000
# So much of a cell is shown when its row is rejected.
LONGEST_SHOWN = 200
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
NOT_TEXT = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
# Stands for a line that was too long; no record that contains it is taken.
TOO_LONG = "\0too long\n"
WORKBOOK = "XLSX"


@dataclass(frozen=True)
class TextFile:
    """A file that can be read as text, or a workbook: that is its encoding then."""

    path: Path
    encoding: str
    # Line breaks in the file; 0 when only its head was looked at.
    lines: int = 0

    @property
    def is_workbook(self) -> bool:
        return self.encoding == WORKBOOK


def is_workbook(path: Path) -> bool:
    """Whether a file begins as workbooks (XLSX) do; what cannot be opened does not."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == SPREADSHEETS[0]
    except OSError:
        return False


# --- Bytes ------------------------------------------------------------------------------------------------------------


def examine(path: Path, *, encoding: str = "", whole: bool = True) -> TextFile:
    """Find out how a file can be read, from all of it or from its head only; refuses what is no text."""
    with _refusing_damage(), open_bytes(path) as stream:
        head = stream.read(HEAD)
        _refuse_other_formats(head)
        if not encoding and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        blocks = _blocks(head, stream) if whole else iter([head])
        if encoding:
            encoding = _known(encoding)
            lines = sum(block.count(b"\n") for block in blocks)
        else:
            encoding, lines = _recognise(head, blocks, whole=whole)
        return TextFile(path, encoding, lines if whole else 0)


def _blocks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The whole file by blocks, up to the size that is still taken."""
    total, block = 0, head
    while block:
        total += len(block)
        if total > LONGEST_FILE:
            raise ImportProblem("too_large", limit=LONGEST_FILE >> 30)
        yield block
        block = stream.read(BLOCK)


def _recognise(head: bytes, blocks: Iterator[bytes], *, whole: bool) -> tuple[str, int]:
    """UTF-8 if all of it is; otherwise told by the head and by where it ceased to be. Counts line breaks too."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, encoding, is_ascii = 0, "", True
    for block in blocks:
        if not encoding:
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                before, after = error.object[: error.start], error.object[error.start :]
                line = lines + before.count(b"\n") + 1
                if not (is_ascii and before.isascii()):
                    raise ImportProblem("encoding_wrong", line=line, encoding="UTF-8") from None
                encoding = _told(head + b"\n" + before[-2000:] + after[:60_000], line)
            is_ascii = is_ascii and block.isascii()
        lines += block.count(b"\n")
    if whole and not encoding and decoder.getstate()[0]:
        raise ImportProblem("encoding_wrong", line=lines + 1, encoding="UTF-8")
    return encoding or "utf-8-sig", lines


def _told(sample: bytes, line: int) -> str:
    encoding = guess(sample)
    if not encoding:
        raise ImportProblem("encoding_unknown", line=line)
    return encoding


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ImportProblem("unknown_encoding", encoding=encoding) from None
    return "utf-8-sig" if name == "utf-8" else name


def _refuse_other_formats(head: bytes) -> None:
    if not head.strip():
        raise ImportProblem("empty")
    if head.startswith(SPREADSHEETS):
        raise ImportProblem("spreadsheet")
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if head.startswith(NOT_TEXT) or (not wide and head.count(b"\0") > len(head) // 10):
        raise ImportProblem("not_text")


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """The unpacked bytes of a file, gzip or not, whatever it is called."""
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream  # type: ignore[misc]
            else:
                yield raw
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise ImportProblem("not_found", path=str(path)) from None


@contextmanager
def _refusing_damage() -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ImportProblem("damaged") from None


# --- Lines ------------------------------------------------------------------------------------------------------------


class Lines:
    """The physical lines of a text, counted, and given back once more when a record came to nothing.

    `suspect` is set by a line that needs a closer look, so that ordinary rows cost nothing.
    """

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream
        self._returned: list[str] = []
        self._record: list[str] = []
        # Lines before the present record.
        self.before = 0
        self.suspect = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) >= MOST_LINES:
            raise csv.Error("the record runs over too many lines")
        line = self._returned.pop() if self._returned else self._read()
        if not line:
            raise StopIteration
        if len(line) > LONGEST_CELL or "\0" in line:
            self.suspect = True
        self._record.append(line)
        return line

    def _read(self) -> str:
        line = self._stream.readline(LONGEST_LINE)
        if len(line) < LONGEST_LINE or line[-1] in "\r\n":
            return line
        while (rest := self._stream.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
            pass
        return TOO_LONG

    def begin(self) -> int:
        """Begin a record; its first line's number."""
        self.before += len(self._record)
        self._record.clear()
        return self.before + 1

    def give_back_all_but_first(self) -> None:
        """Let the lines after the first of the present record be read as records of their own."""
        self._returned.extend(reversed(self._record[1:]))
        del self._record[1:]

    @property
    def first_of_record(self) -> str:
        """The first line of the present record."""
        return self._record[0]

    @property
    def spans_lines(self) -> bool:
        """Whether the present record took more than one line."""
        return len(self._record) > 1


@contextmanager
def open_lines(text: TextFile) -> Iterator[Lines]:
    """The lines of a file; a byte that its encoding does not know refuses the file."""
    with _refusing_damage(), open_bytes(text.path) as stream:
        lines = Lines(io.TextIOWrapper(io.BufferedReader(stream, BLOCK), text.encoding, newline=""))  # type: ignore[type-var]
        try:
            yield lines
        except UnicodeError as error:
            # The decoder works ahead of the lines, by blocks.
            ahead = error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
            raise ImportProblem("encoding_wrong", line=lines.begin() + ahead, encoding=text.encoding) from None
