"""The settings that production requires, and their effects."""

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app import dialect
from app.main import create_app
from app.settings import DatabaseSettings, Settings

URL = dialect.EXAMPLE_URL  # no test connects to it


@pytest.fixture
def production() -> TestClient:
    """A client of the service in production. The lifespan does not run."""
    settings = Settings(
        environment="production",
        database_url=URL,
        allowed_hosts=["api.example.com"],
    )
    return TestClient(create_app(settings), base_url="https://api.example.com")


def test_production_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")  # there is no .env here
    for name in ("ENVIRONMENT", "FASTAPI_ENV", "DATABASE_URL", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SystemExit) as refusal:
        Settings.load()

    assert "DATABASE_URL: is not set" in str(refusal.value)
    assert "ALLOWED_HOSTS: is not set" in str(refusal.value)


def test_migrations_need_only_the_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)

    assert DatabaseSettings.load().in_production


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/app", "sqlite://"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="is not like"):
        Settings(database_url=url)


def test_fastapi_dev_is_development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.delenv("ENVIRONMENT")
    monkeypatch.setenv("FASTAPI_ENV", "development")
    monkeypatch.setenv("DATABASE_URL", URL)

    assert Settings.load().environment == "development"


def test_a_wildcard_for_every_host_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not like"):
        Settings(allowed_hosts=["*"])


def test_cors_for_every_site_is_refused_in_production() -> None:
    with pytest.raises(ValidationError, match="CORS_ORIGINS: must name sites"):
        Settings(
            environment="production",
            database_url=URL,
            allowed_hosts=["api.example.com"],
            cors_origins=["*"],
        )


def test_a_host_that_is_not_allowed_is_refused(production: TestClient) -> None:
    response = production.get("/docs", headers={"Host": "www.example.com"})

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_a_probe_may_name_any_host(production: TestClient) -> None:
    response = production.get("/health/live", headers={"Host": "10.0.0.7:8000"})

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_production_has_no_documentation(production: TestClient, path: str) -> None:
    response = production.get(path)

    assert response.status_code == 404


def test_production_sends_strict_transport_security(production: TestClient) -> None:
    response = production.get("/health/live")

    assert response.headers["strict-transport-security"] == "max-age=31536000"
