"""Scripts for a service's Python that migrate its database and print its rows."""

_SESSION = """
import asyncio, json, os
import sqlalchemy as sa
from app import dialect

def run(work):
    engine = dialect.open_engine(os.environ["DATABASE_URL"])
    if not engine.dialect.is_async:
        with engine.begin() as connection:
            return work(connection)
    async def connected():
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    return asyncio.run(connected())
"""
MIGRATE = f"""{_SESSION}
from alembic import command
from alembic.config import Config
config = Config(toml_file="pyproject.toml")
command.upgrade(config, "head")
command.check(config)
"""
DUMP = """
from app.tables import Base

def dump(connection):
    return {
        name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for name, table in Base.metadata.tables.items()
    }

print("rows:" + json.dumps(run(dump), default=str))
"""


def assert_kept(before, after, expected):
    """Asserts that all rows still exist with their values, and with the expected new values."""
    for table in before.keys() & after.keys():
        assert len(after[table]) == len(before[table])
        for old, new in zip(before[table], after[table], strict=True):
            wanted = {key: old[key] for key in old if key in new} | expected.get(table, {})
            assert {key: new[key] for key in wanted} == wanted
