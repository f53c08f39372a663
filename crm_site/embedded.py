"""PostgreSQL and Valkey out of Python wheels, so that a fresh clone runs with nothing installed and nothing configured.

Every process that needs them holds a shared lock on `users.lock` while it lives; starting and stopping happen under
`start.lock`. Locks die with their process, however it ends: the last one to leave in an orderly way stops the servers,
and after a `kill -9` the next command finds them running, or finds what they left behind and starts them again.
An installation that names its own servers in DATABASE_URL and REDIS_URL never gets here.
"""

import fcntl
import hashlib
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import quote

from crm_site.lib import servers as programs
from crm_site.lib.servers import EmbeddedServerError, Folders, Postgres, Valkey

BASE_DIR = Path(__file__).resolve().parent.parent
# A Unix socket's address holds about a hundred bytes, of which the file name takes up to fifteen.
LONGEST_SOCKET_FOLDER = 90
# Everything else talks to the database, if only to know which migrations exist; `up` starts the servers itself.
COMMANDS_WITHOUT_SERVERS = frozenset(
    {"help", "version", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "makemessages"}
    | {"messages", "startapp", "up", "--version"}
)
QUIET_SECONDS = 1.0


# --- Addresses: computed, never looked up, so that settings can name them before anything runs -----------------------


def data_dir() -> Path:
    """The folder of everything that this installation writes."""
    return Path(os.environ.get("CRM_DATA_DIR") or BASE_DIR / "var").expanduser().resolve()


def database_url(data_dir: Path) -> str:
    """Address of the embedded PostgreSQL, running or not."""
    return f"postgres://{programs.OWNER_OF_DATABASES}@{quote(str(socket_folder(data_dir)), safe='')}/compagnon"


def broker_url(data_dir: Path) -> str:
    """Address of the embedded Valkey, running or not."""
    return f"redis+socket://{socket_folder(data_dir)}/valkey.sock?virtual_host=0"


def socket_folder(data_dir: Path) -> Path:
    """Where the sockets are: with the data, or under /tmp when that path is too long for a socket's address."""
    beside_data = data_dir / "run"
    if len(os.fsencode(beside_data)) < LONGEST_SOCKET_FOLDER:
        return beside_data
    return Path(f"/tmp/compagnon-{os.geteuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}")


def installation_secret(data_dir: Path) -> str:
    """The key that signs this installation's cookies, made once; whoever comes second reads the first one's."""
    path = data_dir / "secret_key"
    if not path.exists():
        _make_data_dir(data_dir)
        draft = data_dir / f"secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


def _make_data_dir(data_dir: Path) -> None:
    if not data_dir.exists():
        # Root's servers run as another user, who must pass through here; nobody may look around.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)


# --- Use: together with others, until the last one leaves -------------------------------------------------------------


@contextmanager
def servers_for(arguments: Sequence[str]) -> Iterator[None]:
    """What `manage.py` needs to run this command: the servers that have no address in the environment."""
    if not needs_servers(arguments):
        yield
        return
    leave_in_order_on_signals()
    try:
        with missing_servers():
            yield
    except EmbeddedServerError as error:
        sys.exit(str(error))


@contextmanager
def missing_servers() -> Iterator[None]:
    """The servers that the environment does not name."""
    database, broker = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    if not (database or broker):
        yield
        return
    with servers(data_dir(), database=database, broker=broker):
        yield


def start_what_died() -> list[str]:
    """Start again those of `missing_servers` whose process is gone, and name them; the caller must be using them."""
    database, broker = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    postgres, valkey = _servers_of(data_dir())
    dead = [server for server, ours in ((postgres, database), (valkey, broker)) if ours and not server.runs()]
    if dead:
        with _locked_file(data_dir() / "start.lock") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            _start(data_dir(), database=database, broker=broker)
    return [server.name for server in dead]


def needs_servers(arguments: Sequence[str]) -> bool:
    """Whether a command line of `manage.py` talks to the database or the broker."""
    words = list(arguments[1:])
    if not words or words[0] in COMMANDS_WITHOUT_SERVERS:
        return "--database" in words
    return not {"-h", "--help"} & set(words)


@contextmanager
def servers(data_dir: Path, *, database: bool = True, broker: bool = True) -> Iterator[None]:
    """Have the servers of a data folder running; at the end stop them if nobody else uses them."""
    _make_data_dir(data_dir)
    with _locked_file(data_dir / "users.lock") as users:
        try:
            with _locked_file(data_dir / "start.lock") as starting:
                with _said_when_slow("Waiting for another start or stop of the embedded servers"):
                    fcntl.flock(starting, fcntl.LOCK_EX)
                fcntl.flock(users, fcntl.LOCK_SH)
                _start(data_dir, database=database, broker=broker)
            yield
        finally:
            with undisturbed(), _locked_file(data_dir / "start.lock") as stopping:
                fcntl.flock(stopping, fcntl.LOCK_EX)
                _stop_if_last(data_dir, users)


def _start(data_dir: Path, *, database: bool, broker: bool) -> None:
    postgres, valkey = _servers_of(data_dir)
    wanted = ([postgres] if database else []) + ([valkey] if broker else [])
    missing = [server for server in wanted if not server.answers()]
    if not missing:
        return
    folders = _folders(data_dir)
    account = programs.server_account()
    programs.let_through(folders.log, account)
    for folder in (folders.run, folders.valkey, folders.log):
        programs.own_folder(folder, account)
    for server in missing:
        with _said_when_slow(f"Starting {server.name}"):
            server.start()


def _stop_if_last(data_dir: Path, users: int) -> None:
    """Stop the servers when this process was the only one left; runs under the start lock, so none can arrive."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for server in reversed(_servers_of(data_dir)):
        with _said_when_slow(f"Stopping {server.name}"):
            server.stop()
    with suppress(OSError):
        socket_folder(data_dir).rmdir()


def _folders(data_dir: Path) -> Folders:
    return Folders(
        run=socket_folder(data_dir), postgres=data_dir / "postgres", valkey=data_dir / "valkey", log=data_dir / "log"
    )


def _servers_of(data_dir: Path) -> tuple[Postgres, Valkey]:
    folders, account = _folders(data_dir), programs.server_account()
    sync = os.environ.get("CRM_EMBEDDED_FSYNC", "on").lower() != "off"
    return Postgres(folders, account, sync=sync), Valkey(folders, account)


@contextmanager
def _locked_file(path: Path) -> Iterator[int]:
    """An open file to lock; closing it gives the lock back. Programs that we start do not inherit it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _said_when_slow(what: str) -> Iterator[None]:
    """Say what takes long, and only then."""
    timer = threading.Timer(QUIET_SECONDS, programs.say, [f"{what} …"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def leave_in_order_on_signals() -> None:
    """Turn the signals that end a process at once into an orderly end, unless something else handles them."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep a second Ctrl-C from leaving servers behind; stopping them has a limit of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
