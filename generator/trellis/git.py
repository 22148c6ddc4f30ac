"""The git repository that a service lives in: what it says, never what it holds is changed here."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import MachineError, ServiceError

# Of a hook or an alias that started us: it would redirect every git call to another repository.
REPOSITORY_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_SHA1_LENGTH = 40


@dataclass(frozen=True)
class Repository:
    """A work tree with at least one commit."""

    top: Path
    git_dir: Path
    objects: Path
    index: Path
    head: str

    @property
    def hash(self) -> str:
        """How git makes its ids here."""
        return "sha1" if len(self.head) == _SHA1_LENGTH else "sha256"

    @property
    def is_locked(self) -> bool:
        """Whether a git is at work on the index, or was killed while it was."""
        return (self.git_dir / "index.lock").exists()

    def dirty(self, folder: Path) -> list[str]:
        """The paths below a folder that differ from the last commit, or are in none."""
        said = git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
        return [line[3:] for line in said.split("\0") if line[2:3] == " "]

    def unmerged(self, folder: Path) -> list[str]:
        """The paths that an earlier merge has left in conflict."""
        said = git(folder, "ls-files", "--unmerged", "-z", "--", ".")
        return list(dict.fromkeys(line.partition("\t")[2] for line in said.split("\0") if line))

    def lead(self, folder: Path) -> str:
        """What git puts before the paths in a folder: nothing, or `path/to/it/`."""
        prefix = folder.relative_to(self.top).as_posix()
        return "" if prefix == "." else f"{prefix}/"

    def subtree(self, folder: Path) -> str:
        """The id of the tree that the last commit has for a folder."""
        return git(self.top, "rev-parse", f"HEAD:{self.lead(folder)}").strip()


def open_repository(folder: Path) -> Repository:
    """The repository around a folder; raises ServiceError where there is none, or it is empty."""
    if shutil.which("git") is None:
        raise ServiceError("cannot be changed: git is not installed", where=str(folder))
    start = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    try:
        top = _path(folder, "--show-toplevel")
        git_dir = _path(folder, "--absolute-git-dir")
        objects = (folder / _path(folder, "--git-path", "objects")).resolve()
        index = folder / _path(folder, "--git-path", "index")
    except ServiceError as error:
        if "dubious ownership" in error.what:
            what = "is in a repository of somebody else, which git does not read"
            fix = f"git config --global --add safe.directory {shlex.quote(str(folder))}"
            raise ServiceError(what, where=str(folder), fix=fix) from error
        if "not a git repository" not in error.what:
            raise
        what = "is not in a git repository, which its changes are merged with"
        raise ServiceError(what, where=str(folder), fix=start) from error
    try:
        head = git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except ServiceError as error:
        fix = "git add -A && git commit -m 'Start from Trellis'"
        raise ServiceError("has no commit yet", where=str(folder), fix=fix) from error
    return Repository(top.resolve(), git_dir, objects, index, head)


def _path(folder: Path, *words: str) -> Path:
    # One at a time: a path may have a line break in it.
    said = run(["git", "-C", str(folder), "rev-parse", *words])
    return Path(os.fsdecode(said.removesuffix(b"\n")))


def git(folder: Path, *words: str) -> str:
    """What git says, as its user has configured it."""
    return run(["git", "-C", str(folder), *words]).decode("utf-8", "surrogateescape")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git is started with: no word of another repository, such as a hook's."""
    inherited = {k: v for k, v in os.environ.items() if k not in REPOSITORY_VARIABLES}
    quiet = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    return {**inherited, **quiet, **(more or {})}


def run(
    command: Sequence[str],
    given: bytes = b"",
    *,
    codes: Container[int] = (0,),
    more: Mapping[str, str] | None = None,
) -> bytes:
    """Runs git, with `more` in its environment; raises ServiceError with its reason."""
    completed = subprocess.run(  # noqa: S603
        command, env=environment(more), input=given, capture_output=True, check=False
    )
    if completed.returncode not in codes:
        if full := MachineError.full(completed.stderr.decode("utf-8", "replace")):
            raise full
        said = completed.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"]
        raise ServiceError(f"cannot be read: {said[0]}", where=command[2])
    return completed.stdout
