"""One command starts everything, heals what dies, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from crm_site import embedded
from crm_site.supervisor import Program, ProgramGaveUpError, Supervisor
from crm_site.tests.processes import eventually

SAY_AND_END = [sys.executable, "-c", "print('hello')"]
SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


def tended(supervisor: Supervisor) -> Supervisor:
    supervisor.tend()
    return supervisor


def test_programs_speak_with_their_name_and_end_with_the_supervisor(tmp_path: Path) -> None:
    said: list[str] = []
    with Supervisor(tmp_path, said.append) as supervisor:
        for name in ("one", "second"):
            supervisor.start(Program(name, SLEEP))
        assert eventually(lambda: len(said) == 2)
        pids = [child.process.pid for child in supervisor._children]
    assert sorted(line.split() for line in said) == [["one", "|", "ready"], ["second", "|", "ready"]]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_program_that_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    with Supervisor(tmp_path, said.append) as supervisor:
        supervisor.start(Program("web", SLEEP))
        first = supervisor._children[0].process
        first.kill()
        assert eventually(lambda: tended(supervisor)._children[0].process is not first)
        assert any("started again" in line for line in said)


def test_a_program_that_keeps_dying_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_site.supervisor.LONGEST_PAUSE_SECONDS", 0.0)
    with Supervisor(tmp_path, lambda line: None) as supervisor:
        supervisor.start(Program("web", SAY_AND_END))
        with pytest.raises(ProgramGaveUpError, match="web ended 6 times"):
            eventually(lambda: tended(supervisor) is None)


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    said: list[str] = []
    with Supervisor(tmp_path, said.append) as supervisor:
        supervisor.start(Program("deaf", DEAF, farewells=((signal.SIGTERM, 0.2),)))
        assert eventually(lambda: bool(said))
        process = supervisor._children[0].process
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="crm-")).resolve()
    yield path
    shutil.rmtree(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_up(folder: Path, port: int) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    own = {"CRM_DATA_DIR": str(folder), "PORT": str(port), "CRM_NO_DEMO": "1", "CRM_EMBEDDED_FSYNC": "off"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=embedded.BASE_DIR,
        env=environment | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as response:
            return bool(response.status == 200)
    except URLError:
        return False


def server_pids(folder: Path) -> list[int | None]:
    return [server._pid() for server in embedded._servers_of(folder)]


def kill_servers(folder: Path) -> set[int]:
    running = {pid for pid in server_pids(folder) if pid is not None}
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    assert len(running) == 2
    return running


def test_one_command_starts_everything_keeps_it_running_and_an_interrupt_stops_it(folder: Path) -> None:
    port = free_port()
    up = run_up(folder, port)
    try:
        assert up.stdout is not None
        assert any(f"http://127.0.0.1:{port}/" in line for line in up.stdout)
        assert answers(port)
        killed = kill_servers(folder)
        assert eventually(lambda: None not in (now := server_pids(folder)) and killed.isdisjoint(now))
        assert eventually(lambda: answers(port))
        up.send_signal(signal.SIGINT)
        rest = up.communicate(timeout=60)[0]
    finally:
        up.kill()
    assert (up.returncode, "Stopping" in rest) == (0, True)
    assert not answers(port)
    assert server_pids(folder) == [None, None]


def test_a_taken_port_is_said_before_anything_starts(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = run_up(folder, taken.getsockname()[1])
        said = up.communicate(timeout=60)[0]
    assert up.returncode != 0
    assert "choose another port: PORT=" in said
    assert not (folder / "postgres").exists()
