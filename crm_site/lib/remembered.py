"""Answers that may be some seconds old: asked once, then kept by the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar
from weakref import WeakSet

from django.utils.translation import get_language

K = TypeVar("K")
T = TypeVar("T")


class Forgettable:
    """What keeps answers, all of which can be forgotten at once."""

    everything: ClassVar[WeakSet[Forgettable]] = WeakSet()

    def __init__(self) -> None:
        self.everything.add(self)

    def forget(self) -> None:
        """Ask again next time."""
        raise NotImplementedError

    @classmethod
    def forget_everything(cls) -> None:
        """Forget all answers: what a test does before it begins."""
        for each in cls.everything:
            each.forget()


class Remembered(Forgettable, Generic[T]):
    """A function without arguments whose answer is kept for some seconds, by language; every process keeps its own."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        super().__init__()
        self.ask = ask
        self.seconds = seconds
        self.__doc__ = ask.__doc__
        self.kept: dict[str | None, tuple[float, T]] = {}

    def __call__(self) -> T:
        language = get_language()
        kept = self.kept.get(language)
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        answer = self.ask()
        # Two threads may both ask when the answer has aged: harmless, and cheaper than a lock for every page.
        self.kept[language] = (time.monotonic() + self.seconds, answer)
        return answer

    def forget(self) -> None:
        self.kept = {}


class Lately(Forgettable, Generic[K, T]):
    """Answers to many questions, each kept for some seconds; the oldest make room for new ones."""

    def __init__(self, *, seconds: float, most: int = 1_000) -> None:
        super().__init__()
        self.seconds = seconds
        self.most = most
        self.kept: dict[K, tuple[float, T]] = {}

    def told(self, question: K) -> T | None:
        """The answer that was kept, if it is not too old."""
        until, answer = self.kept.get(question, (0.0, None))
        return answer if time.monotonic() < until else None

    def keep(self, question: K, answer: T) -> T:
        self.kept.pop(question, None)  # so that it stands behind those that were kept before
        while len(self.kept) >= self.most:
            self.kept.pop(next(iter(self.kept), question), None)
        self.kept[question] = (time.monotonic() + self.seconds, answer)
        return answer

    def forget(self) -> None:
        self.kept = {}


def remembered(*, seconds: float) -> Callable[[Callable[[], T]], Remembered[T]]:
    """Keep the answer of the decorated function for some seconds."""
    return lambda ask: Remembered(ask, seconds)
