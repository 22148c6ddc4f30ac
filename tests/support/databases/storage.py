"""Services with routes that run any SQL, to test transactions."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.databases import postgres
from support.running import environments, projects
from support.services.renderings import BLUEPRINTS, Renderings

# Served in place of app.main:app. Written asynchronously, as the template is.
_ROUTES = """\
from typing import Annotated

import sqlalchemy as sa
from fastapi import Body, HTTPException

from app.database import ReadDep, SessionDep
from app.errors import NotFoundError
from app.main import app

Statements = Annotated[list[str], Body()]
FAULTS = {
    "refusal": HTTPException(418),
    "absence": NotFoundError("There is no such thing."),
    "crash": RuntimeError("known-to-the-log-alone"),
}


async def run(connection, statements):
    for statement in statements:
        result = await connection.execute(sa.text(statement))
    return [list(row) for row in result] if result.returns_rows else []


@app.post("/extra/write")
async def write(statements: Statements, session: SessionDep):
    connection = await session.connection()
    return await run(connection, statements)


@app.post("/extra/read")
async def read(statements: Statements, reader: ReadDep):
    connection = await reader.connection()
    return await run(connection, statements)


@app.post("/extra/fail/{fault}")
async def fail(fault: str, statements: Statements, session: SessionDep):
    connection = await session.connection()
    await run(connection, statements)
    raise FAULTS[fault]


@app.post("/extra/savepoint")
async def savepoint(statements: Statements, session: SessionDep):
    connection = await session.connection()
    first, *rest = statements
    await run(connection, [first])
    try:
        async with session.begin_nested():
            inner = await session.connection()
            await run(inner, rest)
    except sa.exc.IntegrityError:
        pass
"""


def add_routes(folder: Path, choices: Mapping[str, Any]) -> None:
    """Writes extra.py."""
    text = _ROUTES
    if choices["api"] == "sync":
        text = text.replace("async ", "").replace("await ", "")
    (folder / "extra.py").write_text(text, encoding="utf-8")


@contextmanager
def stored(
    folder: Path,
    shared_environment: Path,
    shared: Path,
    choices: Mapping[str, Any],
    *,
    blueprint: Mapping[str, Any] = BLUEPRINTS["blog"],
    server: str | None = None,
) -> Iterator[projects.Project]:
    """A service with those routes and an empty database, on a given Postgres or the shared one."""
    version = {"python_version": environments.running_version()}
    answers = blueprint | choices | version
    service = Renderings(folder)(answers).path
    (service / ".venv").symlink_to(shared_environment / ".venv")
    add_routes(service, choices)
    env = environments.environment(ENVIRONMENT="test", UV_NO_SYNC="1")
    with ExitStack() as stack:
        if choices["database"] == "postgres":
            server = server or postgres.server_url(shared)
            name = f"trellis_{zlib.crc32(str(folder).encode()):08x}"
            url = stack.enter_context(postgres.database(server, name, service, env))
            env |= {"DATABASE_URL": url}
        yield projects.Project(service, answers, env)


def at(project: projects.Project, url: str) -> projects.Project:
    """The same service, with another database."""
    return replace(project, env={**project.env, "DATABASE_URL": url})


@contextmanager
def served(project: projects.Project, **env: str) -> Iterator[str]:
    """The address of the service with those routes."""
    port = environments.free_port()
    python = str(project.folder / ".venv/bin/python")
    command = [python, "-m", "uvicorn", "extra:app", "--port", str(port)]
    with environments.started(project.folder, command, project.env | env, port) as address:
        yield address
