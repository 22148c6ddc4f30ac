"""Prompts, answered through a pseudo-terminal."""

import signal
import time

import pytest
import yaml
from support.commands.terminal import CTRL_C, DOWN, ENTER, Session


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
