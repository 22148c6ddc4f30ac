"""Options and fixtures of all tests. The unit tests have additional ones."""

import os
import tomllib

import pytest
from support.running import environments
from support.services.renderings import BLUEPRINTS, CORE, Renderings, shared_folder

pytest.register_assert_rewrite(
    "support.api.exercise",
    "support.api.payloads",
    "support.api.races",
    "support.api.versions",
    "support.services.parsing",
)

collect_ignore = ["rendering/golden"]


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Store what the template renders now as the golden service and its diffs.",
    )
    parser.addoption(
        "--variant",
        action="append",
        default=[],
        metavar="ID",
        help="Prove this variant of support/matrix.py, not the eight core ones. Repeatable.",
    )


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that all workers of this run share."""
    return shared_folder(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def rendered(shared):
    """Renders the default answers with layers of others over them: rendered(BLOG, {"api": …})."""
    folder = shared / "rendered"
    folder.mkdir(exist_ok=True)
    return Renderings(folder)


@pytest.fixture(scope="session")
def shared_environment(shared):
    """One environment with the dependencies of all services."""
    folder = shared / f"environment-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    folder.mkdir()
    env = environments.environment()
    render = Renderings(folder)
    rest = {"primary_key": "uuid7", "telemetry": "opentelemetry"}
    wanted = set()
    for choices in CORE.values():
        shop = render(BLUEPRINTS["shop"], choices, rest)
        document = tomllib.loads(shop.files["pyproject.toml"])
        wanted |= {*document["project"]["dependencies"], *document["dependency-groups"]["dev"]}
    environments.run(folder, "uv", "venv", "--quiet", ".venv", env=env)
    install = ["uv", "pip", "install", "--quiet", "--python", ".venv/bin/python"]
    environments.run(folder, *install, *sorted(wanted), env=env)
    return folder


def pytest_xdist_make_scheduler(config, log):
    from support.running.scheduling import ByParameter

    return ByParameter(config, log)
