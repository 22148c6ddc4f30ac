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
from typing import Any

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


def describe(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What was done and what is left to do, for the document of `--json`."""
    return {
        "done": [outcome.done for outcome in outcomes if outcome.done],
        "todo": [{"what": o.todo, "command": o.command} for o in outcomes if o.todo],
    }


def attempt_lock(folder: Path, place: Path, *, wanted: bool) -> str:
    """`uv lock` in a folder, for a service at `place`; the reason why it failed, or nothing."""
    return _find_obstacle(place, wanted=wanted) or _run(["uv", "lock"], folder)


def lock(folder: Path, place: Path, *, wanted: bool) -> Outcome:
    """`uv lock`: which versions the service runs with. `place` is where it will stand."""
    if reason := attempt_lock(folder, place, wanted=wanted):
        (folder / "uv.lock").unlink(missing_ok=True)
        what = f"choose the versions of its dependencies ({reason})"
        return Outcome(todo=what, command="uv lock")
    return Outcome(done="locked the versions of its dependencies in uv.lock")


def install(place: Path, *, wanted: bool, locked: bool) -> Outcome:
    """`uv sync`: an environment of its own."""
    reason = _find_obstacle(place, wanted=wanted) or ("" if locked else "there is no uv.lock yet")
    failure = reason or _run(["uv", "sync", "--locked"], place)
    if failure:
        return Outcome(todo=f"install its dependencies ({failure})", command="uv sync")
    return Outcome(done="installed its dependencies into .venv")


def commit(folder: Path, place: Path, author: tuple[str, str], *, wanted: bool) -> Outcome:
    """A repository whose first commit is what was rendered."""
    command = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    what = "put it under version control"
    if not wanted:
        return Outcome(todo=f"{what} (skipped)", command=command)
    if shutil.which("git") is None:
        return Outcome(todo=f"{what} (git is not installed)", command=command)
    if repository := find_repository(place):
        outer = "git add . && git commit -m 'Start from Trellis'"
        return Outcome(todo=f"commit it to the repository around it, {repository}", command=outer)
    identity, remark = _choose_identity(folder, author)
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


def find_repository(place: Path) -> Path | None:
    """The git work tree that the place lies in, unless that ignores it."""
    top = next((parent for parent in place.parents if (parent / ".git").exists()), None)
    if top is None:
        return None
    ignored = not git.attempt(top, "check-ignore", "--quiet", "--", f"{place}/pyproject.toml")
    return None if ignored else top


def find_workspace(place: Path) -> Path | None:
    """The uv workspace around the place: `uv lock` would write to its files."""
    for parent in place.parents:
        try:
            text = (parent / "pyproject.toml").read_text(encoding="utf-8")
            if "workspace" in tomllib.loads(text).get("tool", {}).get("uv", {}):
                return parent
        except (OSError, ValueError, AttributeError):
            continue
    return None


def _find_obstacle(place: Path, *, wanted: bool) -> str:
    if not wanted:
        return "skipped"
    if shutil.which("uv") is None:
        return "uv is not installed"
    if workspace := find_workspace(place):
        return f"it lies in the uv workspace {workspace}"
    return ""


def _choose_identity(folder: Path, author: tuple[str, str]) -> tuple[list[str], str]:
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
            env=_make_environment(os.environ),
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


def _make_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in inherited.items() if key not in _FOREIGN_VARIABLES}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
