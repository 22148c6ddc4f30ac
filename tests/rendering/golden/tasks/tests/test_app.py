"""The service as a whole."""

import logging

import pytest
from fastapi.testclient import TestClient


def test_is_alive_and_ready(client: TestClient) -> None:
    live = client.get("/health/live")
    ready = client.get("/health/ready")

    assert live.json() == {"status": "ok"}
    assert ready.json() == {"status": "ok"}


def test_documents_every_error_as_a_problem(client: TestClient) -> None:
    response = client.get("/openapi.json")

    for operations in response.json()["paths"].values():
        for operation in operations.values():
            errors = {k: v for k, v in operation["responses"].items() if k >= "400"}
            for error in errors.values():
                assert list(error["content"]) == ["application/problem+json"]


def test_answers_an_unknown_path_with_a_problem(client: TestClient) -> None:
    response = client.get("/nothing-here")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_a_wrong_method_is_answered_with_the_allowed_ones(client: TestClient) -> None:
    response = client.put("/health/live")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.headers["content-type"] == "application/problem+json"


def test_an_error_has_the_id_of_its_request(client: TestClient) -> None:
    response = client.get("/nothing-here", headers={"X-Request-ID": "of-the-client.1"})

    assert response.json()["request_id"] == "of-the-client.1"
    assert response.headers["x-request-id"] == "of-the-client.1"


def test_a_request_id_that_is_unsafe_to_log_is_replaced(client: TestClient) -> None:
    response = client.get("/health/live", headers={"X-Request-ID": '"}{"level": "'})

    assert response.headers["x-request-id"].isalnum()


def test_the_access_log_has_no_values(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/health/live?token=secret")

    [line] = [record for record in caplog.records if record.name == "app.access"]
    assert line.levelno == logging.INFO
    assert line.getMessage().startswith("GET /health/live 200 in ")
    assert "secret" not in caplog.text


def test_every_response_has_security_headers(client: TestClient) -> None:
    response = client.get("/nothing-here")

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"


def test_refuses_a_body_that_is_too_large(client: TestClient) -> None:
    response = client.post("/health/live", content=b"x" * 2_000_000)

    assert response.status_code == 413
    assert "262144 bytes" in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"
