"""Trellis changes services that Copier has made, and Copier updates those of Trellis."""

import subprocess
import sys

import pytest
from support.commands.cli import COMMENT, commit, edit, files, git

COPIER = [sys.executable, "-m", "copier"]
TASKS = (
    "task title:string:200:min_length=1 description:text:optional completed:boolean:default=false"
)


@pytest.fixture
def url(versions):
    """The address of the template's three versions."""
    return f"git+file://{versions.root}"


@pytest.fixture
def copied(trellis, url, tmp_path, monkeypatch):
    """A service of the first version, made by plain Copier without flags and without trust."""
    folder = tmp_path / "work/tasks"
    words = ["copy", "--defaults", "--quiet", "--vcs-ref", "v1.0.0", url, str(folder)]
    subprocess.run([*COPIER, *words], check=True, capture_output=True)
    git(folder, "init", "--quiet")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def test_what_copier_has_made_is_changed_and_updated(trellis, copied, url, monkeypatch):
    edit(copied / "README.md", "# Tasks API", "# Our tasks")
    commit(copied)

    assert trellis("status", "--json").document["template"]["source"] == url
    assert trellis("update", "--check").code == 8
    assert trellis("add", "resource", "note", "body:text", "task:ref:task").code == 0
    commit(copied)
    assert trellis("update").code == 0
    commit(copied)

    assert "# Our tasks" in (copied / "README.md").read_text()
    assert "- Be brief and clear." in (copied / "AGENTS.md").read_text()
    assert f"_src_path: {url}" in (copied / ".copier-answers.yml").read_text()
    assert trellis("status", "--json").document["files"]["edited"] == ["README.md"]


def test_copier_updates_what_trellis_has_made(trellis, url, versions, tmp_path, monkeypatch):
    older = f"git+file://{versions.at('v1.0.0')}"
    words = ["new", "tasks", "--yes", "--no-install", "--template", older, "-r", TASKS]
    assert trellis(*words).code == 0
    folder = tmp_path / "work/tasks"
    monkeypatch.chdir(folder)
    edit(folder / ".copier-answers.yml", older, url)
    edit(folder / "README.md", "# Tasks", "# Our tasks")
    commit(folder)
    assert trellis("add", "resource", *COMMENT.replace("post", "task").split()).code == 0
    commit(folder)

    subprocess.run([*COPIER, "update", "--defaults", "--quiet"], check=True, capture_output=True)
    commit(folder)

    assert "# Our tasks" in (folder / "README.md").read_text()
    assert (folder / "SUPPORT.md").exists()
    found = trellis("status", "--json").document
    assert found["template"]["recorded"] == "v1.2.0"
    assert found["files"] | {"pristine": []} == {
        "pristine": [],
        "edited": ["README.md"],
        "stale": [],
        "missing": [],
        "extra": [],
        "forgotten": [],
    }


def test_a_template_of_ones_own_is_named_once(trellis, url, tmp_path, monkeypatch):
    monkeypatch.setenv("TRELLIS_TEMPLATE", url)
    assert trellis("new", "tasks", "--yes", "--no-install").code == 0
    monkeypatch.delenv("TRELLIS_TEMPLATE")
    folder = tmp_path / "work/tasks"
    monkeypatch.chdir(folder)

    assert trellis("add", "resource", "note", "body:text").code == 0

    assert "SUPPORT.md" in files(folder)
    assert f"_src_path: {url}" in (folder / ".copier-answers.yml").read_text()
