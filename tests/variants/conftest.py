"""What tests of several files share."""

import os
import tomllib

import pytest
from support import environments
from support.services import BLUEPRINTS, CORE, Renderings


@pytest.fixture(scope="session")
def laboratory(shared):
    """One environment for services of every kind, with what any of them needs."""
    folder = shared / f"laboratory-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
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
