"""The template as a git repository in one file: what a wheel carries. Standard library only,
for the build hook loads this module before anything is installed.
"""

import re
import shutil
import tempfile
from pathlib import Path

from trellis import git
from trellis.errors import TemplateError

FILE_NAME = "template.bundle"
_RELEASE = re.compile(r"v?[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?")
TEMPLATE_PATHS = ("copier.yml", "template")


def has_commit(root: Path) -> bool:
    """Whether `root` is the top of a git repository in which something was committed."""
    try:
        top = _git(root, "rev-parse", "--show-toplevel").strip()
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except (OSError, TemplateError):
        return False
    return Path(top).resolve() == root.resolve()


def has_history(root: Path) -> bool:
    """Whether `root` is such a repository, and not a shallow clone."""
    return has_commit(root) and _git(root, "rev-parse", "--is-shallow-repository").strip() == "false"


def build(root: Path, output: Path) -> str:
    """Writes the bundle of the template at `root`; returns a line that says what is in it."""
    with tempfile.TemporaryDirectory() as scratch:
        repository = Path(scratch, "repository")
        if has_history(root):
            releases = _clone_releases(root, repository)
            note = f"with the history of {releases} release{'' if releases == 1 else 's'}"
        else:
            commit_files(root, repository)
            note = "with one commit, for there is no complete git history here"
        _git(repository, "bundle", "create", "--quiet", str(output.resolve()), "--all")
    return f"{FILE_NAME}: the template {note}"


def commit_files(root: Path, repository: Path) -> None:
    """Commits the template's files to a new repository, without history."""
    repository.mkdir(parents=True)
    for name in TEMPLATE_PATHS:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, repository / name, symlinks=True)
        else:
            shutil.copy2(source, repository / name)
    _git(repository, "init", "--quiet", "--template=")
    _git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(repository, "add", "--all", "--force")
    _git(repository, "commit", "--quiet", "--no-verify", "-m", "The template, without its history")


def _clone_releases(root: Path, repository: Path) -> int:
    """A bare repository of the checked-out commit and the releases that are not its future."""
    tags = _git(root, "tag", "--no-contains", "HEAD").split()
    tags += _git(root, "tag", "--points-at", "HEAD").split()
    releases = sorted(tag for tag in set(tags) if _RELEASE.fullmatch(tag))
    _git(root, "init", "--quiet", "--bare", "--template=", str(repository))
    _git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    wanted = ["HEAD:refs/heads/main", *(f"refs/tags/{tag}:refs/tags/{tag}" for tag in releases)]
    _git(repository, "fetch", "--quiet", "--no-tags", str(root.resolve()), *wanted)
    return len(releases)


def _git(folder: Path, *words: str) -> str:
    return git.git(folder, *words, isolated=True)
