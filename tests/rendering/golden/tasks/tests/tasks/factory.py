"""Tasks to test with."""

from typing import Any

from fastapi.testclient import TestClient


def new_task_data(**changes: Any) -> dict[str, Any]:
    """The body of a valid POST /tasks."""
    return {
        "title": "Title",
        "description": "Description",
        "completed": True,
        **changes,
    }


def create_task(client: TestClient, /, **changes: Any) -> dict[str, Any]:
    data = new_task_data(**changes)
    response = client.post("/tasks", json=data)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created
