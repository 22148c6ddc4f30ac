"""Alembic's environment: the database, and the tables to compare it with."""

import asyncio
import logging

from alembic import context
from sqlalchemy import Connection

from app import dialect
from app.settings import DatabaseSettings
from app.tables import Base

# Alembic logs each revision that it runs.
logging.basicConfig(format="%(levelname)s [%(name)s] %(message)s")
logging.getLogger("alembic").setLevel(logging.INFO)


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_database() -> None:
    settings = context.config.attributes.get("settings") or DatabaseSettings.load()
    engine = dialect.make_migration_engine(settings)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def print_sql() -> None:
    """For `alembic upgrade head --sql`, which needs neither a database nor settings."""
    context.configure(
        dialect_name=dialect.NAME,
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
