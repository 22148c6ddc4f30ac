"""A database that the migrations built, and a client whose writes are undone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from httpx2 import ASGITransport, AsyncClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Leads to a database of this run's own."""
    path = tmp_path_factory.mktemp("database") / "test.db"
    settings = Settings(
        environment="test",
        database_url=f"sqlite:///{path}",
        _env_file=None,
    )
    command.upgrade(alembic_config(settings), "head")
    return settings


def alembic_config(settings: Settings) -> Config:
    config = Config(toml_file=Path(__file__).parent.parent / "pyproject.toml")
    config.attributes["settings"] = settings
    return config


@pytest.fixture
def alembic(settings: Settings) -> Config:
    return alembic_config(settings)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Its requests share one transaction, which is rolled back after the test."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        app.state.engine.connect() as connection,
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        transaction = await connection.begin()
        for sessions in (app.state.sessions, app.state.read_sessions):
            sessions.configure(bind=connection, join_transaction_mode="create_savepoint")
        yield client
        await transaction.rollback()
