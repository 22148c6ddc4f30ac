"""Compares the files of a service with what its blueprint renders."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import forgotten
from trellis.change.migration_scripts import FOLDER
from trellis.files import Change, File, Files

STATES = ("pristine", "edited", "stale", "missing", "extra", "forgotten")
# Files of a tool, which nobody renders and nobody edits.
_TOOLS = frozenset({"uv.lock", forgotten.FILE})
_PLACE = re.compile(rb"^(Revises:|down_revision =).*$", re.MULTILINE)


@dataclass(frozen=True)
class Inspection:
    """Each file's state, and what is rendered for it."""

    states: Mapping[str, str]
    rendered: Files
    mine: Files

    def list_paths(self, state: str) -> list[str]:
        """The files in one state."""
        return [path for path, known in self.states.items() if known == state]

    @property
    def is_whole(self) -> bool:
        """Whether everything that is rendered is there, and up to date."""
        return not self.list_paths("missing") and not self.list_paths("stale")


def compare(rendered: Files, mine: Files, past: Iterator[Files]) -> Inspection:
    """`past` are earlier renderings, the latest first; only those are asked for that it takes."""
    states = {path: _classify(path, rendered, mine) for path in sorted({*rendered, *mine} - _TOOLS)}
    states |= dict.fromkeys(forgotten.read(mine) & rendered.keys(), "forgotten")
    doubtful = {path for path, state in states.items() if state == "edited"}
    while doubtful and (earlier := next(past, None)) is not None:
        # Nobody has edited what an earlier blueprint rendered in the same way.
        for path in [path for path in doubtful if _is_same(path, earlier, mine)]:
            states[path] = "pristine" if is_migration(path) else "stale"
            doubtful.remove(path)
    return Inspection(states, rendered, mine)


def diff(found: Inspection, paths: list[str]) -> str:
    """The difference between the rendered files and the service's."""
    return "".join(_diff(path, found.rendered.get(path), found.mine.get(path)) for path in paths)


def diff_changes(changes: list[Change]) -> str:
    """The changes as a diff."""
    return "".join(_diff(change.path, change.before, change.after) for change in changes)


def _classify(path: str, rendered: Files, mine: Files) -> str:
    if path not in rendered:
        return "extra"
    if path not in mine:
        return "missing"
    return "pristine" if path == ANSWERS_FILE or _is_same(path, rendered, mine) else "edited"


def _is_same(path: str, rendered: Files, mine: Files) -> bool:
    one, other = rendered.get(path), mine[path]
    if one is None or not is_migration(path):
        return one == other
    # Where it stands in the history is the service's business.
    return _PLACE.sub(b"", one.data) == _PLACE.sub(b"", other.data)


def is_migration(path: str) -> bool:
    """Whether the path is a migration; migrations are not rendered again."""
    return path.startswith(FOLDER)


def _diff(path: str, before: File | None, after: File | None) -> str:
    one, other = (_split_lines(file) for file in (before, after))
    if one is None or other is None:
        return f"Binary file {path} differs\n"
    names = (f"a/{path}" if before else "/dev/null", f"b/{path}" if after else "/dev/null")
    lines = list(difflib.unified_diff(one, other, *names))
    if not lines and before and after and before.mode != after.mode:
        lines = [f"{path}: mode {before.mode} is now {after.mode}\n"]
    ended = (x if x.endswith("\n") else f"{x}\n\\ No newline at end of file\n" for x in lines)
    return "".join(ended)


def _split_lines(file: File | None) -> list[str] | None:
    try:
        text = file.data.decode() if file else ""
    except UnicodeDecodeError:
        return None
    return [line + "\n" for line in text.removesuffix("\n").split("\n")] if text else []
