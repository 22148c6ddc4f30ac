"""Plain Copier, from a clone and without trust, writes what `trellis new` writes."""

import json
import os
import shutil
import subprocess
import sys

import pexpect
import pytest
import yaml
from support.running.environments import environment
from support.services.renderings import ANSWERS_FILE, BLUEPRINTS, ROOT, copy_of_template, read_files

COPIER = [sys.executable, "-m", "copier", "copy"]
PRIVATE = ("_src_path", "_commit")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of the repository, with the template of this checkout."""
    source = tmp_path_factory.mktemp("repository") / "source"
    copy_of_template(source)
    (source / "README.md").write_text("Another file of the repository.\n")
    git(source, "init", "--quiet", "-b", "main")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "-m", "Everything")
    target = source.with_name("clone")
    git(source, "clone", "--quiet", str(source), str(target))
    return target


def git(folder, *words):
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, env=environment())


def run_copier(folder, *words):
    return subprocess.run(
        [*COPIER, *words],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def copied(folder, *words):
    """The files that Copier writes; the answers file without the address of the template."""
    completed = run_copier(folder, *words)
    assert completed.returncode == 0, completed.stderr
    return comparable(read_files(folder / "made"))


def comparable(files):
    answers = yaml.safe_load(files[ANSWERS_FILE])
    kept = {key: value for key, value in answers.items() if key not in PRIVATE}
    return files | {ANSWERS_FILE: json.dumps(kept, sort_keys=True)}


def test_defaults(clone, rendered, tmp_path):
    files = copied(tmp_path, "--defaults", str(clone), "made")

    assert files == comparable(rendered().files)


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_data_file(name, clone, rendered, tmp_path):
    path = ROOT / f"tests/blueprints/{name}.yml"

    files = copied(tmp_path, "--defaults", "--data-file", str(path), str(clone), "made")

    assert files == comparable(rendered(BLUEPRINTS[name]).files)


def test_data_on_the_command_line(clone, rendered, tmp_path):
    given = {"project_name": "Zoë's {{ x }}", "api": "sync", "docker": False, "resources": []}
    words = [f"--data={key}={json.dumps(given[key])}" for key in ("docker", "resources")]
    words += [f"--data={key}={given[key]}" for key in ("project_name", "api")]

    files = copied(tmp_path, "--defaults", *words, str(clone), "made")

    assert files == comparable(rendered(given).files)


@pytest.mark.parametrize("value", ["[1, 2]", "{a: 1}", "3", "maybe", '""'])
def test_what_is_neither_true_nor_false_is_refused(clone, tmp_path, value):
    (tmp_path / "blueprint.yml").write_text(f"docker: {value}\n")

    completed = run_copier(
        tmp_path, "--defaults", "--data-file", "blueprint.yml", str(clone), "made"
    )

    assert completed.returncode != 0
    assert "must be true or false" in completed.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("yes", True), ("n", False)])
def test_the_words_for_true_and_false_are_taken(clone, tmp_path, text, meant):
    files = copied(tmp_path, "--defaults", f"--data=docker={text}", str(clone), "made")

    assert ("Dockerfile" in files) == meant


def test_every_question_can_be_answered_at_a_prompt(clone, rendered, tmp_path):
    answers = {
        "What is the service called?": "Seeds",
        "What is it for, in one line?": "It sows.",
        "Who is the author?": "Ada",
        "e-mail address?": "ada@example.org",
    }
    child = pexpect.spawn(
        COPIER[0],
        [*COPIER[1:], str(clone), "made"],
        cwd=str(tmp_path),
        env=environment(TERM="xterm"),
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 160),
    )
    for question, answer in answers.items():
        child.expect_exact(question)
        child.send("\x01\x0b" + answer + "\r")
    for question in ("Which Python", "Asynchronous", "Which ORM?", "Which database?"):
        child.expect_exact(question)
        child.send("\r")
    for question in ("Which primary keys?", "Where does its CI run?", "A Dockerfile"):
        child.expect_exact(question)
        child.send("\r")
    child.expect_exact("Traces and metrics?")
    child.send("\r")
    child.expect(pexpect.EOF)
    child.close()

    given = dict(
        zip(("project_name", "description", "author_name"), answers.values(), strict=False)
    )
    expected = rendered(given, {"author_email": "ada@example.org"})
    assert child.exitstatus == 0
    assert comparable(read_files(tmp_path / "made")) == comparable(expected.files)


def test_trellis_new_writes_the_same(rendered, tmp_path):
    """Trellis runs from another checkout, whose last commit is the template of this one."""
    checkout = copy_of_template(tmp_path / "checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "generator", checkout / "generator", ignore=ignored)
    git(checkout, "init", "--quiet")
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "-m", "Everything")
    path = ROOT / "tests/blueprints/shop.yml"

    words = ["new", "made", "--from", str(path), "--yes", "--no-git", "--no-install"]
    words += ["--python", "3.13"]
    code = "from trellis.cli import main; main()"
    env = environment() | {"PYTHONPATH": str(checkout / "generator")}
    subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, check=True, env=env)

    files = read_files(tmp_path / "made")
    assert files.pop(".env") == files[".env.example"]
    assert comparable(files) == comparable(rendered(BLUEPRINTS["shop"]).files)


def test_nothing_is_written_outside_of_the_destination(clone, tmp_path):
    before = sorted(os.walk(clone))

    copied(tmp_path, "--defaults", str(clone), "made")

    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert sorted(os.walk(clone)) == before
