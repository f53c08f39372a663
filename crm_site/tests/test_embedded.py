"""The embedded servers with real processes: shared, left in order, killed, found again."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
import redis

from crm_site import embedded
from crm_site.lib.servers import EmbeddedServerError

USER_PROGRAM = """
import sys
from pathlib import Path
from crm_site import embedded
with embedded.servers(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.readline()
"""


@dataclass(frozen=True)
class Pids:
    """The process numbers of the two servers; None for one that does not run."""

    postgres: int | None
    valkey: int | None


class User:
    """A process that uses the servers of a data folder until it is told to leave."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(folder)],
            cwd=embedded.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def is_up(self) -> bool:
        assert self.process.stdout is not None
        return self.process.stdout.readline() == "up\n"

    def leave(self) -> None:
        self.process.communicate("\n", timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of one test, its path short as that of an installation; nothing runs in it afterwards."""
    monkeypatch.setenv("CRM_EMBEDDED_FSYNC", "off")
    path = Path(tempfile.mkdtemp(prefix="crm-")).resolve()
    yield path
    for pid in (pids(path).postgres, pids(path).valkey):
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(path)


def pids(folder: Path) -> Pids:
    return Pids(*(server._pid() for server in embedded._servers_of(folder)))


def connect(folder: Path) -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(host=embedded.socket_folder(folder), user="compagnon", dbname="compagnon")
    connection.autocommit = True
    return connection


def ask(folder: Path, question: str) -> object:
    """The one value that a question to the database has for an answer."""
    connection = connect(folder)
    with connection.cursor() as cursor:
        cursor.execute(question)
        (answer,) = cursor.fetchone() or (None,)
    connection.close()
    return answer


def broker(folder: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(embedded.socket_folder(folder) / "valkey.sock"))


def test_users_share_the_servers_and_the_last_one_stops_them(folder: Path) -> None:
    first, second = User(folder), User(folder)  # at once, on an empty folder
    assert first.is_up()
    assert second.is_up()
    running = pids(folder)
    assert None not in (running.postgres, running.valkey)
    first.leave()
    assert pids(folder) == running
    second.leave()
    assert pids(folder) == Pids(None, None)


def test_a_killed_user_leaves_servers_that_the_next_one_finds_and_stops(folder: Path) -> None:
    killed = User(folder)
    assert killed.is_up()
    running = pids(folder)
    killed.kill()
    with embedded.servers(folder):
        assert pids(folder) == running
    assert pids(folder) == Pids(None, None)


def test_killed_servers_come_back_with_what_they_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_EMBEDDED_FSYNC", "on")
    with embedded.servers(folder):
        connection = connect(folder)
        connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS number")
        broker(folder).set("kept", "seven")
        running = pids(folder)
        assert running.postgres is not None
        assert running.valkey is not None
        os.kill(running.postgres, signal.SIGKILL)
        os.kill(running.valkey, signal.SIGKILL)
        with embedded.servers(folder):
            assert ask(folder, "SELECT number FROM kept") == 7
            assert broker(folder).get("kept") == b"seven"


def test_a_pid_file_whose_number_is_another_process_now_is_cleared_away(folder: Path) -> None:
    with embedded.servers(folder):
        pass
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    (folder / "run" / "valkey.pid").write_text(f"{os.getpid()}\n")
    with embedded.servers(folder):
        assert ask(folder, "SELECT 1") == 1


def test_an_interrupted_first_start_is_begun_anew(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with embedded.servers(folder):
        assert ask(folder, "SELECT 1") == 1


def test_the_database_is_private_checked_and_sorts_the_same_everywhere(folder: Path) -> None:
    with embedded.servers(folder):
        assert ask(folder, "SHOW listen_addresses") == ""
        assert ask(folder, "SHOW data_checksums") == "on"
        assert ask(folder, "SELECT lower('ÉMILE')") == "émile"
        provider = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        assert ask(folder, provider) == "bC.UTF-8"
        for private in (folder / "run", folder / "postgres", folder / "valkey"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert broker(folder).config_get("port") == {"port": "0"}


def test_a_path_too_long_for_a_socket_is_served_from_a_private_folder(folder: Path) -> None:
    deep = folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    with embedded.servers(deep):
        assert ask(deep, "SELECT 1") == 1
        run = embedded.socket_folder(deep)
        assert not run.is_relative_to(folder)
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert not run.exists()


def test_a_socket_folder_that_somebody_laid_in_the_way_is_refused(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "run").symlink_to(folder / "elsewhere")
    with pytest.raises(EmbeddedServerError, match="somebody else"), embedded.servers(folder):
        pass


def test_a_cluster_of_another_version_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 17"), embedded.servers(folder):
        pass


def test_a_command_that_is_told_to_end_leaves_nothing_running(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    sleep = "import time; print('up', flush=True); time.sleep(60)"
    command = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", sleep],
        cwd=embedded.BASE_DIR,
        env=environment | {"CRM_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "up\n"
    command.terminate()
    command.communicate(timeout=60)
    assert command.returncode == 128 + signal.SIGTERM
    assert pids(folder) == Pids(None, None)


def test_the_secret_is_made_once_whoever_comes_first(folder: Path) -> None:
    make = "import sys; from pathlib import Path; from crm_site import embedded; "
    make += "print(embedded.installation_secret(Path(sys.argv[1])))"
    command = [sys.executable, "-c", make, str(folder)]
    makers = [subprocess.Popen(command, cwd=embedded.BASE_DIR, stdout=subprocess.PIPE) for _ in range(4)]
    secrets = {maker.communicate()[0].strip() for maker in makers}
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 50
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        ("migrate", True),
        ("makemigrations --check", True),
        ("recompute --wait", True),
        ("check --database default", True),
        ("check", False),
        ("migrate --help", False),
        ("help migrate", False),
        ("messages --update", False),
        ("up", False),
        ("", False),
    ],
)
def test_only_commands_that_talk_to_the_servers_start_them(command: str, *, needed: bool) -> None:
    assert embedded.needs_servers(["manage.py", *command.split()]) is needed
