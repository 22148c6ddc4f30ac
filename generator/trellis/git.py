"""Runs git, in the user's environment or isolated from it; the repository around a service.

Standard library only: the build hook uses it before anything is installed.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import GitError, MachineError, ServiceError, TemplateError

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
_PATIENCE = 600.0
# Whoever runs it, whenever: the same files give the same commit.
_ISOLATED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": str(Path(__file__).with_name("gitconfig")),
    **{
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (
            ("NAME", "Trellis"),
            ("EMAIL", "trellis@localhost"),
            ("DATE", "2000-01-01T00:00:00Z"),
        )
    },
}
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

    def list_dirty(self, folder: Path) -> list[str]:
        """The paths below a folder that differ from the last commit, or are in none."""
        said = git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
        return [line[3:] for line in said.split("\0") if line[2:3] == " "]

    def list_unmerged(self, folder: Path) -> list[str]:
        """The paths that an earlier merge has left in conflict."""
        said = git(folder, "ls-files", "--unmerged", "-z", "--", ".")
        return list(dict.fromkeys(line.partition("\t")[2] for line in said.split("\0") if line))

    def find_lead(self, folder: Path) -> str:
        """What git puts before the paths in a folder: nothing, or `path/to/it/`."""
        prefix = folder.relative_to(self.top).as_posix()
        return "" if prefix == "." else f"{prefix}/"

    def format_reset(self, folder: Path) -> str:
        """The command that takes back what is not committed of a service in a folder."""
        if folder == self.top:
            return "git reset --hard"
        return "git restore --source=HEAD --staged --worktree -- ."

    def find_subtree(self, folder: Path) -> str:
        """The id of the tree that the last commit has for a folder."""
        return git(self.top, "rev-parse", f"HEAD:{self.find_lead(folder)}").strip()


def open_repository(folder: Path) -> Repository:
    """The repository around a folder; raises ServiceError where there is none, or it is empty."""
    if shutil.which("git") is None:
        raise ServiceError("the service cannot be changed: git is not installed", where=str(folder))
    start = "git init -b main && git add -A && git commit -m 'Start from Trellis'"
    try:
        top = _find_path(folder, "--show-toplevel")
        git_dir = _find_path(folder, "--absolute-git-dir")
        objects = (folder / _find_path(folder, "--git-path", "objects")).resolve()
        index = folder / _find_path(folder, "--git-path", "index")
    except ServiceError as error:
        if "dubious ownership" in error.what:
            what = "the service's repository belongs to another user, so that git does not read it"
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


def _find_path(folder: Path, *words: str) -> Path:
    # One at a time: a path may have a line break in it.
    said = run(folder, "rev-parse", *words)
    return Path(os.fsdecode(said.removesuffix(b"\n")))


def git(folder: Path, *words: str, isolated: bool = False) -> str:
    """Runs git in a folder; returns its output as text."""
    said = run(folder, *words, isolated=isolated)
    return said.decode("utf-8", "surrogateescape")


def run(
    folder: Path,
    *words: str,
    given: bytes = b"",
    codes: Container[int] = (0,),
    more: Mapping[str, str] | None = None,
    lock: int | None = None,
    isolated: bool = False,
) -> bytes:
    """Runs git in a folder, with `more` in its environment; returns its output.

    Raises GitError with git's reason, TemplateError where git is isolated, or MachineError. A git
    that is given a lock holds it until it ends, and is out of the reach of Ctrl-C.
    """
    variables = make_environment(more, isolated=isolated)
    completed = _execute(["git", "-C", str(folder), *words], variables, given, lock=lock)
    if completed.returncode not in codes:
        said = completed.stderr.decode("utf-8", "replace").strip()
        if machine := MachineError.find_in(said, where=str(folder)):
            raise machine
        reason = next(iter(said.splitlines()), "no reason")
        if isolated:
            raise TemplateError(f"git failed on the template: {reason}", where=str(folder))
        raise GitError(f"git failed: {reason}", where=str(folder))
    return completed.stdout


def connect(*words: str) -> int:
    """Runs git, isolated, on the stdin and stdout of this process; returns its exit code."""
    # The client says here which version of the protocol it speaks.
    protocol = {key: os.environ[key] for key in ("GIT_PROTOCOL",) if key in os.environ}
    command, variables = ["git", *words], make_environment(protocol, isolated=True)
    return subprocess.run(command, env=variables, check=False).returncode  # noqa: S603


def attempt(folder: Path, *words: str) -> str:
    """Runs git in a folder; returns the reason why it failed in one line, or nothing."""
    try:
        completed = _execute(
            ["git", "-C", str(folder), *words], make_environment(), timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f"git took longer than {_PATIENCE / 60:.0f} minutes"
    except OSError as error:
        return f"git cannot be run: {error.strerror}"
    said = completed.stderr.decode("utf-8", "backslashreplace")
    return summarize_failure("git", said) if completed.returncode else ""


def make_environment(
    more: Mapping[str, str] | None = None, *, isolated: bool = False
) -> dict[str, str]:
    """The user's environment, without variables that point git to another repository.

    Isolated, git sees no configuration but Trellis' own, and commits as Trellis at a fixed time.
    """
    foreign = [k for k in os.environ if k in REPOSITORY_VARIABLES or (isolated and _is_git(k))]
    inherited = {key: value for key, value in os.environ.items() if key not in foreign}
    quiet = {"LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    return {**inherited, **quiet, **(_ISOLATED if isolated else {}), **(more or {})}


@contextlib.contextmanager
def patch_environment(*, isolated: bool) -> Iterator[dict[str, str]]:
    """Gives os.environ git's environment meanwhile, for libraries that run git themselves."""
    variables, before = make_environment(isolated=isolated), dict(os.environ)
    for name in before.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield variables
    finally:
        for name in variables.keys() - before.keys():
            os.environ.pop(name, None)
        os.environ.update(before)


def summarize_failure(tool: str, stderr: str, width: int = 160) -> str:
    """The line of a tool's stderr that names the error."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    chosen = next((line for line in lines if "error" in line.casefold()), last)
    shown = chosen if len(chosen) <= width else chosen[: width - 1] + "…"
    return f"{tool}: {shown}" if shown else f"{tool} failed"


def _execute(
    command: Sequence[str],
    variables: Mapping[str, str],
    given: bytes = b"",
    *,
    lock: int | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        command,
        env=variables,
        input=given,
        capture_output=True,
        timeout=timeout,
        check=False,
        pass_fds=[] if lock is None else [lock],
        start_new_session=lock is not None,
    )


def _is_git(name: str) -> bool:
    return name.startswith("GIT_")
