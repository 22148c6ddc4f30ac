"""What somebody does on the first day, on a machine with nothing installed: no URL, no Docker."""

import os
import tempfile
from pathlib import Path

import httpx2
import pytest
from support import environments
from support.services import BLUEPRINTS, TEMPLATE

BLOG = BLUEPRINTS["blog"] | {"python_version": environments.running_version()}
# ORMs differ where they touch the embedded server; two services meet all four values.
POSTGRES = {
    "async": {"api": "async", "orm": "sqlmodel", "database": "postgres"},
    "sync": {"api": "sync", "orm": "sqlalchemy", "database": "postgres"},
}
SQLITE = {"api": "sync", "orm": "sqlmodel", "database": "sqlite"}


@pytest.fixture
def folder():
    """Outside of pytest's own, which is closed to the user that Postgres runs as under root."""
    with tempfile.TemporaryDirectory(prefix="trellis-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name, "service")


@pytest.fixture
def made(folder):
    """Makes and sets up a service; nothing tells it of a database."""

    def make(choices):
        TEMPLATE.render(TEMPLATE.complete({}) | BLOG | choices, folder)
        environments.run(folder, "make", "setup", env=environments.environment())

    return make


@pytest.mark.parametrize("api", POSTGRES)
def test_a_postgres_service_tests_and_serves_on_a_server_of_its_own(api, made, folder):
    made(POSTGRES[api])
    port = environments.free_port()
    env = environments.environment(PORT=str(port))

    said = environments.run(folder, "make", "test", env=env)
    with environments.started(folder, ["make", "dev"], env, port) as address:
        answers(address)

    assert " passed" in said
    assert "Logging error" not in said
    assert (folder / ".postgres/.gitignore").read_text() == "*\n"
    assert not is_running(folder / ".postgres/postmaster.pid")


def test_fastapi_dev_serves_a_migrated_service(made, folder):
    made(SQLITE)
    port = environments.free_port()
    env = environments.environment(PORT=str(port))

    environments.run(folder, "make", "migrate", env=env)
    with environments.started(folder, ["uv", "run", "fastapi", "dev"], env, port) as address:
        answers(address)


def test_make_dev_serves_again_what_was_stored(made, folder):
    made(SQLITE)
    port = environments.free_port()
    env = environments.environment(PORT=str(port))

    with environments.started(folder, ["make", "dev"], env, port) as address:
        stored = answers(address)
    with environments.started(folder, ["make", "dev"], env, port) as address:
        found = httpx2.get(f"{address}/users").json()

    assert found == [stored]


def answers(address):
    """A round trip through the database."""
    data = {"email": "ada@example.com", "name": "Ada"}
    created = httpx2.post(f"{address}/users", json=data, timeout=30)
    read = httpx2.get(f"{address}{created.headers['location']}", timeout=30)
    assert created.status_code == 201
    assert read.json() == created.json()
    return created.json()


def is_running(pid_file):
    """Whether the process still runs that the first line names."""
    if not pid_file.exists():
        return False
    try:
        os.kill(int(pid_file.read_text().splitlines()[0]), 0)
    except ProcessLookupError:
        return False
    return True
