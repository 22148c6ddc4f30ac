"""What the routes of tasks promise."""

from httpx2 import AsyncClient

from tests.tasks.factory import create_task, new_task_data

UNKNOWN_ID = 2**62


async def test_a_new_task_can_be_read(client: AsyncClient) -> None:
    data = new_task_data()

    created = await client.post("/tasks", json=data)
    read = await client.get(created.headers["Location"])

    assert created.status_code == 201
    assert read.status_code == 200
    assert read.json() == created.json()
    assert data.items() <= read.json().items()


async def test_a_known_task_is_not_sent_again(client: AsyncClient) -> None:
    task = await create_task(client)
    url = f"/tasks/{task['id']}"
    first = await client.get(url)

    second = await client.get(url, headers={"If-None-Match": first.headers["ETag"]})

    assert second.status_code == 304
    assert second.content == b""
    assert second.headers["ETag"] == first.headers["ETag"]


async def test_a_list_continues_by_its_next_link(client: AsyncClient) -> None:
    created = [
        await create_task(client),
        await create_task(client),
        await create_task(client),
    ]

    first = await client.get("/tasks", params={"sort": "-id", "limit": 2})
    second = await client.get(first.links["next"]["url"])

    assert first.json() + second.json() == created[::-1]
    assert "next" not in second.links


async def test_a_list_is_filtered_by_completed(client: AsyncClient) -> None:
    wanted = await create_task(client, completed=False)
    await create_task(client, completed=True)

    response = await client.get("/tasks", params={"completed": wanted["completed"]})

    assert response.json() == [wanted]


async def test_a_change_leaves_the_rest_as_it_was(client: AsyncClient) -> None:
    task = await create_task(client)
    change = {"title": "Another title"}

    response = await client.patch(f"/tasks/{task['id']}", json=change)

    assert response.status_code == 200
    changed = {**task, **change, "updated_at": response.json()["updated_at"]}
    assert response.json() == changed


async def test_a_change_of_an_outdated_task_is_refused(client: AsyncClient) -> None:
    task = await create_task(client)
    url = f"/tasks/{task['id']}"
    read = await client.get(url)

    outdated = await client.patch(url, json={}, headers={"If-Match": '"0"'})
    current = await client.patch(url, json={}, headers={"If-Match": read.headers["ETag"]})

    assert outdated.status_code == 412
    assert current.status_code == 200


async def test_a_deleted_task_is_gone(client: AsyncClient) -> None:
    task = await create_task(client)

    deleted = await client.delete(f"/tasks/{task['id']}")
    read = await client.get(f"/tasks/{task['id']}")

    assert deleted.status_code == 204
    assert read.status_code == 404


async def test_an_unknown_task_is_a_404(client: AsyncClient) -> None:
    read = await client.get(f"/tasks/{UNKNOWN_ID}")
    changed = await client.patch(f"/tasks/{UNKNOWN_ID}", json={})
    deleted = await client.delete(f"/tasks/{UNKNOWN_ID}")

    assert read.status_code == 404
    assert changed.status_code == 404
    assert deleted.status_code == 404


async def test_an_unknown_field_is_refused(client: AsyncClient) -> None:
    data = new_task_data(surprise=1)

    response = await client.post("/tasks", json=data)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


async def test_missing_fields_are_named(client: AsyncClient) -> None:
    response = await client.post("/tasks", json={})

    locations = [error["location"] for error in response.json()["errors"]]
    assert response.status_code == 422
    assert locations == [
        "body.title",
    ]
