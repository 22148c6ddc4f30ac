"""The behaviour that all resources share, tested with tasks."""

from fastapi.testclient import TestClient

from app import main
from app.database import SessionDep
from app.errors import NotFoundError
from app.settings import Settings
from app.tasks import models, schemas
from tests.tasks.factory import create_task, new_task_data

UNKNOWN_ID = 2**62


def test_an_unknown_id_is_a_404(client: TestClient) -> None:
    read = client.get(f"/tasks/{UNKNOWN_ID}")
    changed = client.patch(f"/tasks/{UNKNOWN_ID}", json={})
    deleted = client.delete(f"/tasks/{UNKNOWN_ID}")

    assert read.status_code == 404
    assert changed.status_code == 404
    assert deleted.status_code == 404


def test_an_unknown_field_is_refused(client: TestClient) -> None:
    data = new_task_data(surprise=1)

    response = client.post("/tasks", json=data)

    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == "body"
    assert response.headers["content-type"] == "application/problem+json"


def test_a_list_continues_by_its_next_link(client: TestClient) -> None:
    created = [create_task(client), create_task(client), create_task(client)]

    first = client.get("/tasks", params={"sort": "-id", "limit": 2})
    second = client.get(first.links["next"]["url"])

    assert first.json() + second.json() == created[::-1]
    assert "next" not in second.links


def test_an_unchanged_row_is_not_sent_again(client: TestClient) -> None:
    created = create_task(client)
    url = f"/tasks/{created['id']}"
    first = client.get(url)

    second = client.get(url, headers={"If-None-Match": first.headers["ETag"]})

    assert second.status_code == 304
    assert second.content == b""
    assert second.headers["ETag"] == first.headers["ETag"]


def test_a_patch_of_an_outdated_version_is_refused(client: TestClient) -> None:
    created = create_task(client)
    url = f"/tasks/{created['id']}"
    read = client.get(url)

    outdated = client.patch(url, json={}, headers={"If-Match": '"0"'})
    current = client.patch(url, json={}, headers={"If-Match": read.headers["ETag"]})

    assert outdated.status_code == 412
    assert current.status_code == 200


def test_an_error_rolls_back_what_was_added(settings: Settings) -> None:
    app = main.create_app(settings)

    @app.post("/fail")
    def fail(data: schemas.TaskCreate, session: SessionDep) -> None:
        session.add(models.Task(**data.model_dump()))
        raise NotFoundError("There is something missing.")

    with TestClient(app) as client:
        failed = client.post("/fail", json=new_task_data())
        listed = client.get("/tasks")

    assert failed.status_code == 404
    assert listed.json() == []
