"""Tests the HTTP behaviour of a running service with any blueprint."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from support.api.payloads import (
    Row,
    Rows,
    attribute,
    is_filter,
    is_required,
    is_sortable,
    outside,
    same,
    value,
)

Resource = Mapping[str, Any]
JSON = {"content-type": "application/json"}
PROBLEM = "application/problem+json"
# Words of the implementation, which no response may contain.
INTERNAL = re.compile(r"sqlalchemy|sqlite|asyncpg|psycopg|postgres|traceback|insert into|\.py\b")

# Values that lax validation would accept for the type.
OF_ANOTHER_TYPE: dict[str, list[Any]] = {
    "boolean": [0, 1, "true", "yes"],
    "date": [0, "0", 1_700_000_000],
    "datetime": [0, "0", 1_700_000_000, "2030-01-31"],
    "float": ["0.5", True],
    "integer": ["1", True, 1.5],
    "reference": [True, 1.5],
    "string": [1, True],
    "text": [1, True],
    "uuid": [1, True],
}

UNKNOWN = {int: 9_007_199, str: "01900000-0000-7000-8000-000000000000"}


def everything(address: str, resources: list[dict[str, Any]]) -> None:
    """Runs all checks."""
    with httpx2.Client(base_url=address, timeout=30) as client:
        rows = Rows(client, resources)
        is_alive_and_documented(client, resources)
        answers_with_problems(client)
        for path in rows.paths.values():
            refuses_large_bodies(client, path)
        for resource in resources:
            stores_rows(client, rows, resource)
            lists_in_pages(client, rows, resource)
            filters_and_sorts(client, rows, resource)
            refuses_bad_queries(client, rows, resource)
            refuses_bad_rows(client, rows, resource)
            empties_what_is_optional(client, rows, resource)
            guards_references(client, rows, resource)


def is_alive_and_documented(client: httpx2.Client, resources: list[dict[str, Any]]) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json() == {"status": "ok"}
    assert "text/html" in client.get("/docs").headers["content-type"]
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert len(Rows(client, resources).paths) == len(resources)


def answers_with_problems(client: httpx2.Client) -> None:
    """Errors that do not depend on a resource."""
    is_problem(client.get("/no-such-path"), 404)
    wrong_method = client.put("/health/live", json={})
    is_problem(wrong_method, 405)
    assert wrong_method.headers["allow"] == "GET"


def refuses_large_bodies(client: httpx2.Client, path: str) -> None:
    """With and without Content-Length."""
    announced = b"x" * 300_000
    chunks = (b"x" * 10_000 for _ in range(110))
    for body in (announced, chunks):
        is_problem(client.post(path, content=body, headers=JSON), 413)


def stores_rows(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Create, read, change, delete."""
    path = rows.path(resource)
    data = rows.data(resource)

    created = client.post(path, json=data)
    assert created.status_code == 201, created.text
    row = created.json()
    location = created.headers["location"]
    assert location == f"{path}/{row['id']}"
    assert client.put(path).headers["allow"] == "GET, POST"
    assert client.put(location).headers["allow"] == "DELETE, GET, PATCH"
    assert client.get(location).json() == row
    for field in resource["fields"]:
        sent = data.get(attribute(field))
        assert same(field, sent, row[attribute(field)]), (field, sent, row)

    nulls = [attribute(field) for field in resource["fields"] if field.get("optional")]
    empty = rows.create(resource, **dict.fromkeys(nulls))
    assert {key: empty[key] for key in nulls} == dict.fromkeys(nulls)

    for field in resource["fields"]:
        changed = value(field, 7_777) if field["type"] != "reference" else row[attribute(field)]
        answer = client.patch(location, json={attribute(field): changed})
        assert answer.status_code == 200, answer.text
        others = set(row) - {attribute(field), "updated_at"}
        assert same(field, changed, answer.json()[attribute(field)]), (field, answer.json())
        assert {key: answer.json()[key] for key in others} == {key: row[key] for key in others}
        row = client.get(location).json()
        assert row == answer.json()
    assert client.patch(location, json={}).json()["id"] == row["id"]

    deleted = client.delete(location)
    assert (deleted.status_code, deleted.content) == (204, b"")
    is_problem(client.get(location), 404)
    is_problem(client.patch(location, json={}), 404)
    is_problem(client.delete(location), 404)


def lists_in_pages(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Pages by Link in both orders have each row once; pages by offset as well."""
    path = rows.path(resource)
    for _ in range(5):
        rows.create(resource)
    ids = [row["id"] for row in everything_listed(client, path, {"limit": 100})]

    assert [row["id"] for row in everything_listed(client, path, {"limit": 2})] == ids
    backwards = everything_listed(client, path, {"limit": 3, "sort": "-id"})
    assert [row["id"] for row in backwards] == ids[::-1]
    assert len(ids) == len(set(ids)) >= 5
    assert ids == sorted(ids)
    by_offset = client.get(path, params={"limit": 2, "offset": 1}).json()
    assert [row["id"] for row in by_offset] == ids[1:3]


def filters_and_sorts(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Filters and sorts a list by every field that allows it."""
    path = rows.path(resource)
    listed = list(everything_listed(client, path, {"limit": 100}))
    for field in filter(is_filter, resource["fields"]):
        name = attribute(field)
        wanted = next((row[name] for row in listed if row[name] is not None), None)
        if wanted is not None:
            matching = [row["id"] for row in listed if row[name] == wanted]
            text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
            answer = list(everything_listed(client, path, {name: text, "limit": 2}))
            assert [row["id"] for row in answer] == matching, field
    for field in filter(is_sortable, resource["fields"]):
        name = attribute(field)
        upwards = list(everything_listed(client, path, {"sort": name, "limit": 3}))
        downwards = list(everything_listed(client, path, {"sort": f"-{name}", "limit": 3}))
        assert sorted(row["id"] for row in upwards) == sorted(row["id"] for row in listed), field
        assert upwards == downwards[::-1], field


def refuses_bad_queries(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """In lists and in ids."""
    path = rows.path(resource)
    for query in (
        {"limit": 0}, {"limit": 101}, {"limit": "many"}, {"offset": -1}, {"sort": "nothing"},
        {"sort": "id; drop table"}, {"cursor": "%00"}, {"no_such_field": "1"},
    ):  # fmt: skip
        is_problem(client.get(path, params=query), 422)
    for cursor in ("e30", "WyJpZCJd", "WyJpZCIsIG51bGwsIG51bGxd", "A"):
        is_problem(client.get(path, params={"cursor": cursor}), 422)
    for _ in range(2):
        rows.create(resource)
    first = client.get(path, params={"limit": 1})
    following = httpx2.URL(first.links["next"]["url"])
    is_problem(client.get(following.copy_merge_params({"sort": "-id"})), 422)
    is_problem(client.get(f"{path}/not-an-id"), 422)


def refuses_bad_rows(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """The response does not repeat the input."""
    path = rows.path(resource)
    data = rows.data(resource)
    private = "known-to-nobody-else"

    is_problem(client.put(path, json=data), 405)
    is_problem(client.post(path, content=b"{", headers=JSON), 422)
    is_problem(client.post(path, json=[]), 422)
    unknown = client.post(path, json=data | {"surprise": private})
    is_problem(unknown, 422)
    assert private not in unknown.text

    for field in resource["fields"]:
        name = attribute(field)
        nested: Any = [] if field["type"] == "json" else [{"private": private}]
        if is_required(field):
            missing = {key: item for key, item in data.items() if key != name}
            answer = client.post(path, json=missing)
            is_problem(answer, 422)
            assert [error["location"] for error in answer.json()["errors"]] == [f"body.{name}"]
        if nested:
            answer = client.post(path, json=data | {name: nested})
            is_problem(answer, 422)
            assert private not in answer.text
        if not field.get("optional"):
            is_problem(client.post(path, json=data | {name: None}), 422)

    row = rows.create(resource)
    for field in resource["fields"]:
        for wrong in [*outside(field), *OF_ANOTHER_TYPE.get(field["type"], [])]:
            change = {attribute(field): wrong}
            is_problem(client.post(path, json=data | change), 422)
            is_problem(client.patch(f"{path}/{row['id']}", json=change), 422)
        if field.get("unique") and row[attribute(field)] is not None:
            copy = rows.data(resource) | {attribute(field): row[attribute(field)]}
            is_problem(client.post(path, json=copy), 409)


def empties_what_is_optional(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """null empties an optional field; leaving it out does not."""
    row = rows.create(resource)
    location = f"{rows.path(resource)}/{row['id']}"
    for field in resource["fields"]:
        name = attribute(field)
        emptied = client.patch(location, json={name: None})
        if field.get("optional"):
            assert emptied.status_code == 200, emptied.text
            assert emptied.json()[name] is None
            row = emptied.json()
        else:
            is_problem(emptied, 422)
        assert client.get(location).json() == row


def guards_references(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """A reference needs an existing row, and `on_delete` is applied when that row is deleted."""
    path = rows.path(resource)
    for field in resource["fields"]:
        if field["type"] != "reference":
            continue
        name = attribute(field)
        data = rows.data(resource)
        target = rows.create(rows.named(field["to"]))
        dangling = UNKNOWN[type(target["id"])]
        is_problem(client.post(path, json=data | {name: dangling}), 422)
        row = rows.create(resource, **{name: target["id"]})
        target_path = f"{rows.paths[field['to']]}/{target['id']}"

        lists = list(nested_lists(client, rows, target_path, field["to"], resource))
        assert any([row] == client.get(one).json() for one in lists), (field, lists)

        answer = client.delete(target_path)
        left = client.get(f"{path}/{row['id']}")
        match field.get("on_delete", "restrict"):
            case "restrict":
                is_problem(answer, 409)
                assert left.json() == row
            case "cascade":
                assert answer.status_code == 204
                is_problem(left, 404)
            case "set_null":
                assert answer.status_code == 204
                assert left.json()[name] is None


def nested_lists(
    client: httpx2.Client, rows: Rows, target_path: str, target: str, resource: Resource
) -> Iterator[str]:
    """The lists below one row of the target that hold rows of the resource."""
    own = rows.path(resource).removeprefix("/")
    for path in client.get("/openapi.json").json()["paths"]:
        collection, brace, rest = path.partition("/{")
        tail = rest.partition("}/")[2]
        if brace and collection == rows.paths[target] and tail.split("_as_")[0] == own:
            yield f"{target_path}/{tail}"


def everything_listed(client: httpx2.Client, path: str, query: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of a list, following its links to the end."""
    response = client.get(path, params=dict(query))
    while True:
        assert response.status_code == 200, response.text
        yield from response.json()
        if "next" not in response.links:
            return
        response = client.get(response.links["next"]["url"])


def is_problem(response: httpx2.Response, status: int) -> None:
    """The response is RFC 9457 and has no words of the implementation."""
    assert response.status_code == status, (response.request.url, response.text)
    assert response.headers["content-type"] == PROBLEM, response.text
    body = response.json()
    assert body["status"] == status
    assert body["type"]
    assert body["title"]
    said = response.text.lower()
    assert not INTERNAL.search(said), response.text
