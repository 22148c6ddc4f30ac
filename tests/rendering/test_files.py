"""Every file of every combination is valid and formatted, and has no traces of Jinja."""

import getpass
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.services import parsing
from support.services.renderings import (
    BLUEPRINTS,
    COVERING,
    EMPTY,
    ROOT,
    combinations,
    python_files,
)

ALL_BLUEPRINTS = BLUEPRINTS | {"empty": EMPTY}
ALL_CHOICES = combinations() | COVERING
ASYNC_WORDS = re.compile(
    r"\b(async|await|asyncio|aiosqlite|asyncpg)\b|Async[A-Z]|\basync_|_async\b"
)

# These have async code in a synchronous service as well, because the framework awaits it: the
# lifespan, probes, middleware and exception handlers.
ASYNC_PLACES = {
    "app/errors.py": ["async"],
    "app/etags.py": ["async", "await"],
    "app/health.py": ["async", "await"],
    "app/main.py": ["AsyncI", "async"],
    "app/middleware.py": ["async", "asyncio", "await"],
}


@pytest.fixture(scope="module", params=ALL_BLUEPRINTS)
def services(request, rendered):
    """One blueprint in every combination."""
    blueprint = ALL_BLUEPRINTS[request.param]
    return {name: rendered(blueprint, choices) for name, choices in ALL_CHOICES.items()}


def every_file(services):
    return [
        (f"{variant}: {name}", name, text, service)
        for variant, service in services.items()
        for name, text in service.files.items()
    ]


def test_every_file_parses_in_its_language(services):
    for place, name, text, service in every_file(services):
        try:
            parsing.parse(name, text, service.files)
        except Exception as error:
            raise AssertionError(f"{place}: {error}") from error


def test_ruff_has_nothing_to_say(services):
    folders = [str(service.path) for service in services.values()]

    check = ruff("check", "--quiet", "--output-format", "concise", *folders)
    formatted = ruff("format", "--quiet", "--diff", *folders)

    assert not check, by_variant(check, services)
    assert not formatted, by_variant(formatted, services)


def test_nothing_of_the_template_language_is_left(services):
    residue = re.compile(r"(?<!\$)\{\{|\{%|%\}|\{#")

    assert [place for place, *_, text, _ in every_file(services) if residue.search(text)] == []


def test_no_line_is_left_to_tidy(services):
    untidy = re.compile(r"\n\n\n\n|[ \t\r]\n|\A\n|\n\n\Z|[^\n]\Z|\A\n")

    assert [place for place, *_, text, _ in every_file(services) if untidy.search(text)] == []


def test_no_file_names_a_path_of_this_machine(services):
    paths = {str(ROOT), str(Path.home()), tempfile.gettempdir(), str(Path(sys.prefix))}
    user = re.compile(rf"/home/|/Users/|\b{re.escape(getpass.getuser())}@")

    for place, *_, text, _ in every_file(services):
        assert not any(f"{path}/" in text for path in paths if len(path) > 1), place
        assert not user.search(text), place


def test_a_sync_service_has_nothing_asynchronous_but_what_the_framework_awaits(services):
    sync = {name: one for name, one in services.items() if ALL_CHOICES[name]["api"] == "sync"}

    for variant, service in sync.items():
        for name, text in python_files(service):
            found = sorted({match[0] for match in ASYNC_WORDS.finditer(text)})
            assert found == ASYNC_PLACES.get(name, []), f"{variant}: {name}"


def test_no_file_is_empty_but_those_that_make_a_package(services):
    empty = {name for _, name, text, _ in every_file(services) if not text.strip()}

    assert {Path(name).name for name in empty} <= {"__init__.py"}


def ruff(*words):
    """The output of ruff; empty if there are no findings."""
    command = [sys.executable, "-m", "ruff", *words, "--no-cache"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    return completed.stdout + completed.stderr


def by_variant(said, services):
    """The output with the names of variants in place of folders."""
    for name, service in services.items():
        said = said.replace(str(service.path), name)
    return said
