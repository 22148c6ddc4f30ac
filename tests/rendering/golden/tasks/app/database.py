"""The engines, and the two ways in which a request reaches the database."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolResetState

from app.settings import DatabaseSettings

DRIVER = "sqlite+aiosqlite"


def driver_url(text: str) -> URL:
    """The URL as platforms give it, with this service's driver in place of any other."""
    return make_url(text).set(drivername=DRIVER)


def make_engine(settings: DatabaseSettings) -> AsyncEngine:
    """For transactions: one at a time, as SQLite has it, and the others queue for it."""
    engine = open_engine(settings, pool_size=1)
    event.listen(engine.sync_engine, "begin", begin_writing)
    event.listen(engine.sync_engine, "reset", undo)
    return engine


def make_reader(settings: DatabaseSettings) -> AsyncEngine:
    """For reading, which goes on while somebody writes."""
    engine = open_engine(settings, pool_size=5)
    event.listen(engine.sync_engine, "begin", begin_reading)
    return engine


def open_engine(settings: DatabaseSettings, pool_size: int) -> AsyncEngine:
    """Connects on first use."""
    engine = create_async_engine(
        driver_url(settings.database_url),
        # The driver must not open transactions by itself, and waits for other processes.
        connect_args={"isolation_level": None, "timeout": 5},
        hide_parameters=True,
        max_overflow=0,
        pool_size=pool_size,
        pool_timeout=5,
        pool_use_lifo=True,
    )
    event.listen(engine.sync_engine, "connect", set_pragmas)
    return engine


def set_pragmas(connection: Any, _: object) -> None:
    """Checks foreign keys, and lets readers go on while somebody writes."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")


def begin_writing(connection: Connection) -> None:
    """Waits for its turn here, where waiting can only succeed or time out."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def undo(connection: Any, entry: ConnectionPoolEntry, state: PoolResetState) -> None:
    """A COMMIT that fails leaves its transaction open, and nobody else can write."""
    driver: Any = entry.driver_connection
    if state.asyncio_safe and driver.in_transaction:
        connection.rollback()


def begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN DEFERRED")


def make_probe(settings: DatabaseSettings) -> AsyncEngine:
    """For /health/ready, which must not wait for those who write or read."""
    return open_engine(settings, pool_size=1)


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session
        await session.commit()


async def get_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.reader.connect() as connection:
        yield connection


# One transaction for a request that writes: rolled back when anything is raised, else
# committed before the answer is sent (that is the scope), so that what was acknowledged
# is stored. Services flush; nobody else commits.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]

# For reading alone: rows, without the bookkeeping of a session.
ReadDep = Annotated[AsyncConnection, Depends(get_connection, scope="function")]
