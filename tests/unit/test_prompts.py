"""Prompts, driven through a pseudo-terminal as a person would."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import pytest
import yaml

ENTER, DOWN, CTRL_C = "\r", "\x1b[B", "\x03"
PATIENCE = 60.0


class Session:
    """A command on a terminal."""

    def __init__(self, command, folder):
        self.controller, terminal = pty.openpty()
        self.before = termios.tcgetattr(terminal)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "200"},
            start_new_session=True,
        )
        self.terminal = terminal
        self.seen = ""

    def expect(self, text):
        """Waits for the text after what was waited for before."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._plain():
            assert time.monotonic() < deadline, self._plain()
            self._read()
        plain = self._plain()
        self.seen = plain[plain.index(text) + len(text) :]

    def type(self, keys):
        os.write(self.controller, keys.encode())

    def answer(self, question, keys=ENTER):
        self.expect(question)
        self.type(keys)

    def end(self):
        """The exit code, and the last that was said."""
        while self.process.poll() is None:
            self._read()
        while self._read():
            pass
        return self.process.returncode, self._plain()

    def is_usable(self):
        return termios.tcgetattr(self.terminal)[3] == self.before[3]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.controller)
        os.close(self.terminal)

    def _read(self):
        ready, _, _ = select.select([self.controller], [], [], 0.1)
        if not ready:
            return False
        self.seen += os.read(self.controller, 65536).decode(errors="replace")
        return True

    def _plain(self):
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>78]", "", self.seen)


@pytest.fixture
def session(installed, work):
    sessions = []

    def start(*words):
        sessions.append(Session([*installed, *words], work))
        return sessions[-1]

    yield start
    for one in sessions:
        one.close()


def answers(folder):
    return yaml.safe_load((folder / ".copier-answers.yml").read_text())


def test_what_was_not_given_is_asked_for(session, work):
    run = session("new", "blog-api", "--orm", "sqlmodel", "--no-install", "--python", "3.12")
    run.answer("What is it called?", ENTER)
    run.answer("author_name", "Zoë" + ENTER)
    run.answer("author_email", ENTER)
    run.answer("Which API?", DOWN + ENTER)
    run.answer("database", ENTER)
    run.answer("docker", "n")
    run.answer("What does it store?", "user email:email" + ENTER)
    run.answer("And?", "post author:ref:user" + ENTER)
    run.answer("And?", ENTER)
    run.expect("post author:ref:user")
    run.answer("Write 7 files to blog-api?", "y")

    code, _ = run.end()

    assert code == 0
    recorded = answers(work / "blog-api")
    assert recorded["project_name"] == "Blog API"
    assert recorded["author_name"] == "Zoë"
    assert (recorded["api"], recorded["orm"], recorded["docker"]) == ("sync", "sqlmodel", False)
    assert [one["name"] for one in recorded["resources"]] == ["user", "post"]
    assert run.is_usable()


GIVEN = ["--author-name", "A", "--author-email", "", "--python", "3.12", "--api", "async"]
GIVEN += ["--orm", "sqlalchemy", "--database", "sqlite", "--docker", "--no-install"]


def test_a_rules_message_is_shown_in_place(session, work):
    run = session("new", "blog", *GIVEN, "-r", "user email:email")
    run.answer("What is it called?", "\x15" + ENTER)
    run.answer("must not be empty", "Good" + ENTER)
    run.answer("Write 6 files to blog?", "y")

    assert run.end()[0] == 0
    assert answers(work / "blog")["project_name"] == "Good"


def test_resources_are_refused_in_place(session, work):
    run = session("new", "blog", *GIVEN, "--name", "Blog")
    run.answer("What does it store?", "class a:string" + ENTER)
    run.answer("'class' is a keyword", "\x15" + "post title" + ENTER)
    run.answer("a field is name:type", "\x15" + "post author:ref:user" + ENTER)
    run.answer("And?", ENTER)
    run.answer("there is no 'user'", "user email:email" + ENTER)
    run.answer("And?", ENTER)
    run.answer("Write 7 files to blog?", "y")

    assert run.end()[0] == 0
    assert [one["name"] for one in answers(work / "blog")["resources"]] == ["post", "user"]


def test_an_empty_line_keeps_the_default_resources(session, work):
    run = session("new", "blog", *GIVEN, "--name", "Blog")
    run.answer("What does it store?", ENTER)
    run.answer("Write 6 files to blog?", "y")

    assert run.end()[0] == 0
    assert [one["name"] for one in answers(work / "blog")["resources"]] == ["task"]


def test_a_no_at_the_review_leaves_nothing(session, work):
    run = session("new", "blog", *GIVEN, "--name", "Blog", "-r", "user email:email")
    run.answer("Write 6 files to blog?", "n")

    code, said = run.end()

    assert code == 1
    assert "declined; nothing was written" in said
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("question", ["What is it called?", "Which API?", "What does it store?"])
def test_an_interrupt_leaves_nothing_and_a_usable_terminal(session, work, question):
    given = {
        "What is it called?": [],
        "Which API?": ["--name", "Blog", "--author-name", "A", "--author-email", "a"],
        "What does it store?": ["--name", "Blog", *GIVEN],
    }
    run = session("new", "blog", "--python", "3.12", *given[question])
    run.answer(question, CTRL_C)

    code, said = run.end()

    assert code == 130
    assert "nothing half-made was left behind" in said
    assert "Traceback" not in said
    assert list(work.iterdir()) == []
    assert run.is_usable()


def test_what_is_given_and_wrong_is_refused_before_anything_is_asked(session, work):
    run = session("new", "blog", "--api", "asnc")

    code, said = run.end()

    assert code == 4
    assert "did you mean async?" in said
    assert "What is it called?" not in said


@pytest.mark.parametrize("flag", ["--yes", "--json"])
def test_nothing_is_asked_when_told_so(session, work, flag):
    run = session("new", "blog", flag, "--no-install")

    code, said = run.end()

    assert code == 0
    assert "?" not in said


def test_a_signal_at_a_prompt_leaves_nothing_and_a_usable_terminal(session, work):
    run = session("new", "blog")
    run.expect("What is it called?")
    time.sleep(0.2)
    run.process.send_signal(signal.SIGTERM)

    code, said = run.end()

    assert code == 143
    assert "Traceback" not in said
    assert list(work.iterdir()) == []
    assert run.is_usable()
