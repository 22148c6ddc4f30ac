import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
import yaml
from support.commands.cli import commit, git, install_tool
from trellis.blueprint import sources


def answers(folder):
    recorded = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    return {key: value for key, value in recorded.items() if not key.startswith("_")}


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


@pytest.fixture
def from_file(tmp_path):
    path = tmp_path / "blog.yml"
    path.write_text(
        "project_name: From File\napi: sync\ndatabase: postgres\n"
        "resources:\n  - {name: user, fields: [{name: email, type: email}]}\n"
    )
    return path


def test_a_service_is_made(trellis, work):
    result = trellis("new", "blog-api", "--yes")

    assert result.code == 0
    assert result.err == ""
    assert (work / "blog-api/README.md").read_text() == "# Blog API\n"
    assert [path.name for path in work.iterdir()] == ["blog-api"]
    assert git(work / "blog-api", "status", "--porcelain") == ""
    assert "uv.lock" in git(work / "blog-api", "ls-files").split()
    assert (work / "blog-api/.env").exists()
    assert (work / "blog-api/.venv").exists()


def test_the_end_says_what_was_done_and_what_is_next(trellis, work):
    result = trellis("new", "a blog", "--yes", "--no-install")

    lines = result.out.splitlines()
    assert lines[0] == f"{work / 'a blog'}: 7 files"
    assert "  - copied .env.example to .env" in lines
    assert lines[-5:] == [
        "Next:",
        "  cd 'a blog'",
        "  uv lock  # choose the versions of its dependencies (skipped)",
        "  uv sync  # install its dependencies (skipped)",
        "  make dev",
    ]
    assert result.out.count("uv lock") == result.out.count("uv sync") == 1


def test_later_sources_win(trellis, work, from_file):
    words = ["--from", str(from_file), "-d", "api=async", "-d", "database=sqlite"]

    result = trellis("new", "blog", "--yes", *words, "--database", "postgres", "--no-docker")

    assert result.code == 0
    recorded = answers(work / "blog")
    assert recorded["project_name"] == "From File"
    assert (recorded["api"], recorded["database"]) == ("async", "postgres")
    assert recorded["orm"] == "sqlalchemy"
    assert recorded["docker"] is False
    assert [resource["name"] for resource in recorded["resources"]] == ["user"]


def test_the_running_python_is_proposed(trellis, work, monkeypatch):
    monkeypatch.setattr(sources, "get_running_python", lambda: "3.12")
    trellis("new", "one", "--yes", "--no-install")
    monkeypatch.setattr(sources, "get_running_python", lambda: "3.99")
    trellis("new", "two", "--yes", "--no-install")

    assert answers(work / "one")["python_version"] == "3.12"
    assert answers(work / "two")["python_version"] == "3.13"


def test_resources_replace_the_default_ones(trellis, work):
    trellis("new", "blog", "--yes", "-r", "user email:email", "-r", "post author:ref:user")

    assert [one["name"] for one in answers(work / "blog")["resources"]] == ["user", "post"]


def test_resources_are_added_to_those_of_the_file(trellis, work, from_file):
    trellis("new", "blog", "--yes", "--from", str(from_file), "-r", "post author:ref:user")

    assert [one["name"] for one in answers(work / "blog")["resources"]] == ["user", "post"]


def test_an_empty_list_of_resources_is_a_service_too(trellis, work):
    assert trellis("new", "blog", "--yes", "-d", "resources=[]").code == 0

    assert answers(work / "blog")["resources"] == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--name", """Zoë's "Tasks" {{ app }} $(x) `y` #1"""],
        ["--name", "-x"],
        ["-r", "person plural=people name:string:100", "--api", "sync", "--no-docker"],
        ["-d", 'resources=[{name: a, fields: [{name: b, type: string, default: "c d"}]}]'],
        ["-d", "resources=[]"],
        ["--no-git"],
    ],
)
def test_the_printed_command_makes_the_same_again(trellis, work, words):
    first = trellis("new", "one", "--yes", "--no-install", "--json", *words).document
    command = shlex.split(first["command"])
    (work / "one").rename(work / "first")

    second = trellis(*command[1:], "--json")

    assert command[0] == "trellis"
    assert second.code == 0, second.out
    assert second.document == first
    assert snapshot(work / "one") == snapshot(work / "first")


def test_one_json_document_says_it_all(trellis, work):
    result = trellis("new", "blog", "--json", "--no-install")

    document = result.document
    assert result.err == ""
    assert document["status"] == "created"
    assert document["destination"] == str(work / "blog")
    assert "README.md" in document["files"]
    assert document["blueprint"]["project_name"] == "Blog"
    assert document["command"].startswith("trellis new --name Blog ")
    assert [todo["command"] for todo in document["todo"]] == ["uv lock", "uv sync"]
    assert document["done"][0] == "copied .env.example to .env"


def test_a_dry_run_shows_the_files_and_writes_none(trellis, work):
    result = trellis("new", "a/blog", "--dry-run")

    assert result.code == 0
    assert "/a/blog/\n├── app/\n│   └── task.py\n" in result.out
    assert "6 files; nothing was written" in result.out
    assert list(work.iterdir()) == []


def test_a_dry_run_as_json_lists_the_files(trellis, work):
    document = trellis("new", "blog", "--dry-run", "--json").document

    assert document["status"] == "planned"
    assert "app/task.py" in document["files"]
    assert list(work.iterdir()) == []


def test_a_dry_run_lists_what_is_rendered(trellis, work):
    planned = trellis("new", "blog", "--dry-run", "--json").document["files"]
    trellis("new", "blog", "--yes", "--no-install", "--no-git")

    assert sorted({*planned, ".env"}) == sorted(snapshot(work / "blog"))


REFUSED = [
    (["blog", "--api", "asnc"], 4, "api: 'asnc' is not a choice; did you mean async?", "--api"),
    (["blog", "--name", "a\x07"], 4, "project_name: must be printable; remove U+0007", "--name"),
    (["blog", "-d", "apii=sync"], 4, "'apii' is not a known key; did you mean api?", "-d"),
    (["blog", "-d", "slug=x"], 4, "'slug' is not a known key", "-d"),
    (["blog", "-d", "api"], 2, "-d 'api' has no value", ""),
    (["blog", "-r", "post title:strng"], 4, "resources[0].fields[0].type: 'strng' is not", "-r"),
    (["blog", "-r", "class a:string"], 4, "resources[0].name: 'class' is a keyword", "-r"),
    (["blog", "-r", "post title"], 4, "'title': a field is name:type", ""),
    (["blog", "--from", "none.yml"], 4, "there is no such file", "none.yml"),
    (["blog", "--apii", "sync"], 2, "there is no option --apii; did you mean --api?", ""),
    ([], 2, "missing argument 'DEST'", ""),
    (["file"], 5, "the destination is a file", "file"),
    (["blog", "--template", "/nowhere"], 6, "there is no such folder", "/nowhere"),
    (["blog", "--template", "."], 6, "it has no copier.yml", ""),
    (["--", "--"], 4, "project_name: must not be empty", ""),
]


@pytest.mark.parametrize(("words", "code", "message", "where"), REFUSED)
def test_what_is_wrong_is_refused_before_anything_is_written(
    trellis, work, words, code, message, where
):
    (work / "file").touch()

    result = trellis("new", *words)

    assert result.code == code
    assert result.out == ""
    assert message in result.err
    assert where in result.err
    assert 1 <= len(result.err.splitlines()) <= 5
    assert "Traceback" not in result.err
    assert not any(ord(character) < 32 and character != "\n" for character in result.err)
    assert [path.name for path in work.iterdir()] == ["file"]


@pytest.mark.parametrize(("words", "code", "message", "where"), REFUSED)
def test_errors_are_json_too(trellis, work, words, code, message, where):
    (work / "file").touch()

    result = trellis("new", "--json", *words)

    error = result.document["error"]
    assert result.code == error["exit_code"] == code
    assert message in json.dumps(error, ensure_ascii=False) or "\\u0007" in json.dumps(error)
    assert where in error["where"]
    assert result.err == ""


def test_what_steps_cannot_do_is_left_to_do(trellis, work, home):
    install_tool(home / "bin/uv", "echo 'error: no network' >&2; exit 2")

    result = trellis("new", "blog", "--yes")

    assert result.code == 0
    assert (
        "uv lock  # choose the versions of its dependencies (uv: error: no network)" in result.out
    )
    assert git(work / "blog", "status", "--porcelain") == ""


def test_a_defect_is_one_line_and_how_to_report_it(trellis, work, monkeypatch):
    monkeypatch.setattr("trellis.commands.new.check_destination", lambda given: 1 / 0)

    result = trellis("new", "blog", "--yes")

    assert result.code == 70
    assert result.err.splitlines() == [
        "error: unexpected ZeroDivisionError: division by zero",
        "  fix: please report it, with the output of TRELLIS_DEBUG=1 trellis …",
    ]


def test_a_full_disk_is_no_defect(trellis, work, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr("trellis.template.source.find_source", fail)

    result = trellis("new", "blog", "--yes")

    assert result.code == 74
    assert result.err == "error: the machine refused: No space left on device\n  in:  somewhere\n"


def test_what_is_not_committed_of_the_template_is_remarked_on(trellis, work, tiny):
    (tiny / "copier.yml").write_text((tiny / "copier.yml").read_text() + "\n")

    document = trellis("new", "blog", "--dry-run", "--json").document
    text = trellis("new", "blog", "--yes", "--no-install").out

    assert "not committed" in document["notes"][0]
    assert "  note: what is not committed of the template is not used" in text


def test_a_defect_shows_its_traceback_on_demand(trellis, work, monkeypatch):
    monkeypatch.setattr("trellis.commands.new.check_destination", lambda given: 1 / 0)
    monkeypatch.setenv("TRELLIS_DEBUG", "1")

    with pytest.raises(ZeroDivisionError):
        trellis("new", "blog", "--yes")


def test_an_interrupt_is_130_and_leaves_nothing(trellis, work, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trellis.service.toolchain.commit", interrupt)

    result = trellis("new", "a/blog", "--yes")

    assert result.code == 130
    assert result.err == "interrupted; nothing half-made was left behind\n"
    assert list(work.iterdir()) == []


def test_an_interrupt_while_installing_leaves_a_complete_service(trellis, work, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trellis.service.toolchain.install", interrupt)

    result = trellis("new", "blog", "--yes")

    assert result.code == 130
    assert "uv sync  # install its dependencies (interrupted)" in result.out
    assert git(work / "blog", "status", "--porcelain") == ""


def test_a_template_of_ones_own_may_ask_other_questions(trellis, work, tiny):
    config = (tiny / "copier.yml").read_text()
    (tiny / "copier.yml").write_text(
        'cache: {type: str, default: "none", choices: ["none", redis]}\n' + config
    )
    commit(tiny, "Ask more", "v2.0.0")

    result = trellis("new", "blog", "--template", str(tiny), "-d", "cache=redis", "--json")

    assert result.document["blueprint"]["cache"] == "redis"
    assert "-d cache=redis" in result.document["command"]
    assert f"--template {tiny}" in result.document["command"]


def test_a_template_without_a_question_refuses_its_flag(trellis, work):
    result = trellis("new", "blog", "--yes", "--primary-key", "uuid7")

    assert result.code == 4
    assert "'primary_key' is not a known key" in result.err


def test_the_empty_working_directory_becomes_the_service(trellis, work):
    result = trellis("new", ".", "--yes", "--no-install")

    assert result.code == 0
    assert "  cd .\n" in result.out
    assert answers(work)["project_name"] == "Work"


@pytest.fixture
def process(installed, work):
    def start(*words):
        return subprocess.Popen(
            [*installed, *words],
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_run_that_is_stopped_leaves_no_destination(process, work, home, number, code):
    install_tool(home / "bin/uv", "touch started; exec sleep 60")
    running = process("new", "blog", "--yes")
    wait_for(lambda: list(work.glob(".blog.trellis-*/started")), running)

    running.send_signal(number)
    _, err = running.communicate(timeout=30)

    assert running.returncode == code
    assert "Traceback" not in err
    assert not (work / "blog").exists()
    if number != signal.SIGKILL:
        assert list(work.iterdir()) == []
    install_tool(home / "bin/uv", "touch uv.lock")
    again = process("new", "blog", "--yes")
    assert again.communicate(timeout=60)[1] == ""
    assert [path.name for path in work.iterdir()] == ["blog"]


def test_of_two_at_once_one_wins(process, work):
    running = [process("new", "a/blog", "--yes", "--api", api) for api in ("async", "sync")]

    ends = [(one.communicate(timeout=60), one.returncode) for one in running]

    assert sorted(code for _, code in ends) == [0, 5], ends
    assert [path.name for path in (work / "a").iterdir()] == ["blog"]
    assert [path.name for path in work.iterdir()] == ["a"]
    winner = next(out for (out, _), code in ends if code == 0)
    assert f"--api {answers(work / 'a/blog')['api']}" in winner


def test_a_reader_that_leaves_is_no_error(process):
    running = process("options")
    running.stdout.close()

    assert running.stderr.read() == ""
    running.stderr.close()
    running.wait(timeout=60)
    assert running.returncode == 141


def test_it_runs_as_a_module(installed):
    done = subprocess.run(
        [sys.executable, "-m", "trellis", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("trellis 0.")


def test_all_that_is_wrong_is_told_at_once(trellis, work):
    (work / "blog.yml").write_text("python_version: 3.10\napi: asnc\ndatabse: sqlite\n")

    result = trellis("new", "blog", "--from", "blog.yml", "--name", "a\x07", "--json")

    problems = {problem["where"] for problem in result.document["error"]["problems"]}
    assert problems == {"python_version", "api", "databse", "project_name"}


def test_every_word_that_cannot_be_read_is_told_at_once(trellis, work):
    words = ["-r", "post title", "-r", "user name:string:uniqe"]

    lines = trellis("new", "blog", *words).err.splitlines()

    assert lines[0] == "error: 'title': a field is name:type; write: title:string:200"
    assert lines[1].endswith("did you mean unique?")
    assert len(lines) == 3
