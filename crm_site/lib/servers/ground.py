"""What both servers stand on: a user to run as, folders that only they may enter, and processes out of our reach."""

import os
import pwd
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# How long a server may take to begin, for instance after a crash, when it reads what it had written.
START_SECONDS = 120


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The system user that the servers run as."""

    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()


@dataclass(frozen=True)
class Folders:
    """Where the servers of one installation keep what they own, all of it theirs alone."""

    run: Path  # sockets; short enough for the system's limit on their addresses
    postgres: Path
    valkey: Path
    log: Path


def server_account() -> Account:
    """Ourselves, unless we are root: then `nobody`, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerError(
            "PostgreSQL does not run as root, and this system has no user `nobody` to run it as. "
            "Create one (useradd --system nobody), work as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


# --- Folders and their permissions ------------------------------------------------------------------------------------


def own_folder(path: Path, account: Account) -> None:
    """Make a folder that only the servers' user may enter; refuse one that somebody else laid in our way."""
    if not os.path.lexists(path):
        path.mkdir(mode=0o700)
        os.chown(path, account.uid, account.gid)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {account.uid, os.geteuid()}:
        raise EmbeddedServerError(f"{path} belongs to somebody else; move it away or choose another CRM_DATA_DIR.")
    if found.st_uid != account.uid:
        os.chown(path, account.uid, account.gid)
    if stat.S_IMODE(found.st_mode) != 0o700:
        path.chmod(0o700)


def let_through(path: Path, account: Account) -> None:
    """Let the servers' user pass through the folders above `path` (not list them), and say which were opened."""
    if account.is_us:
        return
    opened = []
    for folder in reversed(path.resolve().parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
            opened.append(str(folder))
    if opened:
        say(f"PostgreSQL runs as user nobody: search permission (o+x) given on {', '.join(opened)}.")


def open_programs(program: Path, folders: Sequence[Path], account: Account) -> None:
    """Let the servers' user run a program and read what it needs, even if a strict umask installed it."""
    if account.is_us:
        return
    let_through(program, account)
    installed = [program, *folders, *(path for folder in folders for path in folder.iterdir())]
    if all(_others_may_read(path) for path in installed):
        return
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            if not _others_may_read(path):
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _others_may_read(path: Path) -> bool:
    mode = path.stat().st_mode
    return bool(mode & stat.S_IROTH) and (bool(mode & stat.S_IXOTH) or not mode & stat.S_IXUSR)


def wheel_folder(package: str) -> Path:
    """Where a wheel lies, without importing it: only its programs are of use here."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            f"The package {package} is not installed. Install requirements.txt, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).resolve().parent


def say(sentence: str) -> None:
    """Standard error, because standard output may be a command's result."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


# --- Processes --------------------------------------------------------------------------------------------------------


def run_as(
    account: Account, command: Sequence[str | Path], *, leaves_daemon: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run one of the servers' programs to its end, out of reach of the terminal's signals.

    A daemon that it leaves behind would hold our pipe open for ever: then what the program says is dropped.
    """
    user: dict[str, Any] = {}
    if not account.is_us:
        user = {"user": account.uid, "group": account.gid, "extra_groups": []}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    output = subprocess.DEVNULL if leaves_daemon else subprocess.PIPE
    try:
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            start_new_session=True,
            text=True,
            check=False,
            **user,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(f"{command[0]} cannot be run: {error}") from error


def process_runs(pid: int, mark: str) -> bool:
    """Whether the process with this number is the one we think: its command line names our own folder."""
    try:
        return mark in Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    answer = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return mark in answer.stdout


def first_number(path: Path) -> int | None:
    """The process number that a pid file starts with."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def last_lines(path: Path, count: int = 5) -> str:
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-count:])


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
