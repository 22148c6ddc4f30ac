"""Where the template comes from, and the environment in which git finds it there.

Services record `git+trellis://fastapi`, wherever Trellis is installed; git is told that this
means the bundle in the wheel, or the checkout that Trellis runs from.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trellis.template import bundle
from trellis.errors import TemplateError
from trellis.git import REPOSITORY_VARIABLES

URL = "git+trellis://fastapi"
_GIT_URL = URL.removeprefix("git+")


@dataclass(frozen=True)
class Source:
    """A template's address, and the repository behind it if that is one of ours."""

    url: str
    store: Path | None = None
    remark: str = ""


def find_checkout() -> Path | None:
    """The repository that this package runs from, if it does."""
    root = Path(__file__).resolve().parents[3]
    found = all((root / name).exists() for name in bundle.TEMPLATE_PATHS)
    return root if found else None


def bundle_path() -> Path:
    """Where a wheel has its bundle."""
    return Path(__file__).parents[1] / bundle.FILE_NAME


def find_source(address: str | None, scratch: Path) -> Source:
    """The source for `--template ADDRESS`; our own without one."""
    if address:
        if _has_password(address):
            what = "the template's address has a password in it, which services would record"
            raise TemplateError(what, fix="give it to git's credential helper instead")
        return Source(_absolute(address))
    root = find_checkout()
    if root and bundle.has_commit(root):
        return Source(URL, root, _remark(root))
    if (packed := bundle_path()).exists():
        return Source(URL, packed)
    if root:
        bundle.commit_files(root, scratch / "template")
        return Source(URL, scratch / "template")
    raise TemplateError(
        "this installation of Trellis carries no template", fix="install fastapi-trellis again"
    )


@contextmanager
def as_git_sees_it(source: Source, scratch: Path) -> Iterator[None]:
    """The surroundings in which Copier's own git calls find the source."""
    with git_environment(source, scratch) as variables:
        # Copier's commands take theirs from here: os.environ as it was at the import.
        from plumbum import local

        with local.env(**variables):
            for name in set(REPOSITORY_VARIABLES) & set(local.env):
                del local.env[name]
            yield


@contextmanager
def git_environment(source: Source, scratch: Path) -> Iterator[Mapping[str, str]]:
    """What git is to see while Copier works; os.environ has it meanwhile."""
    inherited = {k: v for k, v in os.environ.items() if k not in REPOSITORY_VARIABLES}
    variables = inherited | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    if source.store:
        # Nothing of the user's: their rewrites, hooks and line endings are not the template's.
        config = scratch / "gitconfig"
        config.write_text(_CONFIG, encoding="utf-8")
        variables |= {
            "COPIER_CACHE_DIR": str(scratch / "cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{source.store}.insteadOf",
            "GIT_CONFIG_VALUE_0": _GIT_URL,
        }
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield variables
    finally:
        os.environ.clear()
        os.environ.update(before)


# A checkout may belong to another user; GIT_CONFIG_COUNT does not reach git's own children.
_CONFIG = """\
[safe]
	directory = *
[protocol "file"]
	allow = always
[core]
	autocrlf = false
"""


def _has_password(address: str) -> bool:
    with suppress(ValueError):
        return urlsplit(address).password is not None
    return False


def _remark(root: Path) -> str:
    changed = bundle.git(root, "status", "--porcelain", "--", *bundle.TEMPLATE_PATHS).strip()
    return "what is not committed of the template is not used" if changed else ""


def _absolute(address: str) -> str:
    """A path as it will still be understood from another folder; an URL as it is."""
    path = Path(address).expanduser()
    return str(path.resolve()) if path.exists() else address
