"""Builds the image of a service from its Dockerfile, and runs it with production settings.

No container engine is used: support/engine.py executes the Dockerfile.
"""

import shutil
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from support.databases import postgres
from support.images import images
from support.running import environments
from support.services.renderings import BLUEPRINTS, TEMPLATE

pytestmark = pytest.mark.skipif(bool(images.obstacle()), reason=images.obstacle())

CASES = {
    "sqlite": {"api": "async", "orm": "sqlalchemy", "database": "sqlite"},
    "postgres": {"api": "sync", "orm": "sqlmodel", "database": "postgres"},
}
# Files in a service's folder that must not be in the image.
PRIVATE = (
    ".env",
    ".git/config",
    ".venv/bin/python",
    "app.db",
    "app/__pycache__/main.pyc",
    "key.pem",
)
ADMINISTER = (
    "import psycopg, sys; psycopg.connect(sys.argv[1], autocommit=True).execute(sys.argv[2])"
)


@pytest.fixture(scope="module", params=CASES)
def image(request, shared, tmp_path_factory):
    """The report of engine.py about the image of a service."""
    service, context = (tmp_path_factory.mktemp(name) for name in ("service", "context"))
    version = {"python_version": environments.running_version()}
    shutil.rmtree(service)
    TEMPLATE.render(
        TEMPLATE.complete({}) | BLUEPRINTS["blog"] | CASES[request.param] | version, service
    )
    env = environments.environment()
    environments.run(service, "uv", "lock", env=env)
    for name in PRIVATE:
        (service / name).parent.mkdir(parents=True, exist_ok=True)
        (service / name).write_text("private")
    images.context(service, context)
    port = environments.free_port()
    user = '{"email": "ada@example.com", "name": "Ada"}'
    users = f"http://localhost:{port}/users"
    task = {
        "context": str(context),
        # The program on PATH may be a script that starts the real one.
        "uv": environments.run(
            service, "uv", "run", "--no-project", "printenv", "UV", env=env
        ).strip(),
        "cache": environments.run(service, "uv", "cache", "dir", env=env).strip(),
        "port": port,
        "env": {"ALLOWED_HOSTS": "localhost"},
        "sockets": [],
        "places": ["/srv", "/srv/app", "/etc", "/usr/local/bin"],
        "before": [["alembic", "upgrade", "head"]],
        "requests": [{"url": users, "body": user}, {"url": users}],
        "after": [["alembic", "check"]],
    }
    if request.param == "postgres":
        add_database(task, postgres.server_url(shared))
    return images.proven(task) | {"name": request.param}


def add_database(task, server):
    """An empty database, which exists while the image runs."""
    name = f"image_{task['port']}"
    parts = urlsplit(server)
    task["env"]["DATABASE_URL"] = parts._replace(path=f"/{name}").geturl()
    if folder := parse_qs(parts.query).get("host"):
        task["sockets"] = [f"{folder[0]}/.s.PGSQL.5432"]
    administer = ["python", "-c", ADMINISTER, server]
    task["before"].insert(0, [*administer, f"CREATE DATABASE {name}"])
    task["after"].append([*administer, f"DROP DATABASE {name} WITH (FORCE)"])


def test_it_runs_as_nobody_in_particular(image):
    assert image["user"] == {"code": 0, "said": "10001\n"}


def test_nothing_can_be_written(image):
    assert [one["code"] for one in image["writing"]] == [1] * len(image["writing"])
    assert "root_wrote" not in image


def test_it_has_no_installer_and_no_development_dependencies(image):
    programs = {
        one.rpartition("/")[2] for one in image["files"] if one.startswith("srv/.venv/bin/")
    }

    assert {"uvicorn", "alembic"} <= programs
    assert not {"mypy", "pip", "pytest", "ruff", "uv"} & programs
    assert all(one["code"] for one in image["installers"]), image["installers"]


def test_nothing_private_is_in_it(image):
    copied = {one.removeprefix("srv/") for one in image["files"] if one.startswith("srv/")}

    assert {"app/main.py", "migrations/env.py", "pyproject.toml"} <= copied
    assert not {*PRIVATE, "README.md", "tests", "uv.lock"} - {".venv/bin/python"} & copied


def test_it_migrates_serves_and_is_healthy(image):
    assert [one["code"] for one in image["before"]] == [0] * len(image["before"]), image["before"]
    assert image["health"]["code"] == 0, image["said"]
    assert [one["status"] for one in image["answers"]] == [201, 200], image["said"]
    assert "ada@example.com" in image["answers"][1]["body"]
    assert image["after"][0]["code"] == 0, image["after"]


def test_it_says_nothing_of_its_server_and_logs_each_request_once(image):
    assert all("server" not in one["headers"] for one in image["answers"])
    assert image["said"].count("POST /users") == 1, image["said"]


def test_it_believes_no_proxy_that_is_not_named(image):
    # The requests come from this machine, which uvicorn trusts by default.
    assert '"client": "192.0.2.1"' in image["said"]


def test_it_ends_when_it_is_told_to(image):
    assert image["exit"] == 0, image["said"]
    assert image["health_after"] == 1


def test_an_image_is_not_built_from_a_lock_that_is_out_of_date(tmp_path):
    version = {"python_version": environments.running_version()}
    TEMPLATE.render(TEMPLATE.complete({}) | version, tmp_path / "service")
    folder, env = tmp_path / "service", environments.environment()
    missing = subprocess.run(
        ["uv", "sync", "--locked", "--no-dev"],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert missing.returncode != 0
    assert "uv lock" in missing.stderr
