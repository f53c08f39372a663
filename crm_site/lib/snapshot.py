"""Several connections at once, so that large readings and slow statements can share the machine's processors."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from django.db import connection, transaction

AT_ONCE = 2

Found = TypeVar("Found")
Item = TypeVar("Item")


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
        """What each reading finds: `AT_ONCE` connections share them, each beginning the next one when it is free."""
        if not self._name:
            return [reading() for reading in readings]
        waiting = deque(enumerate(readings))
        found: dict[int, Found] = {}
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for shared in [threads.submit(self._share, waiting) for _ in range(AT_ONCE)]:
                found |= shared.result()
        return [found[number] for number in range(len(readings))]

    def _share(self, waiting: "deque[tuple[int, Callable[[], Found]]]") -> dict[int, Found]:
        """What one connection finds of the readings that wait."""
        found = {}
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [self._name])
                # The connections share the work; helpers of each would take the processors from the others.
                cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
                for number, reading in _taken(waiting):
                    found[number] = reading()
            return found
        except BaseException:
            waiting.clear()
            raise
        finally:
            connection.close()


def shared_out(works: Sequence[Callable[[], object]]) -> None:
    """Do all of these, on `AT_ONCE` connections that each begin the next one when they are free. Inside a caller's
    transaction they are done one by one, since no other connection can see what is not committed.
    """
    if connection.in_atomic_block:
        for work in works:
            work()
        return
    waiting = deque(works)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for shared in [threads.submit(_do, waiting) for _ in range(AT_ONCE)]:
            shared.result()


def _do(waiting: "deque[Callable[[], object]]") -> None:
    try:
        for work in _taken(waiting):
            work()
    except BaseException:
        waiting.clear()
        raise
    finally:
        connection.close()


def _taken(waiting: "deque[Item]") -> Iterator[Item]:
    """One after the other, from whom several take."""
    while waiting:
        try:
            item = waiting.popleft()
        except IndexError:  # another one took the last
            return
        yield item


class Abandoned(Exception):
    """Whoever was to hand over more has failed."""


class HandedOver(Generic[Item]):
    """Items from one thread to another, as they come."""

    def __init__(self) -> None:
        self._items: SimpleQueue[tuple[str, Item | None]] = SimpleQueue()

    def hand_over(self, item: Item) -> None:
        self._items.put(("item", item))

    def end(self) -> None:
        """There are no more."""
        self._items.put(("end", None))

    def abandon(self) -> None:
        """There will be no more, though there should: whoever waits for them fails."""
        self._items.put(("abandoned", None))

    def __iter__(self) -> Iterator[Item]:
        while True:
            what, item = self._items.get()
            if what == "item":
                yield cast("Item", item)
            elif what == "end":
                return
            else:
                raise Abandoned


@contextmanager
def alongside(work: Callable[[Iterable[Item]], None]) -> Iterator[HandedOver[Item]]:
    """Do some work on a connection of its own while the block runs, on what the block hands over to it.

    The block says when it has handed over everything; when it is left, the work is done as well. Inside a caller's
    transaction the work is done after the block, since no other connection can see what is not committed.
    """
    items: HandedOver[Item] = HandedOver()
    if connection.in_atomic_block:
        yield items
        work(items)
        return
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(_on_own_connection, work, items)
        try:
            yield items
        finally:
            items.abandon()  # too late for whoever has read the end
        done.result()


def _on_own_connection(work: Callable[[Iterable[Item]], None], items: HandedOver[Item]) -> None:
    try:
        work(items)
    finally:
        connection.close()
