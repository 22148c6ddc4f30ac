"""Writes a service: into a temporary sibling first, then into place with one rename."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trellis import locks
from trellis.errors import DestinationError, TemplateError
from trellis.service.destination import Destination

_MARK = ".trellis-"
_NAME_ROOM = 200
_TAKEN = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR})


@dataclass(frozen=True)
class Staging:
    """A temporary sibling of the destination, locked for as long as its process lives."""

    destination: Destination
    path: Path

    def publish(self) -> None:
        """Puts the service into place, whole; one of two that try at once succeeds."""
        target = self.destination.path
        made: list[Path] = []
        try:
            flush_to_disk(self.path)
            for parent in reversed(target.parents):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            if target.is_dir() and not target.is_symlink():
                self.path.chmod(stat.S_IMODE(target.stat().st_mode))
            self.path.rename(target)
        except OSError as error:
            for parent in reversed(made):
                with contextlib.suppress(OSError):
                    parent.rmdir()
            raise _make_publishing_error(self.destination, error) from error


@contextlib.contextmanager
def stage(destination: Destination) -> Iterator[Staging]:
    """A temporary sibling that is gone afterwards, published or not."""
    locks.sweep(destination.anchor, _make_prefix(destination))
    try:
        claimed = locks.claim(destination.anchor, _make_prefix(destination))
    except OSError as error:
        what = f"the destination cannot be written: {error.strerror or error}"
        raise DestinationError(what, where=destination.given) from error
    try:
        yield Staging(destination, claimed.path)
    except OSError as error:
        what = f"the destination could not be written: {error.strerror or error}"
        fix = "nothing was left behind: make room, and try again"
        raise DestinationError(what, where=destination.given, fix=fix) from error
    finally:
        claimed.release()


def list_files(folder: Path) -> list[str]:
    """Every file of a service, as its path in it; not git's own."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    relative = (path.relative_to(folder) for path in found)
    return sorted(path.as_posix() for path in relative if path.parts[0] not in {".git", ".venv"})


def verify(folder: Path, answers_file: str) -> list[str]:
    """The rendered files; raises TemplateError when the rendering cannot be whole."""
    rendered = list_files(folder)
    unrendered = [n for n in rendered if "{{" in n or "{%" in n or n.endswith(".jinja")]
    if unrendered:
        raise TemplateError(f"the template leaves {unrendered[0]!r} unrendered")
    if answers_file not in rendered or len(rendered) < 2:  # noqa: PLR2004
        raise TemplateError(f"the template renders no {answers_file}, or nothing but that")
    return rendered


def copy_environment_file(folder: Path) -> bool:
    """`.env` from `.env.example`; false when the template has none."""
    example, target = folder / ".env.example", folder / ".env"
    if not example.is_file() or target.exists():
        return False
    shutil.copyfile(example, target)
    return True


def flush_to_disk(folder: Path) -> None:
    """Has the files on the disk before the rename that makes them visible."""
    for parent, _, names in os.walk(folder, topdown=False):
        for path in (*(Path(parent, name) for name in names), Path(parent)):
            if not path.is_symlink():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)


def _make_prefix(destination: Destination) -> str:
    name = destination.path.name.encode()[:_NAME_ROOM].decode(errors="ignore")
    return f".{name}{_MARK}"


def _make_publishing_error(destination: Destination, error: OSError) -> DestinationError:
    if error.errno in _TAKEN:
        what = "the destination is taken: something else was put there meanwhile, and is untouched"
        return DestinationError(what, where=destination.given, fix="name another place")
    what = f"the destination could not be put into place: {error.strerror or error}"
    return DestinationError(what, where=destination.given, fix="name another place")
