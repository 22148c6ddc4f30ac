"""However it is started, a service does not start with a missing or unsafe setting."""

import subprocess

import pytest
from support.running import environments, operation
from support.services.renderings import CORE

VARIANTS = ["async-sqlalchemy-postgres", "sync-sqlmodel-sqlite"]
COMMANDS = {
    "uvicorn": ["uvicorn", "app.main:app", "--port", "0"],
    "fastapi": ["fastapi", "run", "--port", "0"],
}
LOAD = ["python", "-c", "import app.main"]
MIGRATE = ["alembic", "current"]
URL = "postgresql://service:hush-hush@db.example.com/service"
UNSAFE = {
    "nothing is set": ({}, ["DATABASE_URL: is not set", "ALLOWED_HOSTS: is not set"]),
    "production is meant": ({"ENVIRONMENT": "production"}, ["DATABASE_URL: is not set"]),
    "no host": ({"DATABASE_URL": URL}, ["ALLOWED_HOSTS: is not set"]),
    "an empty host": ({"DATABASE_URL": URL, "ALLOWED_HOSTS": ""}, ["ALLOWED_HOSTS: is not set"]),
    "any host": ({"DATABASE_URL": URL, "ALLOWED_HOSTS": "a.com,*"}, ["ALLOWED_HOSTS: '*' is not"]),
    "any host of a top-level domain": (
        {"DATABASE_URL": URL, "ALLOWED_HOSTS": "a.com,*.com"},
        ["ALLOWED_HOSTS: '*.com' is not"],
    ),
    "a wildcard inside": ({"ALLOWED_HOSTS": "a.*.com"}, ["ALLOWED_HOSTS: 'a.*.com' is not"]),
    "a URL for a host": ({"ALLOWED_HOSTS": "https://a.com"}, ["ALLOWED_HOSTS: 'https://a.com'"]),
    "any site": (
        {"DATABASE_URL": URL, "ALLOWED_HOSTS": "a.com", "CORS_ORIGINS": "*"},
        ["CORS_ORIGINS: must name sites"],
    ),
    "no URL": ({"DATABASE_URL": "hush-hush", "ALLOWED_HOSTS": "a.com"}, ["DATABASE_URL: is not"]),
    "another database": (
        {"DATABASE_URL": "mysql://hush-hush@db/service", "ALLOWED_HOSTS": "a.com"},
        ["DATABASE_URL: is not like"],
    ),
    "no body": ({"MAX_BODY_SIZE": "0"}, ["MAX_BODY_SIZE: Input should be"]),
    "no such environment": ({"ENVIRONMENT": "prod"}, ["ENVIRONMENT: Input should be"]),
    "no number": ({"MAX_BODY_SIZE": "1 MB"}, ["MAX_BODY_SIZE: Input should be"]),
    "no time": ({"BODY_TIMEOUT": "0"}, ["BODY_TIMEOUT: Input should be"]),
    "no such level": ({"DATABASE_URL": URL, "LOG_LEVEL": "loud"}, ["LOG_LEVEL: Input should be"]),
}
UNSAFE_POSTGRES = {
    "the password of an example": (
        {"DATABASE_URL": URL.replace("hush-hush", "password"), "ALLOWED_HOSTS": "a.com"},
        ["DATABASE_URL: has the password of an example"],
    ),
    "no connection": (
        {"DATABASE_URL": URL, "ALLOWED_HOSTS": "a.com", "DATABASE_POOL_SIZE": "0"},
        ["DATABASE_POOL_SIZE: Input should be"],
    ),
}


@pytest.fixture(scope="module", params=VARIANTS)
def project(request, shared_environment, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings")
    with operation.deployed(folder, shared_environment, shared, CORE[request.param]) as made:
        yield made


def test_it_names_what_is_wrong_and_does_not_start(project):
    unsafe, url = UNSAFE, "sqlite:///deployed.db"
    if project.blueprint["database"] == "postgres":
        unsafe, url = UNSAFE | UNSAFE_POSTGRES, URL
    for settings, expected in unsafe.values():
        own = {name: url if value == URL else value for name, value in settings.items()}
        assert_refused(project, LOAD, own, expected)


def test_whatever_starts_it_says_so(project):
    settings, expected = UNSAFE["nothing is set"]

    for command in COMMANDS.values():
        assert_refused(project, command, settings, expected)
    assert_refused(project, MIGRATE, settings, expected[:1])


def test_migrations_need_the_database_alone(project):
    heard = start(
        project, MIGRATE, environments.environment(DATABASE_URL=project.env["DATABASE_URL"])
    )

    assert heard.returncode == 0, heard.stderr


def test_what_is_in_dotenv_counts_and_the_environment_goes_before_it(project):
    dotenv = project.folder / ".env"
    dotenv.write_text("LOG_LEVEL=loud\nENVIRONMENT=development\n")
    try:
        assert_refused(project, LOAD, {}, ["LOG_LEVEL: Input should be"])
        heard = start(project, LOAD, project.env | {"LOG_LEVEL": "INFO"})
    finally:
        dotenv.unlink()

    assert heard.returncode == 0, heard.stderr


def assert_refused(project, command, settings, expected):
    refused = start(project, command, environments.environment(**settings))

    assert refused.returncode not in (0, None)
    assert "Traceback" not in refused.stderr
    assert "hush-hush" not in refused.stderr
    for words in expected:
        assert words in refused.stderr
    assert len(refused.stderr.splitlines()) <= 6


def start(project, command, env):
    program, *words = command
    return subprocess.run(
        [str(project.folder / ".venv/bin" / program), *words],
        cwd=project.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
