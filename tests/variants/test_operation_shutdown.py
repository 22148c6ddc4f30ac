"""How a service ends, and what it says of a database that is not there. No ORM has a part in it."""

import concurrent.futures
import signal
import time

import httpx2
import pytest
from support import environments, operation
from support.exercise import is_problem
from support.services import CORE

VARIANTS = [
    "async-sqlalchemy-sqlite",
    "async-sqlmodel-postgres",
    "sync-sqlalchemy-postgres",
    "sync-sqlmodel-sqlite",
]


@pytest.fixture(scope="module", params=VARIANTS)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shutdown")
    with operation.deployed(folder, shared_environment, shared, CORE[request.param]) as made:
        yield made


def test_without_a_database_it_is_alive_but_not_ready(project):
    with operation.silent_port() as port:
        url = f"postgresql://service:a-b-c@127.0.0.1:{port}/nothing"
        if project.blueprint["database"] == "sqlite":
            url = f"sqlite:///{project.folder}/no-such-folder/app.db"
        env = project.env | {"DATABASE_URL": url, "SHUTDOWN_DELAY": "0", "SHUTDOWN_TIMEOUT": "1"}
        with environments.running(project.folder, env) as running:
            live = httpx2.get(f"{running.address}/health/live")
            ready = httpx2.get(f"{running.address}/health/ready", timeout=15)
            listed = httpx2.get(f"{running.address}/users", timeout=30)
            running.process.send_signal(signal.SIGTERM)
            status = running.process.wait(60)

    assert live.status_code == 200
    is_problem(ready, 503)
    assert "detail" not in ready.json()
    is_problem(listed, 503)
    assert int(listed.headers["retry-after"]) >= 1
    assert status == 0


def test_sigterm_is_not_ready_then_drains_then_ends(project):
    env = project.env | {"SHUTDOWN_DELAY": "1.5", "SHUTDOWN_TIMEOUT": "30"}
    with (
        environments.running(project.folder, env, "extra:app") as running,
        httpx2.Client(base_url=running.address, timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor() as threads,
    ):
        slow = threads.submit(httpx2.get, f"{running.address}/extra/hold/4", timeout=60)
        time.sleep(0.7)
        before = client.get("/health/ready")
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        during = client.get("/health/ready")
        served = client.get("/users")
        status = running.process.wait(60)
        lines = [line["message"] for line in running.lines()]

    assert before.status_code == 200
    is_problem(during, 503)
    assert served.status_code == 200
    assert slow.result().json() == 4
    assert status == 0
    assert lines.count("disposed") == 3  # to write, to read, for probes
    assert "Application shutdown complete." in lines


def test_a_request_without_an_end_does_not_keep_it(project):
    env = project.env | {"SHUTDOWN_DELAY": "0", "SHUTDOWN_TIMEOUT": "1"}
    with (
        environments.running(project.folder, env, "extra:app") as running,
        operation.asking(running.address, "/extra/hold/600", 1),
    ):
        time.sleep(0.7)
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(60)

    assert status == 0


def test_fastapi_run_ends_the_same_way(project):
    port = environments.free_port()
    command = [str(project.folder / ".venv/bin/fastapi"), "run", "--port", str(port)]
    env = project.env | {"SHUTDOWN_DELAY": "0"}

    with environments.launched(project.folder, command, env, port) as running:
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(60)

    assert status == 0
