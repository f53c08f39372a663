"""Millions of rows between PostgreSQL and numpy by COPY in its binary form: columns out, columns in.

Reading hands over chunks, so that a table of any size passes through a bounded buffer. Writing takes whole columns;
rows with the same empty columns and the same texts have the same layout, and are packed together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

BIGINT, INTEGER, SMALLINT, FLOAT, DATE = ">i8", ">i4", ">i2", ">f8", ">i4"

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
OTHER_SHAPE = "The query gives empty values, or other columns and types than expected."
CHUNK_BYTES = 16 << 20
CHUNK_ROWS = 100_000
# PostgreSQL counts days from 2000, numpy from 1970.
DAY_ZERO = 10_957
FLOAT8_OID = 701

Array = NDArray[Any]


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
    """A column of float8[]: one row of the matrix for each row of the table."""

    values: NDArray[np.float64]


Column = Numbers | Words | Vectors


def read(query: str, parameters: Mapping[str, Any], columns: Mapping[str, str], take: Callable[[Array], None]) -> None:
    """Run a query and hand over its rows in chunks, as structured arrays; no value may be empty, and none is text."""
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", parameters).decode()
        decoder = _Decoder(columns, take)
        cursor.cursor.copy_expert(statement, decoder)
        decoder.finish()


def read_all(query: str, parameters: Mapping[str, Any], columns: Mapping[str, str]) -> Array:
    """The whole result of a query that is known to fit into memory."""
    chunks: list[Array] = []
    read(query, parameters, columns, chunks.append)
    return np.concatenate(chunks) if chunks else np.empty(0, _native(columns))


def write(table: str, columns: Mapping[str, Column], *, rows: int) -> None:
    """Append rows to a table that this transaction created: they need neither log replay of rows nor a later vacuum."""
    with connection.cursor() as cursor:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY, FREEZE)"
        cursor.cursor.copy_expert(statement, _Source(_packed(list(columns.values()), rows)), size=CHUNK_BYTES)


def _native(columns: Mapping[str, str]) -> np.dtype[Any]:
    return np.dtype([(name, kind.replace(">", "=")) for name, kind in columns.items()])


class _Decoder:
    """The file that COPY writes to; each write is one row."""

    def __init__(self, columns: Mapping[str, str], take: Callable[[Array], None]) -> None:
        fields = [field for name, kind in columns.items() for field in ((f"{name} bytes", ">i4"), (name, kind))]
        self._layout = np.dtype([("fields", ">i2"), *fields])
        self._native = _native(columns)
        self._take = take
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= CHUNK_BYTES:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Hand over the rows that are complete; what ends the stream is shorter than any row."""
        data = b"".join(self._parts)
        start = 0 if self._begun else len(SIGNATURE)
        self._begun = self._begun or len(data) >= start
        count = max(0, (len(data) - start) // self._layout.itemsize)
        rest = start + count * self._layout.itemsize
        self._parts, self._size = [data[rest:]], len(data) - rest
        if count:
            self._take(self._decoded(np.frombuffer(data, self._layout, count, start)))

    def finish(self) -> None:
        """Hand over the last rows, after which nothing but the end may be left."""
        self.flush()
        if b"".join(self._parts) != END:
            raise ValueError(OTHER_SHAPE)

    def _decoded(self, rows: Array) -> Array:
        names = list(self._native.names or ())
        wrong = any((rows[f"{name} bytes"] != self._native[name].itemsize).any() for name in names)
        if wrong or (rows["fields"] != len(names)).any():
            raise ValueError(OTHER_SHAPE)
        result = np.empty(len(rows), self._native)
        for name in names:
            result[name] = rows[name]
        return result


class _Source:
    """The file that COPY reads from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
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
        for start in range(0, len(same), CHUNK_ROWS):
            part = same[start : start + CHUNK_ROWS]
            packed = np.full(len(part), template)
            for name, column in filled.items():
                into = packed[name]["value"] if isinstance(column, Vectors) else packed[name]
                into[...] = column.values[part]
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
            length = column.values.shape[1]
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
