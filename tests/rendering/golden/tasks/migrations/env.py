"""How Alembic reaches the database, and what it compares it with."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection, event

from app.database import make_engine
from app.settings import DatabaseSettings
from app.tables import Base


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def prepare(connection: Any, _: object) -> None:
    """A batch replaces a table by a copy, which must not delete what refers to its rows.
    Several processes may start at once: one migrates, the others wait for a minute."""
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA busy_timeout=60000")


async def migrate_database() -> None:
    settings = context.config.attributes.get("settings") or DatabaseSettings.load()
    engine = make_engine(settings)
    event.listen(engine.sync_engine, "connect", prepare)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def print_sql() -> None:
    """For `alembic upgrade head --sql`, which needs neither a database nor settings."""
    context.configure(
        dialect_name="sqlite",
        target_metadata=Base.metadata,
        literal_binds=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    asyncio.run(migrate_database())
