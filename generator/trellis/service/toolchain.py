"""What follows the rendering: lock, commit, install.

None of them fails: what cannot be done becomes a command that is left to do.
"""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis import git

_PATIENCE = 600.0
# Where uv would install to, were it not told to forget it: not into the caller's environment.
_FOREIGN_VARIABLES = (
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PROJECT",
    *git.REPOSITORY_VARIABLES,
)


@dataclass(frozen=True)
class Outcome:
    """A step that was done, or the command that is left to do and why."""

    done: str = ""
    todo: str = ""
    command: str = ""


def lock(folder: Path, place: Path, *, wanted: bool) -> Outcome:
    """`uv lock`: which versions the service runs with. `place` is where it will stand."""
    if reason := _uv_obstacle(place, wanted=wanted):
        return Outcome(
            todo=f"choose the versions of its dependencies ({reason})", command="uv lock"
        )
    failure = _run(["uv", "lock"], folder)
    if failure:
        (folder / "uv.lock").unlink(missing_ok=True)
        what = f"choose the versions of its dependencies ({failure})"
        return Outcome(todo=what, command="uv lock")
    return Outcome(done="locked the versions of its dependencies in uv.lock")


def relock(
    scratch: Path, place: Path, project: bytes, before: bytes, *, wanted: bool
) -> tuple[bytes | None, Outcome]:
    """The lock of a changed pyproject.toml, made in a folder of its own; None if it cannot be."""
    scratch.mkdir(parents=True)
    (scratch / "pyproject.toml").write_bytes(project)
    (scratch / "uv.lock").write_bytes(before)
    outcome = lock(scratch, place, wanted=wanted)
    if outcome.todo:
        what = outcome.todo.replace("choose the versions of its dependencies", "renew uv.lock")
        return None, Outcome(todo=what, command="uv lock && uv sync")
    data = (scratch / "uv.lock").read_bytes()
    return data, Outcome(done="renewed uv.lock; uv sync installs what it says")


def install(place: Path, *, wanted: bool, locked: bool) -> Outcome:
    """`uv sync`: an environment of its own."""
    reason = _uv_obstacle(place, wanted=wanted) or ("" if locked else "there is no uv.lock yet")
    failure = reason or _run(["uv", "sync", "--locked"], place)
    if failure:
        return Outcome(todo=f"install its dependencies ({failure})", command="uv sync")
    return Outcome(done="installed its dependencies into .venv")


def commit(folder: Path, place: Path, author: tuple[str, str], *, wanted: bool) -> Outcome:
    """A repository whose first commit is what was rendered."""
    command = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    what = "put it under version control"
    if not wanted:
        return Outcome(todo=f"{what} (declined)", command=command)
    if shutil.which("git") is None:
        return Outcome(todo=f"{what} (git is not installed)", command=command)
    if repository := enclosing_repository(place):
        outer = "git add . && git commit -m 'Start from Trellis'"
        return Outcome(todo=f"commit it to the repository around it, {repository}", command=outer)
    identity, remark = _identity(folder, author)
    message = ["--no-verify", "-m", "Start from Trellis"]
    failure = (
        git.attempt(folder, "init", "--quiet")
        or git.attempt(folder, "symbolic-ref", "HEAD", "refs/heads/main")
        or git.attempt(folder, "add", "--all")
        or git.attempt(folder, "rm", "--cached", "--quiet", "--ignore-unmatch", "--", ".env")
        or git.attempt(folder, *identity, "commit", "--quiet", *message)
    )
    if failure:
        shutil.rmtree(folder / ".git", ignore_errors=True)
        return Outcome(todo=f"{what} ({failure})", command=command)
    return Outcome(done=f"made a git repository and its first commit{remark}")


def enclosing_repository(place: Path) -> Path | None:
    """The git work tree that the place lies in, unless that ignores it."""
    top = next((parent for parent in place.parents if (parent / ".git").exists()), None)
    if top is None:
        return None
    ignored = not git.attempt(top, "check-ignore", "--quiet", "--", f"{place}/pyproject.toml")
    return None if ignored else top


def enclosing_workspace(place: Path) -> Path | None:
    """The uv workspace around the place: `uv lock` would write to its files."""
    for parent in place.parents:
        try:
            text = (parent / "pyproject.toml").read_text(encoding="utf-8")
            if "workspace" in tomllib.loads(text).get("tool", {}).get("uv", {}):
                return parent
        except (OSError, ValueError, AttributeError):
            continue
    return None


def _uv_obstacle(place: Path, *, wanted: bool) -> str:
    if not wanted:
        return "declined"
    if shutil.which("uv") is None:
        return "uv is not installed"
    if workspace := enclosing_workspace(place):
        return f"it lies in the uv workspace {workspace}"
    return ""


def _identity(folder: Path, author: tuple[str, str]) -> tuple[list[str], str]:
    """Git's own identity; without one the blueprint's author, and a remark that says so."""
    if not git.attempt(folder, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT"):
        return [], ""
    name, email = author[0] or "Trellis", author[1] or "trellis@localhost"
    remark = f" as {name} <{email}>, for git knows no user.name and user.email"
    return ["-c", f"user.name={name}", "-c", f"user.email={email}"], remark


def _run(command: Sequence[str], folder: Path) -> str:
    """Runs a tool; returns why it failed, in one line, or nothing."""
    try:
        completed = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took longer than {_PATIENCE / 60:.0f} minutes"
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}"
    return "" if completed.returncode == 0 else git.summarize_failure(command[0], completed.stderr)


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in inherited.items() if key not in _FOREIGN_VARIABLES}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
