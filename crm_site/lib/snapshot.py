"""Several connections that see one state of the database, so that large readings can share the machine's processors."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self, TypeVar

from django.db import connection, transaction

AT_ONCE = 2

Found = TypeVar("Found")


class Snapshot(AbstractContextManager["Snapshot"]):
    """A transaction in which nothing changes any more, whatever others write meanwhile.

    Inside a caller's transaction, as in tests, the isolation is the caller's business, and readings happen one by one:
    no other connection can see what that transaction has not committed.
    """

    def __init__(self) -> None:
        self._name = ""
        self._transaction = transaction.atomic()

    def __enter__(self) -> Self:
        outermost = not connection.in_atomic_block
        self._transaction.__enter__()
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT pg_export_snapshot()")
                (self._name,) = cursor.fetchone()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transaction.__exit__(kind, error, trace)

    def all(self, readings: Sequence[Callable[[], Found]]) -> list[Found]:
        """What each reading finds, some of them at a time."""
        if not self._name:
            return [reading() for reading in readings]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(self._read, readings))

    def _read(self, reading: Callable[[], Found]) -> Found:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [self._name])
                return reading()
        finally:
            connection.close()
