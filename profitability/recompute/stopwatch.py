"""How far a recompute is, and how long each of its stages took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from crm_site.lib.jobs.context import JobContext
from profitability.actions import STAGES
from profitability.totals import StageTime


class Stopwatch:
    """Tells the job how far it is, asks whether to go on, and remembers how long each stage took."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A part of the work; a stage may come in several parts."""
        self.context.check_stop()
        self.context.progress(list(STAGES).index(name), len(STAGES), name)
        begun = time.monotonic()
        yield
        self._seconds[name] = self._seconds.get(name, 0) + time.monotonic() - begun

    @property
    def durations(self) -> tuple[StageTime, ...]:
        return tuple(StageTime(stage=stage, seconds=round(time, 2)) for stage, time in self._seconds.items())
