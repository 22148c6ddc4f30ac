"""The servers to measure: rendered services and references, in one environment."""

import functools
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from postgres import Postgres
from trellis.template import version as template

REFERENCES = Path(__file__).parent / "references"
FIELDS = [
    {"name": "title", "type": "string", "min_length": 1, "max_length": 200},
    {"name": "description", "type": "text", "optional": True},
    {"name": "completed", "type": "boolean", "default": False},
]
SERVICES = {
    "sqlalchemy async": {"orm": "sqlalchemy", "api": "async"},
    "sqlmodel async": {"orm": "sqlmodel", "api": "async"},
    "sqlalchemy sync": {"orm": "sqlalchemy", "api": "sync"},
    "sqlmodel sync": {"orm": "sqlmodel", "api": "sync"},
}
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@dataclass(frozen=True)
class Contender:
    """A service with the resource `task`."""

    name: str
    folder: Path
    app: str
    database: str = ""
    scheme: str = "postgresql"

    def environment(self, url: str) -> dict[str, str]:
        """The settings of production, and the caller's PATH."""
        return {
            "PATH": os.environ["PATH"],
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "DATABASE_URL": url.replace("postgresql", self.scheme, 1),
        }


@dataclass(frozen=True)
class Server:
    """A contender that is running."""

    contender: Contender
    process: psutil.Process
    port: int

    def cpu(self) -> float:
        """The processor time of the worker in seconds."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def get(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read(), answer.headers


def prepare(folder: Path, postgres: Postgres) -> tuple[Path, list[Contender]]:
    """Renders, installs, migrates and fills. Returns the interpreter and the contenders."""
    resources = [{"name": "task", "fields": FIELDS}]
    for name, choices in SERVICES.items():
        answers = {**choices, "database": "postgres", "python_version": running_version()}
        template.open_own().render(
            answers | {"resources": resources}, folder / name.replace(" ", "_")
        )
    python = install(folder)
    contenders = [
        Contender("plain reference", REFERENCES, "plain:app", "plain", "postgresql+asyncpg"),
        Contender("bare asyncpg", REFERENCES, "bare:app", "bare"),
        Contender("FastAPI alone", REFERENCES, "floor:app"),
    ]
    for contender in contenders[:2]:
        postgres.create(contender.database, (REFERENCES / "tasks.sql").read_text())
    for name in SERVICES:
        identifier = name.replace(" ", "_")
        contender = Contender(name, folder / identifier, "app.main:app", identifier)
        postgres.create(identifier)
        run(contender, [python, "-m", "alembic", "upgrade", "head"], postgres.url(identifier))
        contenders.append(contender)
    for contender in contenders:
        if contender.database:
            postgres.fill(contender.database)
    return python, contenders


def install(folder: Path) -> Path:
    """Makes one environment with the dependencies of all services."""
    base = getattr(sys, "_base_executable", sys.executable)
    quiet = functools.partial(subprocess.run, check=True, env={**os.environ, "UV_PYTHON": base})
    quiet(["uv", "venv", "--quiet", folder / "venv"])
    python = folder / "venv/bin/python"
    projects = [word for path in folder.glob("*/pyproject.toml") for word in ("-r", path)]
    quiet(["uv", "pip", "install", "--quiet", "--python", python, *projects])
    return python


def run(contender: Contender, command: list[str | Path], url: str) -> None:
    subprocess.run(
        command,
        cwd=contender.folder,
        env=contender.environment(url),
        check=True,
        capture_output=True,
    )


@contextmanager
def serving(python: Path, contender: Contender, url: str) -> Iterator[Server]:
    """Runs one worker on a core of its own, with its log in a file."""
    command = [python, "-m", "uvicorn", contender.app, "--loop", "uvloop", "--http", "httptools"]
    log = python.parents[2] / "server.log"
    # Not --fd: uvicorn treats it as a Unix socket and does not set TCP_NODELAY.
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--no-access-log", "--port", str(port)],
            cwd=contender.folder,
            env=contender.environment(url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        pin(process.pid, CORES[-1:])
        server = Server(contender, psutil.Process(process.pid), port)
    try:
        wait_for(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            server.get("/tasks/1")
            return
        time.sleep(0.05)
    sys.exit(f"{server.contender.name} does not answer:\n{log.read_text(errors='replace')}")


def pin(pid: int, cores: list[int]) -> None:
    """Pins a process to these cores, if the system supports it and has enough cores."""
    if len(CORES) > 1 and cores:
        os.sched_setaffinity(pid, set(cores))


def running_version() -> str:
    return "{}.{}".format(*sys.version_info)
