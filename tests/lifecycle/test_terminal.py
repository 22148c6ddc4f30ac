"""Verbs on a terminal show the change first, and write nothing without a yes."""

import os
import shutil
import signal

import pytest
from support.commands.cli import COMMENT, POST, USER, command, edit, files, git
from support.commands.cli import commit as commit_all
from support.commands.terminal import CTRL_C, ENTER, Session

ADD = ["add", "resource", *COMMENT.split()]


@pytest.fixture
def on_a_terminal(enter_blog, released):
    """A blog, and a function that runs a verb in it on a terminal."""
    folder = enter_blog(USER, POST)
    sessions = []

    def start(*words):
        sessions.append(Session(command(released) + list(words), folder))
        return sessions[-1]

    yield folder, start
    for session in sessions:
        session.close()


@pytest.fixture
def slow_git(tmp_path, monkeypatch):
    """Makes git slow, so that progress messages appear."""
    folder = tmp_path / "slow"
    folder.mkdir()
    script = folder / "git"
    script.write_text(f'#!/bin/sh\nsleep 0.5\nexec {shutil.which("git")} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_what_is_shown_and_agreed_to_is_done(on_a_terminal):
    folder, start = on_a_terminal
    session = start(*ADD)

    session.expect("+ app/comments/models.py")
    session.expect("run a migration before the new code serves")
    session.answer("Change 13 files?")

    code, said = session.end()
    assert code == 0
    assert "To take it back" in said
    assert (folder / "app/comments/models.py").exists()
    assert session.is_usable()


def test_the_difference_is_shown_as_often_as_it_is_asked_for(on_a_terminal):
    folder, start = on_a_terminal
    session = start(*ADD)

    session.answer("Change 13 files?", "d")
    session.expect("+class Comment(Base):")
    session.answer("Change 13 files?", "d")
    session.expect("+class Comment(Base):")
    session.answer("Change 13 files?", "y")

    assert session.end()[0] == 0
    assert (folder / "app/comments/models.py").exists()


def test_a_change_that_breaks_code_is_not_made_by_enter_alone(on_a_terminal):
    folder, start = on_a_terminal
    (folder / "app/own.py").write_text("from app.posts.models import Post\n\nTITLE = Post.title\n")
    commit_all(folder)
    session = start("remove", "field", "post", "title")

    session.expect("! app/own.py:3: uses Post.title, which is gone")
    session.answer("mend these places afterwards?")

    assert session.end()[0] == 1
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize(("keys", "code"), [("n", 1), (CTRL_C, 130)], ids=["no", "Ctrl-C"])
def test_what_is_not_agreed_to_is_not_done(on_a_terminal, keys, code):
    folder, start = on_a_terminal
    before = files(folder)
    session = start(*ADD)

    session.answer("Change 13 files?", keys)

    assert session.end()[0] == code
    assert session.is_usable()
    assert files(folder) == before
    assert git(folder, "status", "--porcelain") == ""


def test_while_it_works_it_can_be_interrupted(on_a_terminal, slow_git):
    folder, start = on_a_terminal
    before = files(folder)
    session = start(*ADD, "--yes")

    session.expect("Reading the template")
    session.process.send_signal(signal.SIGINT)  # sent directly: there is no shell

    assert session.end()[0] == 130
    assert session.is_usable()
    assert files(folder) == before


@pytest.mark.parametrize(("keys", "code"), [(ENTER, 0), ("n", 1)], ids=["yes", "no"])
def test_a_file_is_restored_when_its_difference_was_seen(on_a_terminal, keys, code):
    folder, start = on_a_terminal
    before = files(folder)["README.md"]
    edit(folder / "README.md", "# Blog", "# Our blog")
    commit_all(folder)
    session = start("restore", "README.md")

    session.expect("-# Our blog")
    session.answer("Change 1 file?", keys)

    assert session.end()[0] == code
    assert ((folder / "README.md").read_bytes() == before) == (code == 0)
