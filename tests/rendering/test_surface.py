"""The files that each choice changes: exactly these, and the answers file."""

import re

import pytest
from support.services.renderings import ANSWERS_FILE, BLUEPRINTS, CHOICES

# Two services that differ in one choice alone differ in exactly these files. `*` is a resource.
SURFACE = {
    "api": {
        "AGENTS.md",
        "app/*/router.py",
        "app/*/service.py",
        "app/database.py",
        "app/dialect.py",
        "app/health.py",
        "app/main.py",
        "app/pagination.py",
        "migrations/env.py",
        "pyproject.toml",
    },
    "orm": {
        "AGENTS.md",
        "app/*/models.py",
        "app/*/schemas.py",
        "app/*/service.py",
        "app/base.py",
        "app/database.py",
        "app/pagination.py",
        "app/fields.py",
        "migrations/script.py.mako",
        "pyproject.toml",
    },
    "database": {
        ".env.example",
        ".github/dependabot.yml",
        ".github/workflows/ci.yml",
        "Dockerfile",
        "README.md",
        "app/dialect.py",
        "compose.yaml",
        "dev/postgres.py",
        "pyproject.toml",
        "tests/conftest.py",
    },
    "primary_key": {
        "app/*/schemas.py",
        "app/base.py",
        "app/fields.py",
        "migrations/versions/*",
        "pyproject.toml",
        "tests/test_conventions.py",
    },
    "ci": {
        ".github/dependabot.yml",
        ".github/workflows/ci.yml",
        ".github/workflows/template.yml",
        ".gitlab-ci.yml",
        "README.md",
        "renovate.json",
    },
    "docker": {
        ".dockerignore",
        ".github/dependabot.yml",
        ".github/workflows/ci.yml",
        "Dockerfile",
        "README.md",
        "compose.yaml",
    },
    "telemetry": {
        ".env.example",
        "README.md",
        "app/main.py",
        "app/middleware.py",
        "app/telemetry.py",
        "pyproject.toml",
        "tests/test_telemetry.py",
    },
    "python_version": {".github/workflows/ci.yml", "Dockerfile", "pyproject.toml"},
}
# Only with several resources: the type of the key in a model that refers to another table.
OF_SHOP = {"primary_key": {"app/*/models.py", "tests/*/test_*.py"}}


def test_no_choice_touches_more_than_ten_files():
    assert {axis: len(files) for axis, files in SURFACE.items() if len(files) > 10} == {}


@pytest.mark.parametrize("axis", CHOICES)
def test_a_choice_touches_exactly_its_files(axis, rendered):
    assert touched(rendered, BLUEPRINTS["tasks"], axis) == SURFACE[axis]


@pytest.mark.parametrize("axis", CHOICES)
def test_more_resources_are_not_another_surface(axis, rendered):
    shop = {"resources": BLUEPRINTS["shop"]["resources"]}

    assert touched(rendered, shop, axis) == SURFACE[axis] | OF_SHOP.get(axis, set())


def touched(rendered, blueprint, axis):
    """The files that differ from the default service for some other value of the choice."""
    default, *others = CHOICES[axis]
    first = rendered(blueprint, {axis: default}).files
    names = set()
    for value in others:
        second = rendered(blueprint, {axis: value}).files
        names |= {name for name in first | second if first.get(name) != second.get(name)}
    assert ANSWERS_FILE in names
    return {generic(name) for name in names - {ANSWERS_FILE}}


def generic(name):
    """The path with `*` in place of the name of its resource."""
    if name.startswith("migrations/versions/"):
        return "migrations/versions/*"
    return re.sub(r"^(app|tests)/\w+/(test_)?(\w+)", own_name, name)


def own_name(match):
    folder, test, rest = match.groups()
    return f"{folder}/*/test_*" if test else f"{folder}/*/{rest}"
