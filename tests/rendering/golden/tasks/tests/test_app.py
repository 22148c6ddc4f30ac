"""The service as a whole."""

import logging

import pytest
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


async def test_an_error_names_its_request(client: AsyncClient) -> None:
    response = await client.get("/nothing-here", headers={"X-Request-ID": "of-the-client.1"})

    assert response.json()["request_id"] == "of-the-client.1"
    assert response.headers["x-request-id"] == "of-the-client.1"


async def test_an_id_that_is_unfit_for_a_log_is_replaced(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"X-Request-ID": '"}{"level": "'})

    assert response.headers["x-request-id"].isalnum()


async def test_the_log_says_who_asked_for_what_but_no_values(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/health/live?token=secret")

    [line] = [record for record in caplog.records if record.name == "app.access"]
    assert line.levelno == logging.INFO
    assert line.getMessage().startswith("GET /health/live 200 in ")
    assert "secret" not in caplog.text


async def test_every_answer_has_the_headers_that_keep_browsers_careful(
    client: AsyncClient,
) -> None:
    response = await client.get("/nothing-here")

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"


async def test_refuses_a_body_that_is_too_large(client: AsyncClient) -> None:
    response = await client.post("/health/live", content=b"x" * 2_000_000)

    assert response.status_code == 413
    assert "1048576 bytes" in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"
