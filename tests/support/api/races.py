"""Tests rows that are created and deleted concurrently."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from support.api.exercise import Resource
from support.api.payloads import Rows, attribute

ROUNDS = 4
AT_ONCE = 20
Request = tuple[str, str, Any]


def one_of_many_that_want_the_same_wins(
    client: httpx2.Client, rows: Rows, resource: Resource
) -> None:
    """Only one of several concurrent rows with the same unique value is stored."""
    if not any(f.get("unique") and f["type"] != "reference" for f in resource["fields"]):
        return
    data = rows.data(resource)

    answers = at_once(client, [("POST", rows.path(resource), data)] * AT_ONCE)

    assert statuses(answers) == [201] + [409] * (AT_ONCE - 1)


def no_child_outlives_its_parent(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """`on_delete` applies to all rows that were created before the deletion."""
    for field in resource["fields"]:
        if field["type"] == "reference":
            for _ in range(ROUNDS):
                race(client, rows, resource, field)


def race(client: httpx2.Client, rows: Rows, resource: Resource, field: dict[str, Any]) -> None:
    name = attribute(field)
    target = rows.named(field["to"])
    parent = rows.create(target)["id"]
    location = f"{rows.path(target)}/{parent}"
    children = [rows.data(resource) | {name: parent} for _ in range(4)]
    creations: list[Request] = [("POST", rows.path(resource), child) for child in children]

    deleted, *created = at_once(client, [("DELETE", location, None), *creations])

    on_delete = field.get("on_delete", "restrict")
    stored = [answer.headers["location"] for answer in created if answer.status_code == 201]
    left = [answer.json() for answer in map(client.get, stored) if answer.status_code == 200]
    assert {answer.status_code for answer in created} <= {201, 422}
    if deleted.status_code == 409 and on_delete == "restrict":
        assert client.get(location).status_code == 200
        assert [row[name] for row in left] == [parent] * len(stored)
        return
    assert deleted.status_code == 204, deleted.text
    assert client.get(location).status_code == 404
    assert [row[name] for row in left] == [None] * (len(stored) if on_delete == "set_null" else 0)
    assert client.get(rows.path(resource), params={name: parent}).json() == []


def at_once(client: httpx2.Client, requests: Iterable[Request]) -> list[httpx2.Response]:
    """The responses to requests that are all sent before one is read."""
    waiting = list(requests)

    def send(request: Request) -> httpx2.Response:
        method, path, body = request
        return client.request(method, path, json=body)

    with ThreadPoolExecutor(len(waiting)) as pool:
        return list(pool.map(send, waiting))


def statuses(answers: Iterable[httpx2.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)
