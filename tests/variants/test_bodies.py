"""What bodies of the permitted size cost a service, and where the values in them end."""

import os
import sys
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
import yaml
from support import environments, projects
from support.costly_bodies import SIZE, costly_bodies
from support.exercise import JSON, is_problem
from support.payloads import Rows
from support.services import CORE, ROOT, Renderings

EVERY = yaml.safe_load((ROOT / "tests/support/every.yml").read_text(encoding="utf-8"))
# Measured beyond a plain body, at most: 0.34 s (a million characters of empty lists) and 9 MB.
MAX_SECONDS = 0.5
MAX_MEGABYTES = 60
PLAIN = b'{"a": "' + b"x" * SIZE + b'"}'
DOCUMENT_SIZE = 65_536
DOCUMENT_DEPTH = 20


@pytest.fixture(scope="module")
def server(shared_environment, tmp_path_factory):
    version = {"python_version": environments.running_version()}
    blueprint = EVERY | CORE["async-sqlalchemy-sqlite"] | version
    folder = Renderings(tmp_path_factory.mktemp("bodies"))(blueprint).path
    (folder / ".venv").symlink_to(shared_environment / ".venv")
    env = environments.environment(ENVIRONMENT="development", UV_NO_SYNC="1")
    projects.Project(folder, blueprint, env).run("make", "migrate")
    with environments.running(folder, env) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with httpx2.Client(base_url=server.address, timeout=60) as made:
        yield made


@pytest.fixture(scope="module")
def rows(client):
    return Rows(client, EVERY["resources"])


@pytest.mark.skipif(sys.platform != "linux", reason="measures processes in /proc")
def test_no_body_costs_much_more_than_a_plain_one(server, client, rows):
    resource = rows.named("sparse")
    process = Path(f"/proc/{server.process.pid}")
    path = rows.path(resource)
    for _ in range(3):
        cost(process, client, path, PLAIN)

    for body in costly_bodies(resource, seed=1):
        # Other work on the machine may disturb one measurement, not three.
        tries = (cost(process, client, path, body) for _ in range(3))
        cheap = any(s <= MAX_SECONDS and mb <= MAX_MEGABYTES for s, mb in tries)
        assert cheap, (body[:200], body[-200:])


def cost(process, client, path, body):
    """The seconds of processor and the megabytes at the peak that one request takes."""
    (process / "clear_refs").write_text("5")  # the peak is counted from here
    memory, seconds = status(process, "VmRSS"), processor(process)
    response = client.post(path, content=body, headers=JSON)
    assert response.status_code < 500, (response.status_code, body[:200])
    assert len(response.content) < 200_000
    return processor(process) - seconds, (status(process, "VmHWM") - memory) / 1024


def status(process, key):
    lines = (process / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def processor(process):
    fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_json_is_bounded_in_depth_and_size(client, rows):
    resource = rows.named("sparse")
    path = rows.path(resource)
    exponents = [1e300, -1e300, 1e16, 1e-9, 5e-324, 0.0]
    good = [
        exponents,
        deep(DOCUMENT_DEPTH),
        "x" * (DOCUMENT_SIZE - 2),
        {"a": [1.5, None, "😀", True, {}]},
    ]
    bad = [
        [1e300] * 300,
        {"a": [5e-324] * 300},
        deep(DOCUMENT_DEPTH + 1),
        "x" * (DOCUMENT_SIZE - 1),
        ["é" * 11_000],
        "\0",
        {"\0": 1},
    ]

    for document in good:
        row = rows.create(resource, document=document)
        assert client.get(f"{path}/{row['id']}").json()["document"] == document
    for document in bad:
        refused = client.post(path, json={"document": document})
        is_problem(refused, 422)
        assert len(refused.json()["errors"]) == 1
    for text in ('["\\ud800"]', "[NaN]", "[-Infinity]", '{"a": 1e999}'):
        body = f'{{"document": {text}}}'.encode()
        is_problem(client.post(path, content=body, headers=JSON), 422)


def deep(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


def test_a_text_without_max_length_is_bounded(client, rows):
    preset = rows.named("preset")

    assert rows.create(preset, text="x" * 100_000)
    is_problem(client.post(rows.path(preset), json={"text": "x" * 100_001}), 422)


def test_integers_in_the_document_are_those_that_a_column_holds(client):
    answer = client.get("/openapi.json")
    document = answer.json()
    bounds = set(numbers(document, ("minimum", "maximum")))

    assert {2**31 - 1, -(2**31)} <= bounds
    assert 2**63 in numbers(document, ("exclusiveMaximum",))
    assert f'"exclusiveMaximum":{2**63}' in answer.text
    assert "e+18" not in answer.text
    assert all(-(2**63) <= bound < 2**63 for bound in bounds)


def numbers(node, keys):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in keys and isinstance(value, int | float):
                yield value
            yield from numbers(value, keys)
    elif isinstance(node, list):
        for item in node:
            yield from numbers(item, keys)


def test_a_decimal_filter_takes_numbers_as_json_writes_them(client, rows):
    preset = rows.named("preset")
    rows.create(preset, decimal="820")

    for text in ("820", "820.00", "8.2e2", "8.2E+02"):
        found = client.get(rows.path(preset), params={"decimal": text}).json()
        assert [row["decimal"] for row in found] == ["820.00"], text
    for text in ("8.24e-07", "1_0", " 820", "+820", "NaN"):
        is_problem(client.get(rows.path(preset), params={"decimal": text}), 422)


def test_a_decimal_takes_every_number_that_its_digits_can_write(client, rows):
    """Zero has no digit before the point of a decimal whose places are all of its digits."""
    plain = rows.named("plain")
    least = {"bounded": "0.1", "decimal": "0.000001", "fraction": "0.0001", "whole": "1"}
    taken = [dict.fromkeys(least, text) for text in ("0", "-0", "0.0", "0e3")] + [least]
    taken += [{"bounded": "99.9", "decimal": "999999999999.999999", "fraction": "-0.9999"}]
    refused = {"bounded": "0.01", "decimal": "1e12", "fraction": "1", "whole": "-1000"}

    for values in taken:
        row = rows.create(plain, **values)
        assert {name: Decimal(row[name]) for name in values} == {
            name: Decimal(text) for name, text in values.items()
        }
    for name, text in refused.items():
        data = rows.data(plain) | {name: text}
        is_problem(client.post(rows.path(plain), json=data), 422)
