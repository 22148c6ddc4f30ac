"""Services that are made from the template of this checkout, and then changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import cli, releases
from trellis.template import source
from trellis.template import version as template_module


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A home without configuration, a git identity, a `uv` that needs no network."""
    # The template's bytecode is cached, as it is on a user's machine.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return cli.isolate(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The template, released as v1.0.0. Tests do not change it."""
    return releases.make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def versions(tmp_path_factory):
    """The template in three versions. Tests do not change it."""
    return releases.Versions(tmp_path_factory.mktemp("versions"))


@pytest.fixture
def template(released, monkeypatch):
    """The template, as the checkout that Trellis runs from."""
    monkeypatch.setattr(source, "find_checkout", lambda: released)
    template_module.open_own.cache_clear()
    yield released
    template_module.open_own.cache_clear()


@pytest.fixture
def newer_versions(versions, template, monkeypatch):
    """Adds two newer versions to the template."""
    monkeypatch.setattr(source, "find_checkout", lambda: versions.root)


@pytest.fixture
def trellis(template, tmp_path, monkeypatch, capsys):
    """Runs a command line in this process. The current folder is empty at first."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *words: cli.run_in_process(capsys, *words)


@pytest.fixture(scope="session")
def make_service(released, tmp_path_factory):
    """Makes each service once: tests with the same arguments share it."""
    folder = tmp_path_factory.mktemp("made")
    known = {}

    def make(*words):
        if words not in known:
            name = f"service{len(known)}"
            run = cli.command(released)
            home = tmp_path_factory.mktemp("home")
            subprocess.run(
                [*run, "new", name, "--name", "Blog", "--yes", *words],
                cwd=folder,
                env={**os.environ, **cli.environment(home)},
                check=True,
                capture_output=True,
            )
            known[words] = folder / name
        return known[words]

    return make


@pytest.fixture
def enter_service(make_service, trellis, monkeypatch):
    """Changes into a copy of the service that `trellis new` makes with these arguments."""

    def enter(*words):
        folder = Path.cwd() / "blog"
        shutil.copytree(make_service(*words), folder, symlinks=True)
        monkeypatch.chdir(folder)
        return folder

    return enter


@pytest.fixture
def enter_blog(enter_service):
    """Changes into a copy of a service: by default, the blog."""

    def enter(*resources, choices=()):
        words = [word for text in resources or cli.BLOG for word in ("-r", text)]
        return enter_service(*words, *choices)

    return enter
