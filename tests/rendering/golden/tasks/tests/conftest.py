"""Fixtures: a database built by the migrations, and a client whose writes are rolled back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a new database for this run."""
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


@pytest.fixture(scope="session")
def app(settings: Settings) -> FastAPI:
    """One application for all tests."""
    return create_app(settings)


@pytest.fixture(scope="session")
def served(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(app: FastAPI, served: TestClient) -> Iterator[TestClient]:
    """All requests of a test share one transaction, which is rolled back after the test."""
    assert served.portal is not None
    connection = served.portal.call(app.state.engine.connect)
    transaction = served.portal.call(connection.begin)
    for sessions in (app.state.sessions, app.state.read_sessions):
        sessions.configure(bind=connection, join_transaction_mode="create_savepoint")
    yield served
    served.portal.call(transaction.rollback)
    served.portal.call(connection.close)
