"""Serves a service in production, with added routes that fail or are slow."""

import socket
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.databases import postgres
from support.running import environments, projects
from support.services.renderings import BLUEPRINTS, Renderings

# Served in place of app.main:app. Written asynchronously, as the template is.
_ROUTES = """\
import asyncio
import gc
import logging
import sys
import time

from fastapi import Request
from sqlalchemy import Engine, event

from app.database import ReadDep
from app.main import app

logger = logging.getLogger("app.extra")


@event.listens_for(Engine, "engine_disposed")
def disposed(engine):
    logger.info("disposed")


@app.get("/extra/hold/{seconds}")
async def hold(seconds: float, reader: ReadDep):
    await reader.connection()
    await asyncio.sleep(seconds)
    return seconds


@app.get("/extra/sleep/{seconds}")
async def sleep(seconds: float):
    await asyncio.sleep(seconds)
    return seconds


@app.get("/extra/crash")
async def crash():
    raise RuntimeError("known-to-the-log-alone")


@app.post("/extra/no-collector")
async def stop_collecting():
    gc.disable()


@app.get("/extra/said")
async def said():
    logger.info("said by a handler")


@app.get("/extra/state")
async def state(request: Request):
    pool = request.app.state.read_engine.pool
    return {"connections": pool.checkedout(), "modules": list(sys.modules)}
"""


def add_routes(folder: Path, choices: Mapping[str, Any]) -> None:
    """Writes extra.py."""
    text = _ROUTES
    if choices["api"] == "sync":
        text = text.replace("async def", "def").replace("await asyncio.", "time.")
        text = text.replace("await ", "")
    (folder / "extra.py").write_text(text, encoding="utf-8")


@contextmanager
def deployed(
    folder: Path, shared_environment: Path, shared: Path, choices: Mapping[str, Any]
) -> Iterator[projects.Project]:
    """A migrated service of the blog blueprint, with the settings of production."""
    version = {"python_version": environments.running_version()}
    blueprint = BLUEPRINTS["blog"] | choices | version
    service = Renderings(folder)(blueprint).path
    (service / ".venv").symlink_to(shared_environment / ".venv")
    add_routes(service, choices)
    env = environments.environment(UV_NO_SYNC="1", ALLOWED_HOSTS="127.0.0.1")
    with ExitStack() as stack:
        url = f"sqlite:///{service}/deployed.db"
        if choices["database"] == "postgres":
            server = postgres.server_url(shared)
            name = f"trellis_{zlib.crc32(str(folder).encode()):08x}"
            url = stack.enter_context(postgres.database(server, name, service, env))
        project = projects.Project(service, blueprint, env | {"DATABASE_URL": url})
        project.alembic("upgrade", "head")
        yield project


@contextmanager
def asking(address: str, path: str, count: int) -> Iterator[None]:
    """Clients that send a request and do not read the response, until the block ends."""
    url = urlsplit(address)
    head = f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(count):
            client = socket.create_connection((url.hostname, url.port))
            stack.enter_context(client)
            client.sendall(head)
        yield


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
