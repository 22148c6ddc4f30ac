"""Errors of a busy database."""

from fastapi.testclient import TestClient
from sqlalchemy import exc

from app.database import SessionDep
from app.main import create_app
from app.settings import Settings


def test_a_full_pool_is_a_503(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/ask")
    def ask(session: SessionDep) -> None:
        raise exc.TimeoutError

    with TestClient(app) as client:
        response = client.get("/ask")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.headers["content-type"] == "application/problem+json"
