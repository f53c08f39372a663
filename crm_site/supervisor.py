"""Several programs run as one: their output together, restarted when they die, stopped in reverse order."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

# A program that dies more often than this in this time is not started again.
DEATHS_ALLOWED = 5
DEATHS_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 30.0
PARENT_DIED = 1  # prctl's PR_SET_PDEATHSIG

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ProgramGaveUpError(RuntimeError):
    """A program died too often; the message names it."""


@dataclass(frozen=True)
class Program:
    """Something to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    # What it is told in turn when it must end, each with the seconds that it is given; after the last it is killed.
    farewells: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[str]
    output: threading.Thread
    deaths: list[float] = field(default_factory=list)
    start_again_at: float | None = None


class Supervisor:
    """Starts programs one after the other; leaving the `with` block stops them, the last one first."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._children: list[_Child] = []
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            self._stop(child)

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on, as long as `tend` is called."""
        self._width = max(self._width, len(program.name))
        process = self._launch(program)
        self._children.append(_Child(program, process, self._relay(program, process)))

    def tend(self) -> None:
        """Start again what has died, after a pause that grows; to be called a few times a second."""
        now = time.monotonic()
        for child in self._children:
            if child.start_again_at is None:
                if child.process.poll() is not None:
                    self._note_death(child, now)
            elif now >= child.start_again_at:
                child.process = self._launch(child.program)
                child.output = self._relay(child.program, child.process)
                child.start_again_at = None

    def _note_death(self, child: _Child, now: float) -> None:
        child.deaths = [moment for moment in child.deaths if now - moment < DEATHS_SECONDS] + [now]
        name, status = child.program.name, child.process.returncode
        if len(child.deaths) > DEATHS_ALLOWED:
            raise ProgramGaveUpError(f"{name} ended {len(child.deaths)} times in {DEATHS_SECONDS:.0f} s: giving up.")
        pause = min(2.0 ** (len(child.deaths) - 1), LONGEST_PAUSE_SECONDS)
        child.start_again_at = now + pause
        self._say(f"{name} has ended (status {status}); it is started again in {pause:.0f} s.")

    def _launch(self, program: Program) -> subprocess.Popen[str]:
        return subprocess.Popen(
            program.command,
            cwd=self._folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its own group: Ctrl-C in the terminal reaches us alone, and we reach all that it started.
            start_new_session=True,
            preexec_fn=_end_with_parent,
            text=True,
            errors="replace",
        )

    def _relay(self, program: Program, process: subprocess.Popen[str]) -> threading.Thread:
        """Pass on what a program says, line by line, with its name before it."""

        def relay() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip():
                    self._say(f"{program.name:<{self._width}} | {line.rstrip()}")

        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        return thread

    def _stop(self, child: _Child) -> None:
        for number, seconds in child.program.farewells:
            if child.process.poll() is not None:
                break
            child.process.send_signal(number)
            try:
                child.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        _kill_group(child.process.pid)
        child.process.wait()
        child.output.join(1)


def _kill_group(pid: int) -> None:
    """End what is left of a program and of all that it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left (macOS says so by refusing)


def _end_with_parent() -> None:
    """Have the kernel end a program whose supervisor was killed, where the kernel can."""
    if _libc is not None:
        _libc.prctl(PARENT_DIED, signal.SIGTERM)
