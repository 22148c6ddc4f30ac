"""Runs the command line on a small template, so that these tests do not depend on the real one."""

import shutil
import sys

import pytest
from support.commands import cli
from support.commands.tiny import write_template
from trellis.template import source
from trellis.template import version as template


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """A home without configuration, a git identity, a `uv` that needs no network."""
    return cli.isolate(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture
def tiny(tmp_path):
    """The small template, released as v1.0.0."""
    root = write_template(tmp_path / "tiny")
    cli.commit(root, "First release", "v1.0.0")
    return root


@pytest.fixture
def work(tmp_path, monkeypatch):
    """An empty folder that commands run in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def trellis(tiny, work, monkeypatch, capsys):
    """Runs a command line in this process, with the small template as the checkout."""
    monkeypatch.setattr(source, "find_checkout", lambda: tiny)
    template.open_own.cache_clear()
    yield lambda *words: cli.run_in_process(capsys, *words)
    template.open_own.cache_clear()


@pytest.fixture
def installed(tiny):
    """The command that runs a copy of Trellis, with the small template, in another process."""
    package = cli.ROOT / "generator/trellis"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tiny / "generator/trellis", ignore=ignored)
    cli.commit(tiny, "Second release", "v1.1.0")
    code = f"import sys; sys.path.insert(0, {str(tiny / 'generator')!r}); "
    return [sys.executable, "-c", code + "from trellis.cli import main; main()"]
