"""The service as a whole."""

from httpx2 import AsyncClient


async def test_is_alive_and_ready(client: AsyncClient) -> None:
    live = await client.get("/health/live")
    ready = await client.get("/health/ready")

    assert live.json() == {"status": "ok"}
    assert ready.json() == {"status": "ok"}


async def test_documents_every_error_as_a_problem(client: AsyncClient) -> None:
    response = await client.get("/openapi.json")

    for operations in response.json()["paths"].values():
        for operation in operations.values():
            errors = {k: v for k, v in operation["responses"].items() if k >= "400"}
            for error in errors.values():
                assert list(error["content"]) == ["application/problem+json"]


async def test_answers_an_unknown_path_with_a_problem(client: AsyncClient) -> None:
    response = await client.get("/nothing-here")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 404


async def test_names_the_methods_that_a_path_has(client: AsyncClient) -> None:
    response = await client.put("/health/live")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.headers["content-type"] == "application/problem+json"


async def test_refuses_a_body_that_is_too_large(client: AsyncClient) -> None:
    response = await client.post("/health/live", content=b"x" * 2_000_000)

    assert response.status_code == 413
    assert "1048576 bytes" in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"
