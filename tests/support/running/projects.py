"""A rendered service with an environment and a database."""

import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.databases import postgres
from support.running import environments

_REFLECT = Path(__file__).with_name("reflect.py").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Project:
    """The folder, the blueprint, and the environment variables of its commands."""

    folder: Path
    blueprint: Mapping[str, Any]
    env: Mapping[str, str]

    def run(self, *command: str) -> str:
        return environments.run(self.folder, *command, env=self.env)

    def alembic(self, *words: str) -> str:
        return self.run("uv", "run", "--no-sync", "alembic", *words)

    def tables(self) -> dict[str, Any]:
        """The tables of its database, described in the same way for SQLite and Postgres."""
        text = self.run(str(self.folder / ".venv/bin/python"), "-c", _REFLECT)
        tables: dict[str, Any] = json.loads(text)
        return tables


@contextmanager
def set_up(folder: Path, blueprint: Mapping[str, Any], shared: Path) -> Iterator[Project]:
    """Runs `make setup`. A Postgres service gets the URL of a new database."""
    # The cache of mypy belongs to the environment: a worker sets up one service at a time.
    cache = shared / f"mypy-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    env = environments.environment(ENVIRONMENT="development", MYPY_CACHE_DIR=str(cache))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder / ".venv", ignore_errors=True)
        environments.run(folder, "make", "setup", env=env)
        if blueprint["database"] == "postgres":
            server = postgres.server_url(shared)
            name = f"trellis_{zlib.crc32(str(folder).encode()):08x}"
            url = stack.enter_context(postgres.database(server, name, folder, env))
            env |= {"DATABASE_URL": url, "TEST_DATABASE_URL": url}
        yield Project(folder, blueprint, env)
