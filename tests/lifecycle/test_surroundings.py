"""Repositories with settings and files that teams have: git options, hooks, ignored files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.commands.cli import COMMENT, POST, USER, command, commit, edit, files, git

ADD = ["add", "resource", *COMMENT.split()]
SETTINGS = {
    "color.ui": "always",
    "commit.gpgSign": "true",
    "core.attributesFile": "/nowhere",
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "core.safecrlf": "true",
    "diff.external": "false",
    "diff.mnemonicPrefix": "true",
    "diff.noprefix": "true",
    "gpg.program": "false",
    "index.version": "4",
    "merge.conflictStyle": "diff3",
    "merge.renames": "false",
    "status.relativePaths": "false",
    "status.showUntrackedFiles": "no",
}


@pytest.fixture
def folder(trellis, enter_blog):
    """Changes into a blog without comments."""
    return enter_blog(USER, POST)


def staged(folder):
    """The staged files. Asserts that there are no other changes."""
    lines = git(folder, "-c", "color.ui=never", "status", "--porcelain", "-uall").splitlines()
    assert {line[1] for line in lines} == {" "}
    return [line[3:] for line in lines]


def make_hooks_fail(folder):
    for name in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction"):
        hook = folder / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)


def set_everything(folder):
    for name, value in SETTINGS.items():
        subprocess.run(["git", "config", name, value], cwd=folder, check=True)


def add_a_submodule(folder):
    other = folder.parent / "other"
    other.mkdir()
    (other / "theirs.txt").write_text("theirs\n")
    git(other, "init", "--quiet")
    commit(other)
    words = ["-c", "protocol.file.allow=always", "submodule", "add", "--quiet"]
    git(folder, *words, str(other), "vendor/other")
    commit(folder)


def use_sha256(folder):
    shutil.rmtree(folder / ".git")
    git(folder, "init", "--quiet", "--object-format=sha256")
    commit(folder)


def have_other_kinds_of_files(folder):
    (folder / "docs").mkdir()
    (folder / "docs/README.md").symlink_to("../README.md")
    (folder / "current").symlink_to("app")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "script").write_text("#!/bin/sh\n")
    (folder / "script").chmod(0o755)
    (folder / "bytes").write_bytes(b"\0\xff\r\n")
    Path(os.fsdecode(os.fsencode(folder / "caf") + b"\xe9")).write_text("latin-1")
    commit(folder)


def ignore_what_is_rendered(folder):
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/exclude").write_text("tests/\n*.md\ncomments\n")


def check_out_a_part(folder):
    git(folder, "reset", "--quiet", "--hard")
    git(folder, "sparse-checkout", "set", "app", "migrations")
    assert not (folder / "tests").exists()


SURROUNDINGS = [
    make_hooks_fail,
    set_everything,
    add_a_submodule,
    use_sha256,
    have_other_kinds_of_files,
    ignore_what_is_rendered,
    check_out_a_part,
    lambda folder: git(folder, "checkout", "--quiet", "--detach"),
    lambda folder: git(folder, "init", "--quiet", f"--separate-git-dir={folder}.git"),
    lambda folder: git(folder, "update-index", "--split-index"),
    lambda folder: (folder / "app/routes.py").chmod(0o444),
]
NAMES = [s.__name__ for s in SURROUNDINGS[:7]]
NAMES += ["detached", "separate", "split_index", "read_only"]


@pytest.mark.parametrize("arrange", SURROUNDINGS, ids=NAMES)
def test_a_resource_is_added_and_taken_back(trellis, folder, arrange):
    arrange(folder)
    before = files(folder)

    result = trellis(*ADD)

    assert result.code == 0, result.err
    shutil.rmtree(folder / ".git/hooks", ignore_errors=True)
    assert len(staged(folder)) == 13
    assert "comments.router" in (folder / "app/routes.py").read_text()
    assert trellis("status").code == 0
    git(folder, "reset", "--quiet", "--hard")
    assert files(folder) == before


@pytest.mark.parametrize("name", ["a b/ü ☕ \"quoted\" 'x'", "a\nb", "/".join(["d" * 200] * 12)])
def test_a_service_may_lie_anywhere(trellis, folder, name, monkeypatch):
    place = folder.parent / name
    place.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(place)
    monkeypatch.chdir(place)

    result = trellis(*ADD)

    assert result.code == 0, result.err
    assert len(staged(place)) == 13


def test_a_worktree_is_changed_alone(trellis, folder, monkeypatch):
    other = folder.parent / "other"
    git(folder, "worktree", "add", "--quiet", str(other), "-b", "other")
    monkeypatch.chdir(other)

    assert trellis(*ADD).code == 0

    assert len(staged(other)) == 13
    assert git(folder, "status", "--porcelain") == ""


def test_another_repository_that_a_hook_speaks_of_is_left_alone(trellis, folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    commit(other)
    edit(folder / "app/posts/service.py", "def ", "def mine() -> None: ...\n\n\ndef ")
    commit(folder)
    before = files(other / ".git")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        patch.setenv("GIT_WORK_TREE", str(other))
        patch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
        result = trellis("remove", "resource", "post")

    assert result.code == 3, result.err
    assert "UD app/posts/service.py" in git(folder, "status", "--porcelain")
    assert files(other / ".git") == before


@pytest.mark.parametrize("away", [("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), ("HOME",)])
@pytest.mark.parametrize("locale", ["C", "de_DE.UTF-8"])
def test_neither_a_home_nor_a_locale_is_needed(folder, released, away, locale):
    env = {key: value for key, value in os.environ.items() if key not in away}
    env |= {"LC_ALL": locale, "LANGUAGE": "de"}

    words = [*command(released), "change", "description=Zoë ☕"]
    done = subprocess.run(words, env=env, check=False, capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stderr
    assert "Zoë ☕" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_path_is_found_where_no_letters_but_ascii_are_known(folder, released):
    place = folder.rename(folder.with_name("ü"))
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    done = subprocess.run([*command(released), *ADD], cwd=place, env=env, check=False)

    assert done.returncode == 0
    assert len(staged(place)) == 13


@pytest.mark.parametrize("how", ["config", "attributes"])
def test_line_ends_are_those_that_git_gives_files_here(trellis, folder, how):
    if how == "config":
        git(folder, "config", "core.autocrlf", "true")
        git(folder, "config", "core.safecrlf", "true")
    else:
        (folder / ".gitattributes").write_text("* text=auto eol=crlf\n")
        commit(folder)
    git(folder, "rm", "--cached", "--quiet", "-r", ".")
    git(folder, "reset", "--quiet", "--hard")
    assert b"\r\n" in (folder / "app/routes.py").read_bytes()

    assert trellis(*ADD).code == 0

    assert len(staged(folder)) == 13
    for path in ("app/routes.py", "app/comments/models.py"):
        data = (folder / path).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") > 0
        assert "\r" not in git(folder, "show", f":{path}")
    assert trellis("status").code == 0


def test_line_ends_that_a_team_has_committed_stay(trellis, folder):
    for path in ("app/routes.py", "README.md", ".copier-answers.yml"):
        (folder / path).write_bytes((folder / path).read_bytes().replace(b"\n", b"\r\n"))
    commit(folder)

    result = trellis(*ADD)

    assert result.code == 0
    for path in ("app/routes.py", "README.md", ".copier-answers.yml"):
        data = (folder / path).read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") > 0
    assert b"comments.router,\r\n" in (folder / "app/routes.py").read_bytes()
    assert b"\r" not in (folder / "app/tables.py").read_bytes()


def test_modes_stay(trellis, folder):
    (folder / "app/routes.py").chmod(0o755)
    commit(folder)

    assert trellis(*ADD).code == 0

    assert (folder / "app/routes.py").stat().st_mode & 0o777 == 0o755
    assert (folder / "app/tables.py").stat().st_mode & 0o111 == 0
    assert len(staged(folder)) == 13


@pytest.mark.parametrize("moved", [("app/routes.py", "app/wiring.py"), ("app", "backend")])
def test_what_was_moved_is_changed_where_it_is(trellis, folder, moved):
    git(folder, "mv", *moved)
    commit(folder)
    place = moved[1] if moved[1].endswith(".py") else f"{moved[1]}/routes.py"

    assert trellis(*ADD).code == 0

    assert "comments.router" in (folder / place).read_text()
    assert not (folder / "app/routes.py").exists()


def test_folders_that_were_deleted_stay_away(trellis, folder, newer_versions):
    shutil.rmtree(folder / ".github")
    shutil.rmtree(folder / "tests/posts")
    commit(folder)

    assert trellis("add", "field", "user", "nick:string:40:optional").code == 0
    commit(folder)
    assert trellis("update").code == 0

    assert not (folder / ".github").exists()
    assert not (folder / "tests/posts").exists()


def test_a_history_that_was_squashed_goes_on(trellis, folder):
    scripts = folder / "migrations/versions"
    for script in scripts.glob("*.py"):
        script.unlink()
    (scripts / "0001_all.py").write_text('revision = "0001"\ndown_revision = None\n')
    commit(folder)

    assert trellis(*ADD).code == 0

    assert sorted(path.name[-18:] for path in scripts.iterdir()) == [
        "0001_all.py",
        "create_comments.py",
    ]
    assert 'down_revision = "0001"' in next(scripts.glob("*_comments.py")).read_text()


@pytest.mark.parametrize("verb", [["update"], ["update", "--dry-run"]])
def test_a_file_that_git_ignores_is_not_overwritten(trellis, folder, newer_versions, verb):
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/exclude").write_text("SUPPORT.md\n")
    (folder / "SUPPORT.md").write_text("mine\n")

    result = trellis(*verb)

    assert result.code == 7
    assert "SUPPORT.md" in result.err
    assert (folder / "SUPPORT.md").read_text() == "mine\n"
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
@pytest.mark.parametrize("verb", [["update"], ["restore", "Makefile"]])
def test_an_edit_that_git_was_told_not_to_see_is_not_lost(
    trellis, folder, newer_versions, flag, verb
):
    edit(folder / "Makefile", "# For", "# Our own\n# For")
    commit(folder)
    git(folder, "update-index", f"--{flag}", "Makefile")
    edit(folder / "Makefile", "lint:", "ours:\n\nlint:")

    result = trellis(*verb)

    assert result.code == 7
    assert f"--no-{flag}" in result.err
    assert "ours:" in (folder / "Makefile").read_text()


def test_a_git_that_is_at_work_is_waited_for_by_somebody_else(trellis, folder):
    (folder / ".git/index.lock").touch()

    result = trellis(*ADD)

    assert result.code == 7
    assert "index.lock" in result.err
    assert not (folder / "app/comments").exists()


def test_answers_that_are_in_no_commit_are_refused(trellis, folder):
    git(folder, "rm", "--quiet", "--cached", ".copier-answers.yml")
    (folder / ".git/info/exclude").write_text(".copier-answers.yml\n")
    commit(folder)

    result = trellis(*ADD)

    assert result.code == 7
    assert "no .copier-answers.yml in its last commit" in result.err


@pytest.mark.parametrize("words", [ADD, ["status"], ["change", "api=sync"], ["update"]])
def test_answers_that_somebody_has_spoilt_are_named(trellis, folder, words):
    edit(folder / ".copier-answers.yml", "api: async", "api: asynk")
    commit(folder)

    result = trellis(*words)

    assert result.code == 4
    assert "api: 'asynk' is not a choice; did you mean async?" in result.err
    assert ".copier-answers.yml" in result.err
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_somebody_else_is_named(trellis, folder):
    for path in (folder, folder / ".git"):
        os.chown(path, 4321, 4321)

    result = trellis(*ADD)

    assert result.code == 7
    assert "safe.directory" in result.err
