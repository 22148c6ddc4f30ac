"""`trellis status`: the blueprint, missing files, and a full disk."""

import shutil
from pathlib import Path

import pytest
from plumbum import ProcessExecutionError
from support.commands.cli import commit, edit, git, install_tool
from trellis.change import pipeline
from trellis.errors import MachineError
from trellis.template import copier_adapter

VERBS = [
    ["status"],
    ["diff"],
    ["restore", "README.md"],
    ["forget", "README.md"],
    ["update"],
    ["add", "resource", "note", "body:text"],
    ["change", "api=sync"],
]
WRITING = ["init", "add", "write-tree", "fast-import", "merge-tree"]


@pytest.fixture
def service(trellis, tiny, work, monkeypatch):
    """Changes into a service of the small template."""
    assert trellis("new", "blog", "--yes").code == 0
    monkeypatch.chdir("blog")
    return work / "blog"


def states(trellis):
    found = trellis("status", "--json").document["files"]
    return {state: paths for state, paths in found.items() if paths and state != "pristine"}


def release(tiny, name, text, version):
    (tiny / "template/service" / name).write_text(text)
    commit(tiny, version, version)


def test_between_a_verb_and_its_commit_the_work_tree_counts(trellis, service):
    assert trellis("add", "resource", "note", "body:text").code == 0
    assert states(trellis) == {}

    # The files are again as the last commit's blueprint renders them.
    edit(service / "README.md", "# Blog", "# Our blog")
    git(service, "checkout", "HEAD", "--", "pyproject.toml")
    (service / "app/note.py").unlink()

    assert states(trellis) == {"edited": ["README.md"], "missing": ["app/note.py"]}


@pytest.mark.parametrize("committed", [False, True])
def test_what_the_last_commits_blueprint_rendered_is_stale(trellis, service, committed):
    assert trellis("change", "project_name=Other").code == 0
    git(service, "checkout", "HEAD", "--", "README.md")
    if committed:
        commit(service)

    assert states(trellis) == {"stale": ["README.md"]}


def test_answers_older_than_the_commit_count_too(trellis, service):
    trellis("change", "project_name=Other")
    commit(service)
    git(service, "checkout", "HEAD~", "--", ".copier-answers.yml")

    assert states(trellis)["stale"] == ["README.md", "pyproject.toml"]
    assert "-# Blog\n+# Other\n" in trellis("diff").out


def test_a_migration_of_the_last_commit_is_not_edited(trellis, tiny, service):
    folder = tiny / "template/service/migrations/versions"
    folder.mkdir(parents=True)
    (folder / "0001_create.py.jinja").write_text("down_revision = None\nNAME = '{{ api }}'\n")
    commit(tiny, "Migrations", "v1.1.0")
    answers = service / ".copier-answers.yml"
    (service / "migrations/versions").mkdir(parents=True)
    (service / "migrations/versions/0001_create.py").write_text(
        "down_revision = None\nNAME = 'async'\n"
    )
    edit(answers, "v1.0.0", "v1.1.0")
    commit(service)
    edit(answers, "api: async", "api: sync")

    assert states(trellis) == {}


def test_a_file_that_is_forgotten_stays_away(trellis, tiny, service):
    (service / "README.md").unlink()
    commit(service)
    assert trellis("status").code == 8

    assert trellis("forget", "README.md").code == 0
    commit(service)

    assert trellis("status").code == 0
    assert states(trellis) == {"forgotten": ["README.md"]}
    release(tiny, "README.md.jinja", "# {{ project_name }}\n\nNew.\n", "v1.1.0")
    result = trellis("update", "--json")
    assert result.code == 0
    assert [change["path"] for change in result.document["files"]] == [".copier-answers.yml"]
    assert "README.md" not in "".join(result.document["notes"])
    assert not (service / "README.md").exists()


def test_a_file_that_is_forgotten_may_be_the_teams_own(trellis, tiny, service):
    (service / "README.md").write_text("All ours.\n")
    commit(service)
    trellis("forget", "README.md")
    commit(service)
    release(tiny, "README.md.jinja", "# New\n", "v1.1.0")

    assert trellis("update").code == 0

    assert (service / "README.md").read_text() == "All ours.\n"
    assert trellis("diff").out == ""


@pytest.mark.parametrize("path", ["README.md", "app", "."])
def test_what_is_restored_is_remembered(trellis, service, path):
    before = {p: p.read_bytes() for p in (service / "README.md", service / "app/task.py")}
    shutil.rmtree(service / "app")
    (service / "README.md").unlink()
    commit(service)
    assert trellis("forget", path).code == 0
    commit(service)
    forgotten = states(trellis)["forgotten"]

    assert trellis("restore", path).code == 0
    commit(service)

    assert "forgotten" not in states(trellis)
    assert not (service / ".trellisignore").exists()
    assert forgotten
    for name in forgotten:
        if service / name in before:
            assert (service / name).read_bytes() == before[service / name]


def test_forgetting_twice_changes_nothing(trellis, service):
    trellis("forget", "README.md")
    commit(service)

    assert "unchanged" in trellis("forget", "README.md").out
    assert git(service, "status", "--porcelain") == ""


@pytest.mark.parametrize("path", [".copier-answers.yml", "nowhere", "../other"])
def test_what_cannot_be_forgotten_is_refused(trellis, service, path):
    assert trellis("forget", path).code in {2, 7}
    assert git(service, "status", "--porcelain") == ""


def test_diff_takes_a_folder(trellis, service):
    edit(service / "README.md", "# Blog", "# Our blog")
    edit(service / "app/task.py", "task", "job")
    commit(service)

    said = trellis("diff", "app").out

    assert "job" in said
    assert "README" not in said


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_an_answer_that_nobody_asks_for_is_told(trellis, service, verb):
    answers = service / ".copier-answers.yml"
    answers.write_text(answers.read_text() + "databse: postgres\n")
    commit(service)

    told = "'databse', which no question asks for; did you mean database?"
    if verb[0] in {"status", "add", "change"}:
        assert told in trellis(*verb).out
    git(service, "reset", "--quiet", "--hard")
    if verb[0] in {"status", "update", "add", "change"}:
        assert any(told in note for note in trellis(*verb, "--json").document["notes"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("python_version: 3.11", "put it in quotes: '3.11'"),
        ("python_version: 3.10", "use one of these, in quotes"),
        ("docker: [1, 2]", "must be true or false, not a list"),
        ("docker: 'yes'", "must be true or false, not 'yes'"),
        ("project_name: 7", "put it in quotes: '7'"),
        ("resources: {}", "must be a list, not a mapping"),
    ],
)
def test_an_answer_of_another_type_is_refused_with_a_hint(trellis, service, line, said):
    answers = service / ".copier-answers.yml"
    key = line.partition(":")[0]
    lines = answers.read_text().splitlines(keepends=True)
    kept = "".join(text for text in lines if not text.startswith((f"{key}:", " ", "-")))
    answers.write_text(f"{kept}{line}\n")
    commit(service)

    for verb in VERBS if line.startswith("python_version: 3.11") else VERBS[:1]:
        result = trellis(*verb)

        assert result.code == 4
        assert said in result.err
        assert ".copier-answers.yml" in result.err


@pytest.mark.parametrize("word", WRITING)
@pytest.mark.parametrize("verb", [["status"], ["change", "api=sync"]], ids=" ".join)
def test_a_full_disk_is_called_by_its_name(trellis, service, home, monkeypatch, word, verb):
    real = shutil.which("git")
    install_tool(
        home / "bin/git",
        f"""
        case " $* " in
          *" {word} "*) echo "fatal: cannot write: No space left on device" >&2; exit 128 ;;
        esac
        exec {real} "$@"
        """,
    )

    result = trellis(*verb)

    assert result.code in {0, 74}, result.err
    if result.code:
        assert "No space left on device" in result.err
        assert "version" not in result.err


def test_a_full_disk_of_copiers_git_is_called_by_its_name():
    said = "fatal: could not write config file: No space left on device\n"

    with pytest.raises(MachineError, match="No space left"), copier_adapter.translate_errors():
        raise ProcessExecutionError(["git", "clone"], 128, "", said)


def test_a_disk_that_fills_up_while_comparing_is_not_passed_over(trellis, service, monkeypatch):
    trellis("change", "project_name=Other")
    git(service, "checkout", "HEAD", "--", "README.md")
    render, count = pipeline.render, []

    def fails_for_the_past(*values):
        count.append(values)
        if len(count) > 1:
            raise OSError(28, "No space left on device", str(Path.cwd()))
        return render(*values)

    monkeypatch.setattr(pipeline, "render", fails_for_the_past)

    assert trellis("status").code == 74
