"""Tasks to test with."""

from typing import Any

from httpx2 import AsyncClient


def new_task_data(**changes: Any) -> dict[str, Any]:
    """What may be posted to /tasks."""
    return {
        "title": "Title",
        "description": "Description",
        "completed": True,
        **changes,
    }


async def create_task(client: AsyncClient, /, **changes: Any) -> dict[str, Any]:
    data = new_task_data(**changes)
    response = await client.post("/tasks", json=data)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created
