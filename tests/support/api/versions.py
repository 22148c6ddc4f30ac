"""Tests concurrent changes: entity tags, If-Match, If-None-Match."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from support.api.payloads import Rows, attribute, value

Resource = dict[str, Any]
AT_ONCE = 20
_NUMBERS = itertools.count(8_000)


def tags_every_version(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """The tag of a row changes exactly when the row changes."""
    created = client.post(rows.path(resource), json=rows.data(resource))
    location = created.headers["location"]
    read = client.get(location)
    unchanged = client.patch(location, json={})
    changed = client.patch(location, json=_change(resource))

    tag = created.headers["etag"]
    assert read.headers["etag"] == unchanged.headers["etag"] == tag
    assert changed.headers["etag"] not in {tag, ""}
    assert client.get(location).headers["etag"] == changed.headers["etag"]


def tells_rows_apart(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """A new row never has the id of a deleted one, so a repeated DELETE deletes nothing."""
    first = client.post(rows.path(resource), json=rows.data(resource))
    client.delete(first.headers["location"]).raise_for_status()
    second = client.post(rows.path(resource), json=rows.data(resource))

    assert second.headers["location"] != first.headers["location"]
    assert client.delete(first.headers["location"]).status_code == 404
    assert client.get(second.headers["location"]).json() == second.json()


def sends_nothing_twice(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    location = client.post(rows.path(resource), json=rows.data(resource)).headers["location"]
    tag = client.get(location).headers["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = client.get(location, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["etag"] == tag
    for unknown in ('"other"', "", tag.strip('"')):
        answer = client.get(location, headers={"If-None-Match": unknown})
        assert (answer.status_code, answer.headers["etag"]) == (200, tag), unknown


def refuses_outdated_changes(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    location = client.post(rows.path(resource), json=rows.data(resource)).headers["location"]
    old = client.get(location).headers["etag"]
    client.patch(location, json=_change(resource)).raise_for_status()
    row = client.get(location).json()

    for tag in (old, '"other"', "", f"W/{client.get(location).headers['etag']}"):
        headers = {"If-Match": tag}
        patched = client.patch(location, json=_change(resource), headers=headers)
        deleted = client.delete(location, headers=headers)
        assert (patched.status_code, deleted.status_code) == (412, 412), tag
        assert patched.headers["content-type"] == "application/problem+json"
    assert client.get(location).json() == row

    for tag in (f"{old}, {client.get(location).headers['etag']}", "*"):
        client.patch(location, json={}, headers={"If-Match": tag}).raise_for_status()
    client.delete(location, headers={"If-Match": client.get(location).headers["etag"]})
    assert client.get(location).status_code == 404


def lets_one_of_many_changes_through(client: httpx2.Client, rows: Rows, resource: Resource) -> None:
    """Of several changes with If-Match of one version, exactly one is stored."""
    location = client.post(rows.path(resource), json=rows.data(resource)).headers["location"]
    headers = {"If-Match": client.get(location).headers["etag"]}

    answers = _at_once(client, resource, location, headers)

    assert sorted(answers) == [200] + [412] * (AT_ONCE - 1)


def stores_changes_one_after_the_other(
    client: httpx2.Client, rows: Rows, resource: Resource
) -> None:
    """Without If-Match, all changes succeed, and the last one wins."""
    created = client.post(rows.path(resource), json=rows.data(resource))
    location = created.headers["location"]

    answers = _at_once(client, resource, location, {})

    assert answers == [200] * AT_ONCE
    assert client.get(location).headers["etag"] != created.headers["etag"]


def _at_once(
    client: httpx2.Client, resource: Resource, location: str, headers: dict[str, str]
) -> list[int]:
    changes = [_change(resource) for _ in range(AT_ONCE)]

    def send(change: dict[str, Any]) -> int:
        return client.patch(location, json=change, headers=headers).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, changes))


def _change(resource: Resource) -> dict[str, Any]:
    """A change of one field, if possible one that can have many different values."""
    order = ["string", "text", "email", "url", "integer", "decimal", "date", "datetime", "boolean"]
    plain = [field for field in resource["fields"] if field["type"] in order]
    field = min(plain, key=lambda field: order.index(field["type"]))
    return {attribute(field): value(field, next(_NUMBERS))}
