"""Checks that a template holds and renders only files, folders and links that stay inside."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from trellis.errors import TemplateError

_FIX = "a template may only link to its own files, by relative paths"


def check_template(root: Path) -> None:
    """Raises TemplateError when something in a template leads out of it; reads no file."""
    for place, mode in _walk(root, skip=".git"):
        name = place.relative_to(root)
        if stat.S_ISLNK(mode):
            if _leads_outside(place, root):
                what = f"the template has a link that leads out of it: {name}"
                raise TemplateError(what, where=str(root), fix=_FIX)
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            what = f"the template has something that is neither a file nor a folder: {name}"
            raise TemplateError(what, where=str(root))


def check_rendering(root: Path) -> None:
    """Raises TemplateError for a rendered link that leads outside, and for files of git's own."""
    for place, mode in _walk(root):
        name = place.relative_to(root)
        # A hook or a setting in there would be run by the next git.
        if place.name.casefold() == ".git":
            raise TemplateError(f"the template renders files of git's own: {name}")
        if stat.S_ISLNK(mode) and _leads_outside(place, root):
            what = f"the template renders a link that leads out of the service: {name}"
            raise TemplateError(what, fix=_FIX)


def _walk(root: Path, skip: str = "") -> Iterator[tuple[Path, int]]:
    """Everything below a folder, with its mode; links are not followed."""
    for parent, folders, names in os.walk(root):
        if skip in folders and Path(parent) == root:
            folders.remove(skip)
        for name in (*folders, *names):
            place = Path(parent, name)
            yield place, place.lstat().st_mode


def _leads_outside(link: Path, root: Path) -> bool:
    """Whether any step on the way to the link's target is outside of the folder, or in .git."""
    target = link.readlink()
    if target.is_absolute():
        return True
    top = root.resolve()
    try:
        # A link on the way is checked on its own.
        ends = range(len(target.parts) + 1)
        steps = [Path(link.parent, *target.parts[:end]).resolve() for end in ends]
    except (OSError, RuntimeError):  # links in a circle
        return True
    return any(
        not step.is_relative_to(top) or ".git" in step.relative_to(top).parts for step in steps
    )
