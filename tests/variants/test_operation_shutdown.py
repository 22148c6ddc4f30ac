"""Shutdown, and a database that cannot be reached. The ORM makes no difference."""

import concurrent.futures
import signal
import time

import httpx2
import pytest
from support.api.exercise import is_problem
from support.running import environments, operation
from support.services.renderings import CORE

VARIANTS = [
    "async-sqlalchemy-sqlite",
    "async-sqlmodel-postgres",
    "sync-sqlalchemy-postgres",
    "sync-sqlmodel-sqlite",
]


# As in the Dockerfile. The exit code of uvicorn is that of the signal.
GRACEFUL = ("--timeout-graceful-shutdown", "20")
ENDED = -signal.SIGTERM


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
        env = project.env | {"DATABASE_URL": url}
        with environments.running(project.folder, env, "app.main:app", *GRACEFUL) as running:
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
    assert status == ENDED


def test_sigterm_lets_running_requests_end(project):
    with (
        environments.running(project.folder, project.env, "extra:app", *GRACEFUL) as running,
        concurrent.futures.ThreadPoolExecutor() as threads,
    ):
        url = f"{running.address}/extra/hold/8"
        slow = [threads.submit(httpx2.get, url, timeout=60) for _ in range(3)]
        time.sleep(3)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{running.address}/users")
        status = running.process.wait(60)
        lines = [line["message"] for line in running.lines()]

    assert [one.result().json() for one in slow] == [8, 8, 8]
    assert status == ENDED
    assert lines.count("disposed") == 3  # for transactions, for reads, for probes
    assert "Application shutdown complete." in lines


def test_a_request_without_an_end_is_cancelled(project):
    graceful = ("--timeout-graceful-shutdown", "1")
    with (
        environments.running(project.folder, project.env, "extra:app", *graceful) as running,
        operation.asking(running.address, "/extra/sleep/600", 1),
    ):
        time.sleep(0.7)
        started = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(60)

    assert status == ENDED
    assert time.monotonic() - started < 15


def test_fastapi_run_ends_the_same_way(project):
    port = environments.free_port()
    command = [str(project.folder / ".venv/bin/fastapi"), "run", "--port", str(port)]

    with environments.launched(project.folder, command, project.env, port) as running:
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(60)

    assert status == ENDED
