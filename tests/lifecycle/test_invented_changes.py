"""Random blueprints that are changed step by step: the service equals a new one, and all rows are
kept. BLUEPRINTS=… tries more of them, BLUEPRINT_SEED=… others.
"""

import contextlib
import json
import os
import random

import pytest
from support.blueprints.invention import drawn, growing
from support.commands.cli import commit, files, git
from support.databases import postgres
from support.databases.rows import DUMP, MIGRATE, assert_kept
from support.running import environments
from support.running.projects import Project
from support.services.renderings import CHOICES, TEMPLATE
from trellis.change import pipeline
from trellis.errors import BlueprintError
from trellis.service.find import find_references
from trellis.template import version as templates

SEED = int(os.environ.get("BLUEPRINT_SEED", "0"))
SAMPLE = range(int(os.environ.get("BLUEPRINTS", "2")))
# Creates rows through the API of the service.
INSERT = """
import asyncio, importlib, inspect, json, sys
from app.main import create_app
from app.settings import Settings

app = create_app(Settings(_env_file=None))

def creators():
    for plural, name in json.loads(sys.argv[1]):
        yield getattr(importlib.import_module(f"tests.{plural}.factory"), f"create_{name}")

async def insert():
    from httpx2 import ASGITransport, AsyncClient
    async with app.router.lifespan_context(app):
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            for create in creators():
                await create(client)

def insert_sync():
    from fastapi.testclient import TestClient
    with TestClient(app) as client:
        for create in creators():
            create(client)

if any(map(inspect.iscoroutinefunction, creators())):
    asyncio.run(insert())
else:
    insert_sync()
"""
DATABASES = ("sqlite", "postgres")
OPTIONS = pipeline.Options(dry_run=False, yes=False, lock=False, json=True)
DOWN_AND_UP = """
command.downgrade(config, "base")
command.upgrade(config, "head")
command.check(config)
"""


def invent(number):
    """The largest of several blueprints, and fields that may be added to it."""
    some = drawn(growing(), number, 6)
    return max(some, key=lambda invented: len(invented[0]["resources"]))


@pytest.fixture
def make_invented_service(trellis, shared_environment, shared, tmp_path, monkeypatch):
    """A service of a blueprint, in git, with an environment and a database of its own."""
    with contextlib.ExitStack() as stack:

        def make(values, number):
            folder = tmp_path / "service"
            rendered(values, folder)
            (folder / ".venv").symlink_to(shared_environment / ".venv")
            git(folder, "init", "--quiet")
            commit(folder)
            monkeypatch.chdir(folder)
            env = environments.environment(ENVIRONMENT="development")
            urls = {"DATABASE_URL": f"sqlite:///{tmp_path}/rows.db"}
            if values["database"] == "postgres":
                server, name = postgres.server_url(shared), f"trellis_changes_{number}"
                url = stack.enter_context(postgres.database(server, name, folder, env))
                urls = {"DATABASE_URL": url}
            return Project(folder, values, env | urls)

        yield make


def rendered(values, folder):
    """Renders a blueprint. Raises BlueprintError if it is not valid."""
    with templates.open_template() as opened:
        opened.render(pipeline.resolve(values, opened), folder)
    return folder


def without_migrations(folder):
    return {p: d for p, d in files(folder).items() if not p.startswith("migrations/versions/")}


def rows(project, first):
    """The rows of all tables, after the script `first` has run."""
    said = project.run(str(project.folder / ".venv/bin/python"), "-c", first + DUMP)
    return json.loads(said.partition("rows:")[2].splitlines()[0])


class Changes:
    """Changes of a blueprint. Each returns a new blueprint, or None if it is not possible."""

    def __init__(self, values, fields, number):
        self.fields, self.random = fields, random.Random(number)  # noqa: S311
        self.names = {field["name"] for r in values["resources"] for field in r["fields"]}
        self.removed = None

    def __iter__(self):
        yield from (self.add_fields, self.change, self.remove_field, self.remove_resource)
        yield from (self.add_resource, self.add_fields, self.remove_field)

    def add_fields(self, values):
        coming = [self.fields.pop(), self.fields.pop(), self.fields.pop()]
        coming = [f if has_a_value(f) else f | {"optional": True} for f in coming]
        resource = self.random.choice(values["resources"])
        fresh = [field for field in coming if field["name"] not in self.names]
        return put(values, {**resource, "fields": [*resource["fields"], *fresh]})

    def remove_field(self, values):
        larger = [r for r in values["resources"] if len(r["fields"]) > 1]
        if not larger:
            return values
        resource = self.random.choice(larger)
        gone = self.random.choice(resource["fields"])
        return put(values, {**resource, "fields": [f for f in resource["fields"] if f != gone]})

    def remove_resource(self, values):
        there = values["resources"]
        free = [r for r in there if not [*find_references(there, r["name"])]]
        if not free:
            return values
        self.removed = self.random.choice(free)
        return {**values, "resources": [r for r in there if r != self.removed]}

    def add_resource(self, values):
        coming = [self.removed] if self.removed else []
        return {**values, "resources": [*values["resources"], *coming]}

    def change(self, values):
        kept = {"database", "primary_key", "python_version"}
        chosen = {key: self.random.choice(CHOICES[key]) for key in CHOICES if key not in kept}
        return {**values, **chosen}


def has_a_value(field):
    """Whether existing rows can get a value: the field has a default and is not unique."""
    return "default" in field and field["type"] != "reference" and not field.get("unique")


def put(values, changed):
    listed = [changed if r["name"] == changed["name"] else r for r in values["resources"]]
    return {**values, "resources": listed}


@pytest.mark.slow
@pytest.mark.parametrize("number", SAMPLE)
def test_any_blueprint_becomes_what_is_asked_for(make_invented_service, tmp_path, number):
    blueprint, fields = invent(SEED * 100 + number)
    choices = {"database": DATABASES[number % 2], "python_version": environments.running_version()}
    values = TEMPLATE.complete(blueprint) | choices
    project = make_invented_service(values, number)
    python = str(project.folder / ".venv/bin/python")
    domain = json.loads(TEMPLATE.call_macro("domain", "domain", values["resources"], "integer"))
    tables = [(entry["plural"], entry["name"]) for entry in domain["resources"]]
    project.run(python, "-c", MIGRATE)
    project.run(python, "-c", INSERT, json.dumps(tables))
    before = rows(project, MIGRATE)
    assert all(before.values())

    changes, taken = Changes(values, fields, number), []
    for change in changes:
        wanted = change(values)
        place = tmp_path / f"expected-{len(taken)}-{change.__name__}"
        with contextlib.suppress(BlueprintError):  # the name is taken or too long
            rendered(wanted, place)
        if wanted == values or not place.exists():
            continue
        account = pipeline.change_service(lambda *_, wanted=wanted: wanted, OPTIONS)

        assert account.status == "changed", (change.__name__, account.conflicts)
        assert account.problems == []
        assert without_migrations(project.folder) == without_migrations(place)
        commit(project.folder)
        values, taken = wanted, [*taken, change.__name__]

    assert len(taken) > 2
    after = rows(project, MIGRATE)
    if changes.removed:
        before.pop(next(table for table, name in tables if name == changes.removed["name"]))
    assert_kept(before, after, {})
    project.run(python, "-c", MIGRATE + DOWN_AND_UP)
    other = {"integer": "uuid7", "uuid7": "integer"}[values["primary_key"]]
    with pytest.raises(BlueprintError, match="migrations beyond the rendered ones"):
        pipeline.change_service(lambda *_: {**values, "primary_key": other}, OPTIONS)
