"""The XML inside a workbook, heard element by element: shared texts, and the rows of a sheet."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import IO, Any, Protocol
from xml.parsers import expat

BLOCK = 1 << 18
MOST_COLUMNS = 16_384
# Of one cell; what is longer will be rejected anyway.
MOST_TEXT = 20_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)

# A row: its number, its texts, and whether one of them is an error of the spreadsheet's, such as #N/A.
Row = tuple[int, list[str], bool]


class Refused(Exception):
    """The workbook holds what no program writes into one."""


class Reader(Protocol):
    """Hears the elements of a part; `found` is emptied as it goes."""

    found: list[Any]

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def end(self, name: str) -> None: ...
    def data(self, text: str) -> None: ...


def parsed(stream: IO[bytes], reader: Reader) -> Iterator[Any]:
    """What the reader finds in a part, block by block; declarations of one's own are refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse
    while block := stream.read(BLOCK):
        parser.Parse(block)
        yield from reader.found
        reader.found.clear()
    parser.Parse(b"", True)
    yield from reader.found


def _refuse(*_declaration: Any) -> None:
    raise Refused


def _plain(text: str) -> str:
    """A text with its escaped signs: `_x000D_` stands for the sign of this number."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class TextReader:
    """The texts that cells share, in their order; what is said of their pronunciation is left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._length = 0
        self._listening = self._aside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "si":
                self._parts, self._length = [], 0
            case "t":
                self._listening = not self._aside
            case "rPh":
                self._aside = True

    def end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "si":
                self.found.append(_plain("".join(self._parts)))
            case "t":
                self._listening = False
            case "rPh":
                self._aside = False

    def data(self, text: str) -> None:
        if self._listening and self._length < MOST_TEXT:
            self._parts.append(text)
            self._length += len(text)


class SheetReader:
    """The rows of a sheet that have any content."""

    def __init__(self, texts: Callable[[int], str], dated: frozenset[int], first_day: dt.datetime) -> None:
        self.found: list[Row] = []
        self._texts, self._dated, self._first_day = texts, dated, first_day
        self._places: dict[str, int] = {}
        self._cells: list[str] = []
        self._number = self._place = self._length = 0
        self._parts: list[str] = []
        self._type = self._style = ""
        self._listening = self._faulty = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self._place = self._place_of(letters) if letters else len(self._cells)
            self._type, self._style = attributes.get("t", ""), attributes.get("s", "")
            self._parts, self._length = [], 0
        elif name in {"v", "t"}:
            self._listening = True
        elif name == "row":
            self._number = int(attributes.get("r") or self._number + 1)
            self._cells, self._faulty = [], False

    def end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in {"v", "t"}:
            self._listening = False
        elif name == "c" and self._parts:
            self._cells += [""] * (self._place + 1 - len(self._cells))
            self._cells[self._place] = self._shown("".join(self._parts))
        elif name == "row" and any(cell.strip() for cell in self._cells):
            self.found.append((self._number, self._cells, self._faulty))

    def data(self, text: str) -> None:
        if self._listening and self._length < MOST_TEXT:
            self._parts.append(text)
            self._length += len(text)

    def _place_of(self, letters: str) -> int:
        """Where the column of these letters stands: A is 0."""
        if letters not in self._places:
            place = 0
            for letter in letters[:4]:
                place = place * 26 + ord(letter) - 64
            if not 0 < place <= MOST_COLUMNS:
                raise Refused
            self._places[letters] = place - 1
        return self._places[letters]

    def _shown(self, text: str) -> str:
        match self._type:
            case "s":
                return self._texts(int(text))
            case "inlineStr" | "str":
                return _plain(text)
            case "b":
                return "TRUE" if text.strip() == "1" else "FALSE"
            case "e":
                self._faulty = True
                return text if text[:1] == "#" else f"#{text}"
            case "d":
                return text
            case _:
                dated = self._style and int(self._style) in self._dated
                return self._moment(float(text)) if dated else _number(text)

    def _moment(self, days: float) -> str:
        """A day, or a moment where there is a part of a day, rounded to the second."""
        if not 0 <= days < 2_958_466:
            return _number(str(days))
        at = self._first_day + dt.timedelta(seconds=round(days * 86_400))
        return at.isoformat(sep=" ") if at.time() != dt.time() else at.date().isoformat()


def _number(text: str) -> str:
    if _WHOLE.fullmatch(text):
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
