"""Answers that may be some seconds old: asked once, then kept by the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar
from weakref import WeakSet

from django.utils.translation import get_language

T = TypeVar("T")


class Remembered(Generic[T]):
    """A function without arguments whose answer is kept for some seconds, by language; every process keeps its own."""

    everything: ClassVar[WeakSet[Remembered[Any]]] = WeakSet()

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self.ask = ask
        self.seconds = seconds
        self.__doc__ = ask.__doc__
        self.kept: dict[str | None, tuple[float, T]] = {}
        self.everything.add(self)

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
        """Ask again next time."""
        self.kept = {}

    @classmethod
    def forget_everything(cls) -> None:
        """Forget all answers: what a test does before it begins."""
        for each in cls.everything:
            each.forget()


def remembered(*, seconds: float) -> Callable[[Callable[[], T]], Remembered[T]]:
    """Keep the answer of the decorated function for some seconds."""
    return lambda ask: Remembered(ask, seconds)
