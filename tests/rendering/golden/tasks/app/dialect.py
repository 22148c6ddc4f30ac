"""SQLite: its URLs, engines and errors."""

import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

if TYPE_CHECKING:
    from app.settings import DatabaseSettings

NAME = "sqlite"
DEFAULT_URL = "sqlite:///app.db"
EXAMPLE_URL = DEFAULT_URL
INVALID_URL = (ArgumentError, ValueError)

# The database is locked or cannot be opened, or the disk is full or broken.
TEMPORARY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
}


def check_url(text: str) -> str:
    """Raises ValueError if the service cannot use the URL."""
    try:
        url = make_url(text)
    except INVALID_URL:
        raise ValueError(f"is not like {DEFAULT_URL}") from None
    # In memory, each connection would have a database of its own.
    if url.get_backend_name() != NAME or url.database in (None, "", ":memory:"):
        raise ValueError(f"is not like {DEFAULT_URL}")
    return text


def make_engine(settings: "DatabaseSettings") -> AsyncEngine:
    """For transactions. SQLite has one writer at a time: the others wait for the connection."""
    engine = open_engine(settings.database_url, pool_size=1)
    event.listen(engine.sync_engine, "begin", begin_immediate)
    event.listen(engine.sync_engine, "reset", rollback_on_reset)
    return engine


def make_read_engine(settings: "DatabaseSettings") -> AsyncEngine:
    """For reads, which do not wait for a writer. AUTOCOMMIT: each statement is a transaction."""
    size = settings.database_pool_size
    return open_engine(settings.database_url, pool_size=size, isolation_level="AUTOCOMMIT")


def make_probe_engine(settings: "DatabaseSettings") -> AsyncEngine:
    """For /health/ready, which must not wait for requests that hold a connection."""
    return open_engine(settings.database_url, pool_size=1)


def make_migration_engine(settings: "DatabaseSettings") -> AsyncEngine:
    """BEGIN IMMEDIATE lets one process migrate at a time."""
    engine = make_engine(settings)
    event.listen(engine.sync_engine, "connect", prepare_migrations)
    return engine


def open_engine(url: str, **options: Any) -> AsyncEngine:
    """Connects on first use."""
    engine = create_async_engine(
        make_url(url).set(drivername="sqlite+aiosqlite"),
        # SQLAlchemy begins transactions, not the driver. The timeout for locks is 5 s.
        connect_args={"isolation_level": None, "timeout": 5},
        hide_parameters=True,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        **options,
    )
    event.listen(engine.sync_engine, "connect", set_pragmas)
    return engine


def set_pragmas(connection: Any, _: object) -> None:
    """Enables foreign keys, and the write-ahead log: reads do not wait for a write."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")


def prepare_migrations(connection: Any, _: object) -> None:
    """A batch migration copies a table and drops the old one: with foreign keys on, that would
    cascade to the rows that refer to it. Other processes wait up to 60 s for this one."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA busy_timeout=60000")


def begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock now: upgrading a read transaction later can fail with
    SQLITE_BUSY."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def rollback_on_reset(connection: Any, entry: ConnectionPoolEntry, state: PoolResetState) -> None:
    """A failed COMMIT leaves the transaction open and the database locked."""
    driver: Any = entry.driver_connection
    if state.asyncio_safe and driver.in_transaction:
        connection.rollback()


def is_temporary(error: DBAPIError) -> bool:
    """Whether the same request may succeed later."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in TEMPORARY


def duplicate_columns(error: IntegrityError) -> list[str]:
    """The columns of the unique constraint that is violated; [] for another constraint."""
    rule, _, columns = str(error.orig).partition(" constraint failed: ")
    if rule != "UNIQUE":
        return []
    return [column.split(".")[1] for column in columns.split(", ")]


def is_reference_error(error: IntegrityError) -> bool:
    return str(error.orig).startswith("FOREIGN KEY")
