"""A service as its team has it: rendered, with an environment and a database of its own."""

import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import environments, postgres

_REFLECT = Path(__file__).with_name("reflect.py").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Project:
    """Where it is, what it was rendered from, and the environment that its commands run in."""

    folder: Path
    blueprint: Mapping[str, Any]
    env: Mapping[str, str]

    def run(self, *command: str) -> str:
        return environments.run(self.folder, *command, env=self.env)

    def alembic(self, *words: str) -> str:
        return self.run("uv", "run", "--no-sync", "alembic", *words)

    def tables(self) -> dict[str, Any]:
        """The tables that its database has, the same words for every kind of database."""
        text = self.run(str(self.folder / ".venv/bin/python"), "-c", _REFLECT)
        tables: dict[str, Any] = json.loads(text)
        return tables


@contextmanager
def set_up(folder: Path, blueprint: Mapping[str, Any], shared: Path) -> Iterator[Project]:
    """Makes its environment by `make setup`; a Postgres service is given a database's URL."""
    # One after the other in a worker: mypy's cache is of the environment, not of the service.
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
