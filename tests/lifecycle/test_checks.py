"""After each verb the service's own checks pass, and all rows are still in the database."""

import contextlib
import json
import os
import shutil
import subprocess
import zlib

import pytest
from support.commands.cli import COMMENT, POST, USER, commit, edit
from support.databases import postgres
from support.databases.rows import DUMP, MIGRATE, assert_kept
from support.running import environments
from support.running.projects import Project
from trellis.template import source

UV = shutil.which("uv")
UV_CACHE = UV and subprocess.check_output([UV, "cache", "dir"], text=True).strip()
INSERT = """
from sqlalchemy.orm import Session
from app.posts.models import Post
from app.users.models import User

def insert(connection):
    with Session(connection) as session:
        for number in (1, 2, 3):
            user = User(email=f"{number}@example.org", name="Zoë", age=number, role="admin")
            session.add(user)
            session.flush()
            session.add(Post(title=f"Post {number}", body="'", author_id=user.id))
        session.commit()

run(insert)
"""
# Each verb, and the values of the new columns in existing rows.
STEPS = [
    (["add", "resource", *COMMENT.split()], {}),
    (
        [
            *("add", "field", "user", "nick:string:40:optional:unique"),
            *("level:integer:default=3:index", "state:enum:on,off:default=on"),
            "boss:ref:user:set_null:optional",
        ],
        {"users": {"nick": None, "level": 3, "state": "on", "boss_id": None}},
    ),
    (
        [
            *("add", "field", "post", "price:decimal:10,2:default=-0.5", "ok:boolean:default=true"),
            *("seen:datetime:default=2024-01-31T12:00:00Z", "day:date:default=2024-01-31"),
            *("token:uuid:default=6BA7B810-9dad-11d1-80b4-00c04fd430c8", "rate:float:default=0.5"),
            *(
                'doc:json:default={"a%":[1,"it\'s"]}',
                "note:string:default=100%",
                "text:text:optional",
            ),
        ],
        {
            "posts": {
                "price": "-0.50",
                "ok": True,
                "seen": "2024-01-31 12:00:00+00:00",
                "day": "2024-01-31",
                "token": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                "rate": 0.5,
                "doc": {"a%": [1, "it's"]},
                "note": "100%",
                "text": None,
            }
        },
    ),
    (["remove", "field", "user", "nick"], {}),
    (["remove", "field", "user", "boss"], {}),
    (["remove", "field", "user", "role"], {}),
    (["remove", "field", "post", "price"], {}),
    (["remove", "field", "post", "seen"], {}),
    (["remove", "resource", "comment"], {}),
    (["change", "api={api}", "ci=gitlab", "docker=false", "python_version=3.11"], {}),
    (["update"], {}),
    (["restore", "AGENTS.md", "--yes"], {}),
]
OTHER = {"async": "sync", "sync": "async"}


@pytest.fixture
def on_the_way(versions, trellis, tmp_path, monkeypatch):
    """A blog of the template's first version. Newer versions exist."""

    def make(*words):
        monkeypatch.setattr(source, "find_checkout", lambda: versions.at("v1.0.0"))
        resources = [word for text in (USER, POST) for word in ("-r", text)]
        options = ["--python", "3.11", "--yes", "--no-install", *resources, *words]
        assert trellis("new", "blog", *options).code == 0
        monkeypatch.setattr(source, "find_checkout", lambda: versions.root)
        folder = tmp_path / "work/blog"
        monkeypatch.chdir(folder)
        return folder

    return make


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Uses the real uv and its cache."""
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(os.pathsep)[2])
    caches = {"UV_CACHE_DIR": UV_CACHE, "MYPY_CACHE_DIR": str(tmp_path / "mypy")}
    env = environments.environment(ENVIRONMENT="development", **caches)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="uv installs what services need")
@pytest.mark.parametrize("variant", ["async-sqlalchemy-sqlite", "sync-sqlmodel-postgres"])
def test_a_service_that_went_through_every_verb_is_sound(
    trellis, on_the_way, environment, shared, variant
):
    api, orm, database = variant.split("-")
    folder = on_the_way("--api", api, "--orm", orm, "--database", database)
    with contextlib.ExitStack() as stack:
        environments.run(folder, "uv", "sync", "--quiet", env=environment)
        commit(folder)
        urls = {"DATABASE_URL": f"sqlite:///{folder.parent}/rows.db"}
        if database == "postgres":
            name = f"trellis_{zlib.crc32(str(folder).encode()):08x}"
            server = postgres.server_url(shared)
            url = stack.enter_context(postgres.database(server, name, folder, environment))
            urls = {"DATABASE_URL": url, "TEST_DATABASE_URL": url}
        service = Project(folder, {}, environment | urls)
        service.run(".venv/bin/python", "-c", MIGRATE + INSERT)
        rows = migrated(service)
        for number, (words, expected) in enumerate(STEPS):
            take(trellis, service, [word.replace("{api}", OTHER[api]) for word in words])
            before, rows = rows, migrated(service)
            assert_kept(before, rows, expected)
            following = STEPS[number + 1][0] if number + 1 < len(STEPS) else []
            # Checks run once for several steps of a kind; on Postgres only at the end.
            if words[:2] != following[:2] and (database == "sqlite" or not following):
                service.run("make", "check")
        for words in (["downgrade", "base"], ["upgrade", "head"], ["check"]):
            service.alembic(*words)


def take(trellis, service, words):
    """Runs a verb and commits the result."""
    if words[0] == "restore":
        edit(service.folder / "AGENTS.md", "# House rules\n", "# House rules\n\nNone.\n")
        commit(service.folder)

    result = trellis(*words)

    assert result.code == 0, result.out + result.err
    service.run("uv", "sync", "--quiet")
    commit(service.folder)


def migrated(service):
    """Migrates the service's database and returns its rows."""
    said = service.run(".venv/bin/python", "-c", MIGRATE + DUMP)
    return json.loads(said.partition("rows:")[2].splitlines()[0])
