"""The git repository that a service lives in: what it says, never what it holds is changed here."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import GitError, MachineError, ServiceError

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
# What git keeps in its folder while an operation is not finished.
_OPERATIONS = {
    "MERGE_HEAD": ("a merge", "git merge --continue"),
    "rebase-apply/applying": ("git am", "git am --continue"),
    "rebase-apply": ("a rebase", "git rebase --continue"),
    "rebase-merge": ("a rebase", "git rebase --continue"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue"),
    "REVERT_HEAD": ("a revert", "git revert --continue"),
    "sequencer": ("a cherry-pick or a revert", "git cherry-pick --continue"),
    "BISECT_LOG": ("a bisection", "git bisect reset"),
}


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
    def lock(self) -> Path:
        """The file that exists while somebody writes the index."""
        return self.index.with_name(f"{self.index.name}.lock")

    @property
    def operation(self) -> tuple[str, str] | None:
        """What git is in the middle of, and the command that ends it."""
        found = (told for name, told in _OPERATIONS.items() if (self.git_dir / name).exists())
        return next(found, None)

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
        raise ServiceError("the service cannot be changed: git is not installed", where=str(folder))
    start = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    try:
        top = _path(folder, "--show-toplevel")
        git_dir = _path(folder, "--absolute-git-dir")
        objects = (folder / _path(folder, "--git-path", "objects")).resolve()
        index = folder / _path(folder, "--git-path", "index")
    except ServiceError as error:
        if "dubious ownership" in error.what:
            what = "the service is in a repository of somebody else, which git does not read"
            fix = f"git config --global --add safe.directory {shlex.quote(str(folder))}"
            raise ServiceError(what, where=str(folder), fix=fix) from error
        if "not a git repository" not in error.what:
            raise
        what = "the service is not in a git repository, which its changes are merged with"
        raise ServiceError(what, where=str(folder), fix=start) from error
    try:
        head = git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
    except ServiceError as error:
        fix = "git add -A && git commit -m 'Start from Trellis'"
        raise ServiceError("the service has no commit yet", where=str(folder), fix=fix) from error
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
    lock: int | None = None,
) -> bytes:
    """Runs git, with `more` in its environment; raises GitError with its reason, or MachineError.

    A git that is given a lock holds it until it ends, and is out of the reach of Ctrl-C.
    """
    completed = subprocess.run(  # noqa: S603
        command,
        env=environment(more),
        input=given,
        capture_output=True,
        check=False,
        pass_fds=[] if lock is None else [lock],
        start_new_session=lock is not None,
    )
    if completed.returncode not in codes:
        said = completed.stderr.decode("utf-8", "replace").strip()
        if machine := MachineError.told_in(said, where=command[2]):
            raise machine
        raise GitError(next(iter(said.splitlines()), "no reason"), where=command[2])
    return completed.stdout
