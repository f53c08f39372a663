"""Several connections at once, so that large readings and slow statements can share the machine's processors."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
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


@contextmanager
def alongside(work: Callable[[], None]) -> Iterator[None]:
    """Do some work on a connection of its own while the block runs; when the block is left, the work is done as well.

    Inside a caller's transaction it is done before the block, since no other connection can see what is not committed.
    """
    if connection.in_atomic_block:
        work()
        yield
        return
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(_on_own_connection, work)
        yield
        done.result()


def _on_own_connection(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()
