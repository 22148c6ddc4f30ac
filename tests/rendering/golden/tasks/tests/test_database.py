"""What a transaction promises. Requests commit here, unlike those of other tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import exc, text

from app.database import SessionDep
from app.errors import NotFoundError
from app.main import create_app
from app.settings import Settings


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def test_undoes_what_was_written_before_an_error(settings: Settings) -> None:
    app = create_app(settings)

    @app.post("/fail")
    async def fail(session: SessionDep) -> None:
        connection = await session.connection()
        await connection.execute(text("CREATE TABLE scratch (id INTEGER)"))
        raise NotFoundError("There is something missing.")

    async with serving(app) as client:
        first = await client.post("/fail")
        second = await client.post("/fail")

    assert first.status_code == 404
    assert second.status_code == 404


async def test_asks_to_wait_when_no_connection_is_free(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/ask")
    async def ask(session: SessionDep) -> None:
        raise exc.TimeoutError

    async with serving(app) as client:
        response = await client.get("/ask")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.headers["content-type"] == "application/problem+json"
