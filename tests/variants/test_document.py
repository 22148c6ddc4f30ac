"""The OpenAPI document matches real responses, and client generators accept it."""

import json
import re
import shutil

import httpx2
import pytest
import yaml
from support.api.payloads import Rows
from support.running import environments, projects
from support.services.renderings import CORE, ROOT, Renderings

EVERY = yaml.safe_load((ROOT / "tests/support/blueprints/every.yml").read_text(encoding="utf-8"))
HEADERS = {"etag", "link", "location", "retry-after"}


@pytest.fixture(scope="module")
def service(shared_environment, tmp_path_factory):
    version = {"python_version": environments.running_version()}
    blueprint = EVERY | CORE["async-sqlalchemy-sqlite"] | version
    folder = Renderings(tmp_path_factory.mktemp("document"))(blueprint).path
    (folder / ".venv").symlink_to(shared_environment / ".venv")
    env = environments.environment(ENVIRONMENT="development", UV_NO_SYNC="1")
    return projects.Project(folder, blueprint, env)


@pytest.fixture(scope="module")
def client(service):
    service.run("make", "migrate")
    with (
        environments.served(service.folder, service.env) as address,
        httpx2.Client(base_url=address, timeout=60) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_answers_have_the_headers_that_the_document_names(client, document):
    rows = Rows(client, EVERY["resources"])
    for resource in EVERY["resources"]:
        path, name = rows.path(resource), resource["name"]
        row = f"{path}/{{{name}_id}}"
        data = rows.data(resource)
        created = client.post(path, json=data)
        rows.create(resource)
        location = created.headers["location"]
        tag = {"If-None-Match": created.headers["etag"]}
        many = client.get(path, params={"limit": 1})
        answers = [
            (path, created, 201),
            (path, client.post(path, json={"unknown": 1}), 422),
            (path, many, 200),
            (path, client.get(path, params={"limit": 0}), 422),
            (row, client.get(location), 200),
            (row, client.get(location, headers=tag), 304),
            (row, client.patch(location, json={}), 200),
            (row, client.patch(location, json={}, headers={"If-Match": '"0"'}), 412),
            (row, client.delete(location), 204),
            (row, client.get(location), 404),
        ]

        assert "link" in many.headers
        for route, answer, status in answers:
            assert answer.status_code == status, (route, status, answer.text)
            agrees(document, route, answer)
        operation = document["paths"][row]["get"]
        assert "If-None-Match" in [p["name"] for p in operation["parameters"]]


def test_a_service_without_its_database_says_when_to_come_again(service, document, tmp_path):
    env = {**service.env, "DATABASE_URL": f"sqlite:///{tmp_path}/nothing-here/app.db"}
    with (
        environments.served(service.folder, env) as address,
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        answer = client.get("/health/ready")

    assert answer.status_code == 503
    agrees(document, "/health/ready", answer)


def agrees(document, route, answer):
    operation = document["paths"][route][answer.request.method.lower()]
    documented = operation["responses"][str(answer.status_code)].get("headers", {})
    assert {name.lower() for name in documented} == HEADERS & set(answer.headers), (
        answer.request.method,
        route,
        answer.status_code,
    )


def test_the_examples_of_the_document_are_accepted(client, document):
    rows = Rows(client, EVERY["resources"])
    tried = set()
    for name in ("plain", "sparse", "preset"):
        resource = rows.named(name)
        location = f"{rows.path(resource)}/{rows.create(resource)['id']}"
        schema = document["components"]["schemas"][f"{name.title()}Update"]
        for key, details in schema["properties"].items():
            for example in examples(details):
                answer = client.patch(location, json={key: example})
                assert answer.status_code == 200, (name, key, example, answer.text)
                tried.add(key)

    texts = {"code", "phrase", "string", "text"}
    assert {"bounded", "decimal", "document", "email", "fraction", "url", "whole"} | texts <= tried


def test_every_text_has_an_example(document):
    """Without one, Swagger UI invents text from the pattern."""
    for name, schema in document["components"]["schemas"].items():
        for key, details in schema.get("properties", {}).items():
            for part in (details, *details.get("anyOf", [])):
                is_text = part.get("type") == "string" and "pattern" in part
                assert not is_text or part["examples"], (name, key)


def test_what_a_body_may_be_refused_for_is_documented(document):
    """A body may be malformed, slow, too large or not valid."""
    operations = [one for path in document["paths"].values() for one in path.values()]
    bodies = [one for one in operations if "requestBody" in one]

    assert len(bodies) == 2 * len(EVERY["resources"])
    for operation in bodies:
        assert {"400", "408", "413", "422"} <= set(operation["responses"]), operation["operationId"]


def examples(schema):
    for part in (schema, *schema.get("anyOf", [])):
        yield from part.get("examples", [])


def test_a_python_client_is_made_of_it(document, tmp_path):
    tool = ["uvx", "--quiet", "openapi-python-client@0.29.1"]
    (tmp_path / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    options = ["--config", "config.yml", "--output-path", "client", "--meta", "none"]

    said = generate(tmp_path, document, tool, "generate", "--path", "openapi.json", *options)

    # The generator warns about each schema and operation that it leaves out.
    assert not re.search("WARNING|Warning|ERROR|Error", said), said
    assert (tmp_path / "client/models/plain_create.py").exists()


def test_a_typescript_client_is_made_of_it(document, tmp_path):
    tool = ["npx", "--yes", "openapi-typescript@7.13.0"]

    said = generate(tmp_path, document, tool, "openapi.json", "--output", "client.d.ts")

    assert "PlainCreate: {" in (tmp_path / "client.d.ts").read_text(encoding="utf-8")
    assert not re.search("unsupported|unable|unresolved|⚠", said, re.IGNORECASE), said


def generate(folder, document, tool, *options):
    """The output of the tool. Without a package registry, the test is skipped."""
    env = environments.environment()
    if not shutil.which(tool[0], path=env["PATH"]):
        pytest.skip(f"{tool[0]} is not installed")
    try:
        environments.run(folder, *tool, "--version", env=env)
    except environments.CommandError:
        pytest.skip(f"{tool[-1]} is not in a cache, and its registry cannot be reached")
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    return environments.run(folder, *tool, *options, env=env)
