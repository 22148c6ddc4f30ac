"""The routes of tasks."""

from fastapi.testclient import TestClient

from tests.tasks.factory import create_task, new_task_data


def test_a_new_task_can_be_read(client: TestClient) -> None:
    data = new_task_data()

    created = client.post("/tasks", json=data)
    read = client.get(created.headers["Location"])

    assert created.status_code == 201
    assert read.status_code == 200
    assert read.json() == created.json()
    assert data.items() <= read.json().items()


def test_a_patch_changes_only_the_fields_in_it(client: TestClient) -> None:
    created = create_task(client)
    change = {"title": "Another title"}

    response = client.patch(f"/tasks/{created['id']}", json=change)

    assert response.status_code == 200
    assert response.json() == created | change | {"updated_at": response.json()["updated_at"]}


def test_a_deleted_task_is_gone(client: TestClient) -> None:
    created = create_task(client)

    deleted = client.delete(f"/tasks/{created['id']}")
    read = client.get(f"/tasks/{created['id']}")

    assert deleted.status_code == 204
    assert read.status_code == 404


def test_tasks_are_filtered_by_completed(client: TestClient) -> None:
    wanted = create_task(client, completed=False)
    create_task(client, completed=True)

    response = client.get("/tasks", params={"completed": wanted["completed"]})

    assert response.json() == [wanted]


def test_missing_fields_are_named(client: TestClient) -> None:
    response = client.post("/tasks", json={})

    locations = [error["location"] for error in response.json()["errors"]]
    assert response.status_code == 422
    assert locations == [
        "body.title",
    ]
