"""The data that a collector receives with telemetry=opentelemetry."""

import signal
import time

import httpx2
import pytest
from support.running import environments, operation, otlp
from support.services.renderings import CORE

VARIANTS = ["async-sqlalchemy-postgres", "sync-sqlmodel-sqlite"]


@pytest.fixture(scope="module", params=VARIANTS)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("telemetry")
    choices = CORE[request.param] | {"telemetry": "opentelemetry"}
    with operation.deployed(folder, shared_environment, shared, choices) as made:
        yield made


@pytest.fixture
def collector():
    with otlp.collector() as running:
        yield running


def test_a_request_and_its_statements_are_one_trace(project, collector):
    env = project.env | {
        "OTEL_SERVICE_NAME": "blog",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    caller = f"00-{'a' * 31}1-{'b' * 15}2-01"
    with (
        environments.running(project.folder, env, "extra:app") as running,
        httpx2.Client(base_url=running.address, timeout=30) as client,
    ):
        created = client.post("/users", json={"email": "private@example.com", "name": "Ada"})
        query = {"email": "private@example.com"}
        listed = client.get("/users", params=query, headers={"traceparent": caller})
        crashed = client.get("/extra/crash")
        client.get("/health/ready")
        lines = running.lines()
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(60)

    assert [one.status_code for one in (created, listed, crashed)] == [201, 200, 500]
    traces = collector.traces()
    assert {span.service for span in traces} == {"blog"}
    servers = {span.name: span for span in traces if span.kind == "SERVER"}
    assert set(servers) == {"POST /users", "GET /users", "GET /extra/crash"}

    get = servers["GET /users"]
    assert get.attributes["http.route"] == "/users"
    assert get.attributes["http.response.status_code"] == 200
    assert get.attributes["url.query"] == "email="
    assert (get.trace, get.parent) == ("a" * 31 + "1", "b" * 15 + "2")
    statements = [span for span in traces if span.parent == get.id]
    assert [span.name for span in statements if span.name == "SELECT"] == ["SELECT"]
    assert all(span.kind == "CLIENT" and span.trace == get.trace for span in statements)
    assert "FROM users" in "".join(span.attributes["db.query.text"] for span in statements)
    system = "postgresql" if project.blueprint["database"] == "postgres" else "sqlite"
    assert {span.attributes["db.system.name"] for span in statements} == {system}

    inserts = [span for span in traces if span.name == "INSERT"]
    assert [span.parent for span in inserts] == [servers["POST /users"].id]
    crash = servers["GET /extra/crash"]
    assert crash.failed
    assert crash.attributes["error.type"] == "500"
    logged = next(line for line in lines if "RuntimeError" in line.get("exception", ""))
    assert logged["trace_id"] == crash.trace
    assert b"private" not in collector.everything()
    assert "http.server.request.duration" in collector.metrics()

    access = next(line for line in lines if line.get("route") == "/users" and "trace_id" in line)
    assert {line["trace_id"] for line in lines if "trace_id" in line} >= {get.trace}
    assert len(access["span_id"]) == 16


def test_a_failing_statement_says_what_failed_but_no_value(project, collector):
    env = project.env | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    data = {"email": "twice@example.com", "name": "Ada"}
    with environments.running(project.folder, env) as running:
        statuses = [httpx2.post(f"{running.address}/users", json=data).status_code for _ in "ab"]
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(60)

    failed = [span for span in collector.traces() if span.name == "INSERT" and span.failed]
    assert statuses == [201, 409]
    assert len(failed) == 1
    assert failed[0].attributes["error.type"].endswith("Error")
    assert b"twice@" not in collector.everything()


def test_without_an_endpoint_nothing_is_sent_or_loaded(project):
    with environments.running(project.folder, project.env, "extra:app") as running:
        response = httpx2.get(f"{running.address}/users")
        modules = httpx2.get(f"{running.address}/extra/state").json()["modules"]
        time.sleep(0.1)
        lines = running.lines()

    assert response.status_code == 200
    assert [name for name in modules if name.startswith("opentelemetry.sdk")] == []
    assert not any("trace_id" in line for line in lines)
