"""The address of the template, and the environment in which git can clone it.

Services record `git+trellis://fastapi`, wherever Trellis is installed: it stands for the bundle in
the wheel, or the checkout that Trellis runs from.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from trellis.template import bundle
from trellis import git
from trellis.errors import TemplateError

URL = "git+trellis://fastapi"


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


def find_bundle() -> Path:
    """Where a wheel has its bundle."""
    return Path(__file__).parents[1] / bundle.FILE_NAME


def find_source(address: str | None, scratch: Path) -> Source:
    """The source for `--template ADDRESS`; our own without one."""
    if address:
        if _has_password(address):
            what = "the template's address has a password in it, which services would record"
            raise TemplateError(what, fix="give it to git's credential helper instead")
        return Source(_make_absolute(address))
    root = find_checkout()
    if root and bundle.has_commit(root):
        return Source(URL, root, _describe_checkout(root))
    if (packed := find_bundle()).exists():
        return Source(URL, packed)
    if root:
        bundle.commit_files(root, scratch / "template")
        return Source(URL, scratch / "template")
    raise TemplateError(
        "this installation of Trellis carries no template", fix="install fastapi-trellis again"
    )


@contextmanager
def git_environment(source: Source) -> Iterator[None]:
    """Has Copier run git in our environment: isolated where the source is one of ours."""
    with git.patch_environment(isolated=source.store is not None) as variables:
        # Its commands take theirs from here: os.environ as it was when it was imported.
        from plumbum import local

        with local.env(**variables):
            for name in local.env.keys() - variables.keys():
                del local.env[name]
            yield


def _has_password(address: str) -> bool:
    with suppress(ValueError):
        return urlsplit(address).password is not None
    return False


def _describe_checkout(root: Path) -> str:
    changed = git.git(root, "status", "--porcelain", "--", *bundle.TEMPLATE_PATHS, isolated=True)
    return "what is not committed of the template is not used" if changed.strip() else ""


def _make_absolute(address: str) -> str:
    """A path made absolute; a URL as it is."""
    path = Path(address).expanduser()
    return str(path.resolve()) if path.exists() else address
