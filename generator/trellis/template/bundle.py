"""The template as a git repository in one file: what a wheel carries. Standard library only,
for the build hook loads this module before anything is installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

FILE_NAME = "template.bundle"
_RELEASE = re.compile(r"v?[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\.post[0-9]+)?")
# Whoever builds it, whenever: the same files give the same commit.
_FIXED_IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (
        ("NAME", "Trellis"),
        ("EMAIL", "trellis@localhost"),
        ("DATE", "2000-01-01T00:00:00Z"),
    )
}
TEMPLATE_PATHS = ("copier.yml", "template")


def has_commit(root: Path) -> bool:
    """Whether `root` is the top of a git repository in which something was committed."""
    try:
        top = git(root, "rev-parse", "--show-toplevel").strip()
        git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except (OSError, subprocess.CalledProcessError):
        return False
    return Path(top).resolve() == root.resolve()


def has_history(root: Path) -> bool:
    """Whether `root` is such a repository, and not a shallow clone."""
    return has_commit(root) and git(root, "rev-parse", "--is-shallow-repository").strip() == "false"


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
        git(repository, "bundle", "create", "--quiet", str(output.resolve()), "--all")
    return f"{FILE_NAME}: the template {note}"


def commit_files(root: Path, repository: Path) -> None:
    """A repository of the template's files as they are, without any past."""
    repository.mkdir(parents=True)
    for name in TEMPLATE_PATHS:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, repository / name, symlinks=True)
        else:
            shutil.copy2(source, repository / name)
    git(repository, "init", "--quiet", "--template=")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", "--no-verify", "-m", "The template, without its history")


def _clone_releases(root: Path, repository: Path) -> int:
    """A bare repository of the checked-out commit and the releases that are not its future."""
    tags = git(root, "tag", "--no-contains", "HEAD").split()
    tags += git(root, "tag", "--points-at", "HEAD").split()
    releases = sorted(tag for tag in set(tags) if _RELEASE.fullmatch(tag))
    git(root, "init", "--quiet", "--bare", "--template=", str(repository))
    git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
    wanted = ["HEAD:refs/heads/main", *(f"refs/tags/{tag}:refs/tags/{tag}" for tag in releases)]
    git(repository, "fetch", "--quiet", "--no-tags", str(root.resolve()), *wanted)
    return len(releases)


def git(folder: Path, *arguments: str) -> str:
    """Runs git on files of ours, whoever owns them and however the user has configured git."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    with tempfile.NamedTemporaryFile("w", suffix=".gitconfig", encoding="utf-8") as config:
        config.write('[safe]\n\tdirectory = *\n[protocol "file"]\n\tallow = always\n')
        config.write("[core]\n\tautocrlf = false\n[commit]\n\tgpgSign = false\n")
        config.flush()
        completed = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            env=environment
            | _FIXED_IDENTITY
            | {
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": config.name,
                "GIT_TERMINAL_PROMPT": "0",
                "LC_ALL": "C",
            },
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )
    return completed.stdout
