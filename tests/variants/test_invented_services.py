"""Random blueprints: type checks, migrations, tests and a server for each service."""

import os

import pytest
import yaml
from support.api import exercise, fuzzing
from support.blueprints import naming
from support.blueprints.invention import blueprints, drawn
from support.databases import postgres
from support.running import environments, projects
from support.services.renderings import CORE, ROOT, Renderings, python_files

SEED = int(os.environ.get("BLUEPRINT_SEED", "0"))
# Every type of field, in every way that it can be declared.
EVERY = yaml.safe_load((ROOT / "tests/support/blueprints/every.yml").read_text(encoding="utf-8"))


def invent(number):
    """The largest of several random blueprints."""
    return max(drawn(blueprints(), SEED + number, 12), key=size)


def size(blueprint):
    return sum(len(resource["fields"]) for resource in blueprint["resources"])


def borrow_names(folder):
    """Twenty resources whose names, and those of their fields, occur in the rendered code."""
    services = [Renderings(folder)(EVERY, choices) for choices in CORE.values()]
    names = naming.candidates({text for one in services for _, text in python_files(one)})
    # An answer that names a field `postgres_url` would look like one that shows the inside.
    names = [name for name in names if not exercise.INTERNAL.search(name)]
    resources, fields = naming.as_resources(names), naming.as_fields(names)
    first = SEED * 7
    return next(naming.blueprints(resources[first::97], fields[first::9], 20))


# Eight random blueprints, one for each core variant.
SAMPLE = {
    f"{number:02d}-{name}": (lambda _, number=number: invent(number), choices)
    for number, (name, choices) in enumerate(CORE.items())
}
SAMPLE |= {f"every-{name}": (lambda _: EVERY, CORE[name]) for name in list(CORE)[::5]}
SAMPLE |= {f"names-{name}": (borrow_names, CORE[name]) for name in ["sync-sqlmodel-sqlite"]}


@pytest.fixture(scope="module", params=SAMPLE)
def project(request, shared_environment, shared, tmp_path_factory):
    make_blueprint, choices = SAMPLE[request.param]
    version = {"python_version": environments.running_version()}
    folder = tmp_path_factory.mktemp("invented")
    blueprint = make_blueprint(folder) | choices | version
    folder = Renderings(folder)(blueprint).path
    (folder / ".venv").symlink_to(shared_environment / ".venv")
    env = environments.environment(
        ENVIRONMENT="development", MYPY_CACHE_DIR=str(shared_environment / "mypy"), UV_NO_SYNC="1"
    )
    if choices["database"] == "sqlite":
        yield projects.Project(folder, blueprint, env)
    else:
        server = postgres.server_url(shared)
        name = f"trellis_{request.param}".replace("-", "_")
        with postgres.database(server, name, folder, env) as url:
            urls = {"DATABASE_URL": url, "TEST_DATABASE_URL": url}
            yield projects.Project(folder, blueprint, env | urls)


def test_it_is_strictly_typed(project):
    assert "Success: no issues found" in project.run(".venv/bin/python", "-m", "mypy")


def test_its_own_tests_pass(project):
    assert " passed" in project.run(".venv/bin/python", "-m", "pytest", "-q")


def test_it_is_migrated_and_served(project):
    project.alembic("upgrade", "head")
    built = project.tables()
    project.alembic("check")
    project.alembic("downgrade", "base")
    project.alembic("upgrade", "head")

    assert project.tables() == built
    with environments.served(project.folder, project.env) as address:
        exercise.everything(address, project.blueprint["resources"])


def test_schemathesis_finds_nothing(project, request):
    if request.node.callspec.params["project"][:2] not in {"00", "05", "ev"}:
        pytest.skip("a few are enough")
    project.alembic("upgrade", "head")
    with environments.served(project.folder, project.env) as address:
        assert fuzzing.fuzz(address, examples=2) >= 100
