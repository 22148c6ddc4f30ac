"""The engine, and the two ways in which a request reaches the database."""

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

from app.settings import Settings

DRIVER = "sqlite+aiosqlite"


def driver_url(text: str) -> URL:
    """The URL as platforms give it, with this service's driver in place of any other."""
    return make_url(text).set(drivername=DRIVER)


def make_engine(settings: Settings) -> AsyncEngine:
    """Connects on first use."""
    engine = create_async_engine(
        driver_url(settings.database_url),
        # The driver must not open transactions by itself: see begin().
        connect_args={"isolation_level": None, "timeout": 5},
    )
    event.listen(engine.sync_engine, "connect", set_pragmas)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def set_pragmas(connection: Any, _: object) -> None:
    """Checks foreign keys, and lets readers go on while somebody writes."""
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_mode=WAL")


def begin(connection: Connection) -> None:
    """Lets a writer wait for its turn here, where waiting can only succeed or time out."""
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    writer = engine.execution_options(writes=True)
    return async_sessionmaker(writer, expire_on_commit=False)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions.begin() as session:
        yield session


async def get_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.engine.connect() as connection:
        yield connection


# One transaction for a request that writes: rolled back when anything is raised, else
# committed before the answer is sent (that is the scope), so that what was acknowledged
# is stored. Services flush; nobody else commits.
SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]

# For reading alone: rows, without the bookkeeping of a session.
ReadDep = Annotated[AsyncConnection, Depends(get_connection, scope="function")]
