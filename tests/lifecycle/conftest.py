"""Services that go on living, on the template as it lies in this repository."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from trellis.template import source
from trellis.template import version as template_module

sys.path.insert(0, str(Path(__file__).parent))

import living


@pytest.fixture(autouse=True)
def surroundings(tmp_path_factory, monkeypatch):
    """Nothing of the machine that the tests run on."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "TRELLIS_", "COPIER_"))]:
        monkeypatch.delenv(name)
    for name, value in living.environment(tmp_path_factory.mktemp("home")).items():
        monkeypatch.setenv(name, value)
    # What was compiled of the template is found again, as people have it.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The template, released as v1.0.0; nobody changes it."""
    return living.make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def versions(tmp_path_factory):
    """The template in three versions; nobody changes it."""
    return living.Versions(tmp_path_factory.mktemp("versions"))


@pytest.fixture
def template(released, monkeypatch):
    """The template as the checkout that Trellis runs from."""
    monkeypatch.setattr(source, "checkout", lambda: released)
    template_module._own.cache_clear()
    yield released
    template_module._own.cache_clear()


@pytest.fixture
def newer(versions, template, monkeypatch):
    """There are newer versions of the template."""
    monkeypatch.setattr(source, "checkout", lambda: versions.root)


@pytest.fixture
def trellis(template, tmp_path, monkeypatch, capsys):
    """Runs a command line in this process, in an empty folder to begin with."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return lambda *words: living.run_in_process(capsys, *words)


@pytest.fixture(scope="session")
def made(released, tmp_path_factory):
    """Makes a service once for all tests that ask for the same."""
    folder = tmp_path_factory.mktemp("made")
    known = {}

    def make(*words):
        if words not in known:
            name = f"service{len(known)}"
            run = living.command(released)
            home = tmp_path_factory.mktemp("home")
            living.subprocess.run(
                [*run, "new", name, "--name", "Blog", "--yes", *words],
                cwd=folder,
                env={**os.environ, **living.environment(home)},
                check=True,
                capture_output=True,
            )
            known[words] = folder / name
        return known[words]

    return make


@pytest.fixture
def inside(made, trellis, monkeypatch):
    """Goes into a copy of a service that `trellis new` makes with these words."""

    def enter(*words):
        folder = Path.cwd() / "blog"
        shutil.copytree(made(*words), folder, symlinks=True)
        monkeypatch.chdir(folder)
        return folder

    return enter


@pytest.fixture
def blog(inside):
    """Goes into a copy of a service: the blog, or what is asked for."""

    def enter(*resources, choices=()):
        words = [word for text in resources or living.BLOG for word in ("-r", text)]
        return inside(*words, *choices)

    return enter
