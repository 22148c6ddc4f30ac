"""The first commands of a new developer, without DATABASE_URL and without Docker."""

import os
import tempfile
from pathlib import Path

import httpx2
import pytest
from support.running import environments
from support.services.renderings import BLUEPRINTS, TEMPLATE

BLOG = BLUEPRINTS["blog"] | {"python_version": environments.running_version()}
# Two services cover both values of `api` and of `orm`.
POSTGRES = {
    "async": {"api": "async", "orm": "sqlmodel", "database": "postgres"},
    "sync": {"api": "sync", "orm": "sqlalchemy", "database": "postgres"},
}
SQLITE = {"api": "sync", "orm": "sqlmodel", "database": "sqlite"}


@pytest.fixture
def folder():
    """A folder outside of pytest's: for root, Postgres runs as a user who cannot enter that."""
    with tempfile.TemporaryDirectory(prefix="trellis-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name, "service")


@pytest.fixture
def made(folder):
    """Makes and sets up a service without DATABASE_URL."""

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
    """Creates and reads a row."""
    data = {"email": "ada@example.com", "name": "Ada"}
    created = httpx2.post(f"{address}/users", json=data, timeout=30)
    read = httpx2.get(f"{address}{created.headers['location']}", timeout=30)
    assert created.status_code == 201
    assert read.json() == created.json()
    return created.json()


def is_running(pid_file):
    """Whether the process whose id is in the first line still runs."""
    if not pid_file.exists():
        return False
    try:
        os.kill(int(pid_file.read_text().splitlines()[0]), 0)
    except ProcessLookupError:
        return False
    return True
