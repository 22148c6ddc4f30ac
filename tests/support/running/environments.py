"""Runs the commands and the server of a rendered service."""

import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

PATIENCE = 300.0
# Variables of this test run, of an outer `make`, or of another environment.
_FOREIGN = (
    "COPIER_", "GIT_", "HYPOTHESIS_", "MAKE", "MFLAGS", "OTEL_", "PYTEST_", "TRELLIS_",
)  # fmt: skip
_FOREIGN_NAMES = {
    "ALLOWED_HOSTS", "BODY_TIMEOUT", "CORS_ORIGINS", "DATABASE_URL", "ENVIRONMENT", "FASTAPI_ENV",
    "FORWARDED_ALLOW_IPS", "LOG_LEVEL", "MAX_BODY_SIZE", "MYPYPATH", "PORT", "PYTHONHASHSEED",
    "PYTHONPATH", "TEST_DATABASE_URL", "UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV",
}  # fmt: skip


class CommandError(Exception):
    """A command that failed, and the end of its output."""


def base_python() -> str:
    """The interpreter that runs the tests, outside of its virtual environment."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def running_version() -> str:
    """The version of that interpreter, as in a blueprint."""
    return "{}.{}".format(*sys.version_info)


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without those variables."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(_FOREIGN) and key not in _FOREIGN_NAMES
    }
    # The programs of this virtual environment would come before those of the service.
    folders = [f for f in kept["PATH"].split(os.pathsep) if f != str(Path(sys.prefix, "bin"))]
    folders.append(str(Path(sys.prefix, "bin")))
    return kept | {
        "NO_COLOR": "1",
        "PATH": os.pathsep.join(folders),
        # The pytest of a service would remove temporary folders of this one.
        "PYTEST_DEBUG_TEMPROOT": _temporary(),
        "UV_PYTHON": base_python(),
        "UV_PYTHON_DOWNLOADS": "never",
        **more,
    }


@functools.cache
def _temporary() -> str:
    folder = tempfile.TemporaryDirectory(prefix="trellis-tests-")
    _KEPT.append(folder)
    return folder.name


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def run(folder: Path, *command: str, env: Mapping[str, str], patience: float = PATIENCE) -> str:
    """Returns the output of the command. Raises CommandError with its end if it fails."""
    completed = subprocess.run(
        command,
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
        timeout=patience,
        check=False,
    )
    if completed.returncode:
        said = "\n".join(completed.stdout.splitlines()[-60:])
        raise CommandError(f"{' '.join(command)} exited with {completed.returncode}:\n{said}")
    return completed.stdout


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A process that serves a service, and what it logs."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The JSON log lines so far."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


@contextmanager
def served(folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """The address at which uvicorn serves it."""
    with running(folder, env) as server:
        yield server.address


@contextmanager
def running(
    folder: Path, env: Mapping[str, str], app: str = "app.main:app", *options: str
) -> Iterator[Server]:
    """Runs uvicorn with a socket that is open already, so that the port cannot be taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # uvicorn treats --fd as a Unix socket and leaves TCP_NODELAY off: each answer takes 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        command = [
            str(folder / ".venv/bin/python"), "-m", "uvicorn", app,
            "--fd", str(listener.fileno()), *options,
        ]  # fmt: skip
        port = listener.getsockname()[1]
        with launched(folder, command, env, port, pass_fds=[listener.fileno()]) as server:
            yield server


@contextmanager
def started(
    folder: Path, command: Sequence[str], env: Mapping[str, str], port: int
) -> Iterator[str]:
    """Runs a command that serves; returns the address."""
    with launched(folder, command, env, port) as server:
        yield server.address


@contextmanager
def launched(
    folder: Path,
    command: Sequence[str],
    env: Mapping[str, str],
    port: int,
    pass_fds: Sequence[int] = (),
) -> Iterator[Server]:
    """A server in a new process group, which is stopped at the end of the block."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(process, address, log)
        yield Server(address, process, log)
    finally:
        _stop(process)


def _wait_for(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx2.get(f"{address}/health/live", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise CommandError(f"the server does not answer:\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(15)
        except ProcessLookupError:
            process.wait()
            return
        except subprocess.TimeoutExpired:
            continue
        else:
            return
