"""The git repository that a service lives in: what it says, never what it holds is changed here."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import ServiceError
from trellis.source import REPOSITORY_VARIABLES


@dataclass(frozen=True)
class Repository:
    """A work tree with at least one commit."""

    top: Path
    git_dir: Path
    objects: Path
    head: str

    def dirty(self, folder: Path) -> list[str]:
        """The paths below a folder that differ from the last commit, or are in none."""
        said = git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
        return [line[3:] for line in said.split("\0") if line[2:3] == " "]

    def unmerged(self, folder: Path) -> list[str]:
        """The paths that an earlier merge has left in conflict."""
        said = git(folder, "ls-files", "--unmerged", "-z", "--", ".")
        return list(dict.fromkeys(line.partition("\t")[2] for line in said.split("\0") if line))

    def subtree(self, folder: Path) -> str:
        """The id of the tree that the last commit has for a folder."""
        prefix = folder.relative_to(self.top).as_posix()
        return git(self.top, "rev-parse", f"HEAD:{'' if prefix == '.' else prefix}").strip()


def find(folder: Path) -> Repository:
    """The repository around a folder; raises ServiceError where there is none, or it is empty."""
    if shutil.which("git") is None:
        raise ServiceError("cannot be changed: git is not installed", where=str(folder))
    start = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    try:
        top, git_dir, objects = git(
            folder, "rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-path", "objects"
        ).splitlines()
    except ServiceError as error:
        if "not a git repository" not in error.what:
            raise
        what = "is not in a git repository, which its changes are merged with"
        raise ServiceError(what, where=str(folder), fix=start) from error
    try:
        head = git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except ServiceError as error:
        fix = "git add -A && git commit -m 'Start from Trellis'"
        raise ServiceError("has no commit yet", where=str(folder), fix=fix) from error
    return Repository(Path(top).resolve(), Path(git_dir), (folder / objects).resolve(), head)


def git(folder: Path, *words: str) -> str:
    """What git says, as its user has configured it."""
    return run(["git", "-C", str(folder), *words]).decode("utf-8", "surrogateescape")


def run(command: Sequence[str], given: bytes = b"") -> bytes:
    """Runs git; raises ServiceError with its reason."""
    environment = {k: v for k, v in os.environ.items() if k not in REPOSITORY_VARIABLES}
    completed = subprocess.run(  # noqa: S603
        command,
        env=environment | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        input=given,
        capture_output=True,
        check=False,
    )
    if completed.returncode:
        said = completed.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"]
        raise ServiceError(f"cannot be read: {said[0]}", where=command[2])
    return completed.stdout
