import subprocess

import pytest
from support.commands.cli import commit, git, install_tool
from trellis import git as git_module
from trellis.service import toolchain

AUTHOR = ("Grace", "grace@example.org")


@pytest.fixture
def service(work):
    folder = work / "blog"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / ".env").write_text("SECRET=1\n")
    return folder


def without(monkeypatch, tool):
    real = toolchain.shutil.which
    monkeypatch.setattr(
        toolchain.shutil, "which", lambda name: None if name == tool else real(name)
    )


def test_locking_and_installing_are_done(service):
    assert toolchain.lock(service, service, wanted=True).done
    assert (service / "uv.lock").exists()
    assert toolchain.install(service, wanted=True, locked=True).done
    assert (service / ".venv").is_dir()


def test_what_is_skipped_is_left_to_do(service):
    lock = toolchain.lock(service, service, wanted=False)
    install = toolchain.install(service, wanted=False, locked=False)
    commit = toolchain.commit(service, service, AUTHOR, wanted=False)

    assert [lock.command, install.command] == ["uv lock", "uv sync"]
    assert all("(skipped)" in outcome.todo for outcome in (lock, install, commit))
    assert not (service / ".git").exists()


def test_what_has_no_tool_is_left_to_do(service, monkeypatch):
    without(monkeypatch, "uv")
    assert "uv is not installed" in toolchain.lock(service, service, wanted=True).todo

    without(monkeypatch, "git")
    assert "git is not installed" in toolchain.commit(service, service, AUTHOR, wanted=True).todo


def test_what_fails_is_left_to_do_with_the_reason(service, home):
    install_tool(
        home / "bin/uv",
        "touch uv.lock; echo resolving >&2; echo 'error: no network' >&2; echo hint >&2; exit 2",
    )

    lock = toolchain.lock(service, service, wanted=True)

    assert lock.todo == "choose the versions of its dependencies (uv: error: no network)"
    assert not (service / "uv.lock").exists()


def test_nothing_is_installed_that_was_not_locked(service):
    assert "no uv.lock" in toolchain.install(service, wanted=True, locked=False).todo


def test_the_callers_environment_is_not_touched(service, home, monkeypatch):
    install_tool(home / "bin/uv", "env > uv.lock")
    for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "GIT_DIR", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "theirs")

    toolchain.lock(service, service, wanted=True)

    assert "theirs" not in (service / "uv.lock").read_text()


def test_a_uv_workspace_around_it_is_not_written_to(service, work):
    (work / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["*"]\n')

    assert "uv workspace" in toolchain.lock(service, service, wanted=True).todo
    assert list(work.glob("uv.lock")) == []


def test_the_first_commit_is_what_was_rendered(service):
    toolchain.lock(service, service, wanted=True)

    outcome = toolchain.commit(service, service, AUTHOR, wanted=True)

    assert outcome.done == "made a git repository and its first commit"
    assert git(service, "ls-files").split() == ["pyproject.toml", "uv.lock"]
    assert git(service, "branch", "--show-current").strip() == "main"
    assert git(service, "log", "--format=%an <%ae>").strip() == "Ada <ada@example.org>"


def test_without_an_identity_the_author_is_taken_and_told(service, home):
    (home / ".gitconfig").unlink()

    outcome = toolchain.commit(service, service, AUTHOR, wanted=True)

    assert "as Grace <grace@example.org>" in outcome.done
    assert git(service, "log", "--format=%an <%ae>").strip() == "Grace <grace@example.org>"


def test_without_any_name_at_all_there_is_a_commit(service, home):
    (home / ".gitconfig").unlink()

    assert "as Trellis <" in toolchain.commit(service, service, ("", ""), wanted=True).done


def test_hooks_of_the_user_do_not_run(service, home):
    hooks = home / "templates/hooks"
    hooks.mkdir(parents=True)
    install_tool(hooks / "pre-commit", "exit 1")
    (home / ".gitconfig").write_text(
        f"[user]\nname = Ada\nemail = a@b.c\n[init]\ntemplateDir = {hooks.parent}\n"
    )

    assert toolchain.commit(service, service, AUTHOR, wanted=True).done


def test_a_commit_that_fails_leaves_no_repository(service, home):
    (home / ".gitconfig").write_text(
        "[user]\nname = Ada\nemail = a@b.c\n[commit]\ngpgSign = true\n[gpg]\nprogram = false\n"
    )

    outcome = toolchain.commit(service, service, AUTHOR, wanted=True)

    assert outcome.todo.startswith("put it under version control (git: ")
    assert not (service / ".git").exists()


def test_a_repository_around_it_is_used(service, work):
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)

    outcome = toolchain.commit(service, service, AUTHOR, wanted=True)

    assert str(work) in outcome.todo
    assert not (service / ".git").exists()


def test_a_repository_that_ignores_it_is_not(service, work):
    (work / ".gitignore").write_text("blog/\n")
    commit(work, "Ignore it")

    assert toolchain.commit(service, service, AUTHOR, wanted=True).done


def test_long_reasons_are_cut():
    assert len(git_module.summarize_failure("uv", "error: " + "x" * 1000)) < 200
    assert git_module.summarize_failure("uv", "") == "uv failed"
