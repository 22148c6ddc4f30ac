"""After each verb the service's own checks pass, and rows that were there are still there."""

import os
import shutil
import subprocess

import pytest
from living import COMMENT, POST, USER, commit

UV = shutil.which("uv")
ROWS = """
import sqlite3
database = sqlite3.connect("app.db")
now = "2024-01-01 00:00:00.000000"
database.execute(
    "insert into users (id, email, name, role, created_at, updated_at) "
    "values (1, 'ada@example.org', 'Ada', 'admin', ?, ?)", (now, now)
)
database.execute(
    "insert into posts (id, title, body, author_id, created_at, updated_at) "
    "values (1, 'One', 'Text', 1, ?, ?)", (now, now)
)
database.commit()
"""
COUNT = """
import sqlite3
database = sqlite3.connect("app.db")
print(*(database.execute(f"select count(*) from {t}").fetchone()[0] for t in ("users", "posts")))
"""
STEPS = [
    ["add", "resource", *COMMENT.split()],
    ["add", "field", "user", "nick:string:40:optional:unique", "state:enum:on,off:default=on"],
    ["add", "field", "user", "boss:ref:user:set_null:optional", "level:integer:default=3:index"],
    ["add", "field", "post", "price:decimal:10,2:optional", "ok:boolean:default=true"],
    ["remove", "field", "user", "nick"],
    ["remove", "field", "user", "boss"],
    ["remove", "field", "user", "state"],
    ["remove", "resource", "comment"],
    ["add", "resource", *COMMENT.split()],
    ["change", "api=sync", "orm=sqlmodel", "python_version=3.11"],
]


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="uv installs what services need")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_service_that_went_through_every_verb_is_sound(
    trellis, blog, tmp_path_factory, monkeypatch, database
):
    folder = blog(USER, POST, choices=("--python", "3.11"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "uv"))
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(os.pathsep)[2])  # the uv that is one

    def uv(*words):
        done = subprocess.run([UV, *words], cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def check():
        for words in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pytest", "-q"]):
            uv("run", *words)

    monkeypatch.setenv("ENVIRONMENT", "development")
    (folder / "uv.lock").unlink()  # of the uv that other tests pretend to have
    uv("sync", "--quiet")
    commit(folder)
    uv("run", "alembic", "upgrade", "head")
    uv("run", "python", "-c", ROWS)
    for words in STEPS:
        result = trellis(*words)
        assert result.code == 0, result.out + result.err
        commit(folder)
        uv("run", "alembic", "upgrade", "head")
        uv("run", "alembic", "check")
        assert uv("run", "python", "-c", COUNT).split() == ["1", "1"]
    if database == "postgres":
        (folder / "app.db").unlink()
        assert trellis("change", "database=postgres").code == 0
    check()
