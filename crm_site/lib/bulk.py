"""Millions of rows between PostgreSQL and numpy by COPY in its binary form: columns out, columns in.

Rows come as they are (`read_all`), or gathered into columns by the database (`read_columns`): a large table part by
part. Writing takes whole columns; rows with the same empty columns and the same texts have the same layout, and are
packed together.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from struct import pack
from typing import IO, Any, TypeVar

import numpy as np
from django.db import connection
from numpy.typing import NDArray

BIGINT, INTEGER, SMALLINT, FLOAT, DATE = ">i8", ">i4", ">i2", ">f8", ">i4"
# What makes the binary form of a number; a day is read as a number of days.
SENDERS = {BIGINT: "int8send", INTEGER: "int4send", SMALLINT: "int2send", FLOAT: "float8send"}

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
OTHER_SHAPE = "The query gives empty values, or other columns and types than expected."
BUFFER_BYTES = 1 << 20
CHUNK_ROWS = 100_000
# PostgreSQL counts days from 2000, numpy from 1970.
DAY_ZERO = 10_957
FLOAT8_OID = 701

Array = NDArray[Any]
Table = dict[str, Array]  # columns of one length
Item = TypeVar("Item")


@dataclass(frozen=True)
class Numbers:
    """A column of numbers; where `missing` is true it is empty. `kind` is one of the names above."""

    kind: str
    values: Array
    missing: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Words:
    """A column of a few different texts, given by their places in `words`."""

    words: Sequence[str]
    codes: Array


@dataclass(frozen=True)
class Vectors:
    """A column of float8[]: each row of the table takes one value of each part, in order."""

    parts: Sequence[NDArray[np.float64]]


Column = Numbers | Words | Vectors


def read_all(query: str, parameters: Mapping[str, Any], columns: Mapping[str, str]) -> Table:
    """The whole result of a query that is known to fit into memory; no value may be empty, and none is text.

    The rows wait in a temporary file: taking them one by one as they come would cost more than all the rest.
    """
    with tempfile.TemporaryFile(buffering=BUFFER_BYTES) as file:
        with connection.cursor() as cursor:
            statement = cursor.cursor.mogrify(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", parameters).decode()
            cursor.cursor.copy_expert(statement, file)
        chunks = list(_rows(file, columns))
    nothing = {name: np.empty(0, _native(kind)) for name, kind in columns.items()}
    return {name: np.concatenate([chunk[name] for chunk in (nothing, *chunks)]) for name in columns}


def read_columns(query: str, parameters: Mapping[str, Any], columns: Mapping[str, str]) -> Table:
    """The whole result of a query, of which the database makes one value for each column; none may be empty.

    Where there are many rows this takes neither side as long as handing them over one by one. A column must stay below
    1 GB, and all of them fit into memory: whoever reads a large table does it in parts.
    """
    gathered = ", ".join(f"string_agg({SENDERS[kind]}({name}), NULL)" for name, kind in columns.items())
    data = _row(f"SELECT count(*), {gathered} FROM ({query}) found", parameters)
    found: Table = {}
    at = 2
    for name, kind in {"": BIGINT, **columns}.items():
        size = max(int.from_bytes(data[at : at + 4], "big", signed=True), 0)
        found[name] = np.frombuffer(data, kind, size // np.dtype(kind).itemsize, at + 4).astype(_native(kind))
        at += 4 + size
    rows = int(found.pop("")[0])
    if any(len(column) != rows for column in found.values()):
        raise ValueError(OTHER_SHAPE)
    return found


def write(table: str, columns: Mapping[str, Column], *, rows: int, created: bool = True) -> None:
    """Append rows. To a table that this transaction `created` they need neither log replay nor a later vacuum."""
    with connection.cursor() as cursor:
        how = "FORMAT BINARY, FREEZE" if created else "FORMAT BINARY"
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN ({how})"
        cursor.cursor.copy_expert(
            statement, _Source(one_ahead(_packed(list(columns.values()), rows))), size=BUFFER_BYTES
        )


def read_value(query: str, parameters: Mapping[str, Any]) -> bytes | None:
    """One binary value, as large as it may be: as text it would be twice the size. None where there is no row."""
    data = _row(query, parameters)
    return bytes(data[6:]) if data else None


def _row(query: str, parameters: Mapping[str, Any]) -> memoryview:
    """The only row of a query in the form of a copy, each value behind its length; nothing where there is none."""
    file = BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", parameters).decode()
        cursor.cursor.copy_expert(statement, file)
    return file.getbuffer()[len(SIGNATURE) : -len(END)]


def write_values(table: str, rows: Iterable[tuple[int, str, bytes | memoryview]]) -> None:
    """Append rows of a bigint, a text and a large binary value."""
    pieces: list[bytes | memoryview] = [SIGNATURE]
    for number, name, value in rows:
        text = name.encode()
        pieces += [pack(">hiqi", 3, 8, number, len(text)), text, pack(">i", len(value)), value]
    with connection.cursor() as cursor:
        source = _Source(iter([*pieces, END]))
        cursor.cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT BINARY)", source, size=BUFFER_BYTES)


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


def _native(kind: str) -> str:
    return kind.replace(">", "=")


def _rows(file: IO[bytes], columns: Mapping[str, str]) -> Iterator[Table]:
    """The rows of a copy, in chunks; a query that answered anything else than was expected is refused."""
    fields = [field for name, kind in columns.items() for field in ((f"{name} bytes", ">i4"), (name, kind))]
    layout = np.dtype([("fields", ">i2"), *fields])
    count, rest = divmod(file.seek(0, SEEK_END) - len(SIGNATURE) - len(END), layout.itemsize)
    file.seek(len(SIGNATURE))
    for start in range(0, count, CHUNK_ROWS):
        yield _decoded(np.frombuffer(file.read(layout.itemsize * min(CHUNK_ROWS, count - start)), layout), columns)
    if rest or file.read() != END:
        raise ValueError(OTHER_SHAPE)


def _decoded(rows: Array, columns: Mapping[str, str]) -> Table:
    wrong = any((rows[f"{name} bytes"] != np.dtype(kind).itemsize).any() for name, kind in columns.items())
    if wrong or (rows["fields"] != len(columns)).any():
        raise ValueError(OTHER_SHAPE)
    return {name: rows[name].astype(_native(kind)) for name, kind in columns.items()}


class _Source:
    """The file that COPY reads from."""

    def __init__(self, pieces: Iterator[bytes] | Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self._current = memoryview(b"")

    def read(self, size: int) -> bytes:
        if not self._current:
            self._current = memoryview(next(self._pieces, b""))
        data, self._current = self._current[:size], self._current[size:]
        return bytes(data)


def _packed(columns: Sequence[Column], rows: int) -> Iterator[bytes]:
    yield SIGNATURE
    layout_of = np.zeros(rows, dtype=np.int64)
    for column in columns:
        if isinstance(column, Words):
            layout_of = layout_of * len(column.words) + column.codes
        elif isinstance(column, Numbers) and column.missing is not None:
            layout_of = layout_of * 2 + column.missing
    for code in np.unique(layout_of):
        same = np.flatnonzero(layout_of == code)
        template, filled = _layout(columns, int(same[0]))
        # Numbers of one layout stand where those of the rows before them stood; all else is repeated once.
        repeated = np.frombuffer(bytearray(template.tobytes() * min(CHUNK_ROWS, len(same))), template.dtype)
        for start in range(0, len(same), CHUNK_ROWS):
            part = same[start : start + CHUNK_ROWS]
            # Neighbours are copied several times faster than rows from here and there.
            of = slice(part[0], part[-1] + 1) if part[-1] - part[0] == len(part) - 1 else part
            packed = repeated[: len(part)]
            for name, column in filled.items():
                if isinstance(column, Vectors):
                    for place, values in enumerate(column.parts):
                        packed[name]["value"][:, place] = values[of]
                else:
                    packed[name] = column.values[of]
            yield packed.tobytes()
    yield END


def _layout(columns: Sequence[Column], row: int) -> tuple[Array, dict[str, Numbers | Vectors]]:
    """One packed row whose numbers are still to be filled in, and the columns that fill it."""
    fields: list[tuple[Any, ...]] = [("fields", ">i2")]
    constants: dict[str, Any] = {"fields": len(columns)}
    filled: dict[str, Numbers | Vectors] = {}
    for place, column in enumerate(columns):
        size, name = f"{place} bytes", str(place)
        fields.append((size, ">i4"))
        if isinstance(column, Words):
            text = column.words[int(column.codes[row])].encode()
            constants[size] = len(text)
            if text:
                fields.append((name, f"S{len(text)}"))
                constants[name] = text
        elif isinstance(column, Vectors):
            length = len(column.parts)
            # Dimensions, no flags, type; then length and lower bound of the one dimension, where there is one.
            head = [1, 0, FLOAT8_OID, length, 1] if length else [0, 0, FLOAT8_OID]
            fields.append((f"{place} head", ">i4", (len(head),)))
            constants[f"{place} head"] = head
            constants[size] = 4 * len(head) + 12 * length
            if length:
                fields.append((name, [("bytes", ">i4"), ("value", ">f8")], (length,)))
                filled[name] = column
        elif column.missing is not None and column.missing[row]:
            constants[size] = -1
        else:
            fields.append((name, column.kind))
            constants[size] = np.dtype(column.kind).itemsize
            filled[name] = column
    template = np.zeros(1, np.dtype(fields))
    for name, value in constants.items():
        template[name] = value
    for name, column in filled.items():
        if isinstance(column, Vectors):
            template[name]["bytes"] = np.dtype(FLOAT).itemsize
    return template, filled
