"""Checks the destination of a new service; writes nothing."""

import os
from dataclasses import dataclass
from pathlib import Path

from trellis.errors import DestinationError, escape

_MAX_NAME = 255


@dataclass(frozen=True)
class Destination:
    """A destination that was accepted."""

    given: str
    path: Path
    """Absolute, no symlink in it."""
    anchor: Path
    """The nearest folder above it that exists: temporary files go there."""
    is_working_directory: bool = False


def check_destination(given: str) -> Destination:
    """The destination; raises DestinationError for one that is taken or leads astray."""
    _check_text(given)
    working = Path.cwd()
    try:
        folder, name, strays = _follow(working, Path(given))
        path = folder / name
        if strays and not folder.is_relative_to(_find_work_tree(working)):
            what = f"the destination is reached through {strays[0]}, a symbolic link that leads out"
            fix = f"if that is meant, name the real place: {path}"
            raise DestinationError(f"{what} of its folder", where=given, fix=fix)
        _check_free(path, given)
        anchor = next(parent for parent in path.parents if parent.exists())
    except OSError as error:
        what = f"the destination cannot be used: {error.strerror or error}"
        raise DestinationError(what, where=given) from error
    if not anchor.is_dir() or not os.access(anchor, os.W_OK | os.X_OK):
        reason = "writable" if anchor.is_dir() else "a directory"
        what = f"the destination lies in {anchor}, which is not {reason}"
        raise DestinationError(what, where=given, fix="name another place")
    return Destination(given, path, anchor, path == working)


def _check_text(given: str) -> None:
    if not given.strip():
        fix = "name a folder: trellis new blog"
        raise DestinationError("the destination is empty", where=given, fix=fix)
    bad = next((character for character in given if escape(character) != character), None)
    if bad is not None:
        what = f"the destination has U+{ord(bad):04X} in it, which no folder's name should have"
        raise DestinationError(what, where=given, fix="leave it out")
    if any(len(os.fsencode(part)) > _MAX_NAME for part in Path(given).parts):
        what = f"the destination has a folder in it whose name is longer than {_MAX_NAME} bytes"
        raise DestinationError(what, where=given, fix="shorten it")


def _follow(working: Path, path: Path) -> tuple[Path, str, list[Path]]:
    """The real folder that holds the last part, that part, and links that leave their folder.

    Links right below the root (`/tmp`, `/home`) are the system's own arrangement.
    """
    folder = Path(path.anchor) if path.is_absolute() else working
    strays = []
    parts = [part for part in path.parts if part != path.anchor]
    last = None if not parts or parts[-1] == ".." else parts.pop()
    for part in parts:
        if part == "..":
            folder = folder.parent
            continue
        step = folder / part
        if step.is_symlink():
            target = _resolve(step)
            if not target.is_relative_to(folder) and folder != Path(path.anchor):
                strays.append(step)
            step = target
        folder = step
    return (folder, last, strays) if last else (folder.parent, folder.name, strays)


def _resolve(link: Path) -> Path:
    try:
        return link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        what = f"the destination is reached through {link}, a symbolic link without a target"
        raise DestinationError(what, where=str(link), fix="name another place") from error


def _find_work_tree(working: Path) -> Path:
    """The working tree: the git repository that we are in, else the current folder."""
    return next((p for p in (working, *working.parents) if (p / ".git").exists()), working)


def _check_free(path: Path, given: str) -> None:
    fix = "name a place that does not exist, or an empty directory"
    if path.is_symlink():
        raise DestinationError("the destination is a symbolic link", where=given, fix=fix)
    if path.is_mount():
        what = "the destination is a mount point, which cannot be replaced in one step"
        raise DestinationError(what, where=given, fix="name a folder in it")
    if path.is_dir():
        if next(path.iterdir(), None) is not None:
            what = "the destination is a directory that is not empty"
            raise DestinationError(what, where=given, fix=fix)
    elif path.exists():
        raise DestinationError("the destination is a file", where=given, fix=fix)
