"""Hostile input is refused, and never repeated in the response."""

import pytest
from fastapi.testclient import TestClient

from tests.tasks.factory import create_task


@pytest.mark.parametrize(
    "value",
    [r'"\u0000"', r'"\ud800"', "NaN", "1e400", "1" + "0" * 5_000, "[" * 100_000],
    ids=["NUL", "surrogate", "NaN", "infinity", "digits", "brackets"],
)
def test_values_that_databases_cannot_store_are_refused(value: str, client: TestClient) -> None:
    created = create_task(client)

    response = client.patch(
        f"/tasks/{created['id']}",
        content='{"title": ' + value + "}",
        headers={"Content-Type": "application/json"},
    )

    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("row_id", ["0", "-1", "1" + "0" * 30, "%00", "%ED%A0%80"])
def test_ids_that_are_not_valid_are_refused(row_id: str, client: TestClient) -> None:
    response = client.get(f"/tasks/{row_id}")

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_the_response_does_not_repeat_the_input(client: TestClient) -> None:
    response = client.post("/tasks", json={"hunter2": "hunter2"})

    assert response.status_code == 422
    assert "hunter2" not in response.text


def test_a_repeated_query_parameter_is_refused(client: TestClient) -> None:
    response = client.get("/tasks?limit=1&limit=100")

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
