"""The resources in two versions of the answers file, merged by their names. Pure."""

import re
from dataclasses import dataclass

from trellis.change.list_merge import Texts, interleave

_NAME = re.compile(r"^(?:-   |    )name: (.+)$", re.MULTILINE)
_EMPTY = "resources: []\n"
_HEAD = "resources:\n"


@dataclass(frozen=True)
class _Listed:
    """The resources of an answers file by their names, and the lines that they take."""

    start: int
    end: int
    resources: dict[str, str]


def merge_resources(texts: Texts) -> Texts:
    """The texts with the merged list of resources; as they are where both changed the same one."""
    lines = [text.splitlines(keepends=True) for text in texts]
    found = [_read(side) for side in lines]
    old, mine, other = found
    if old is None or mine is None or other is None:
        return texts
    merged: dict[str, str] = {}
    for name in {**old.resources, **mine.resources, **other.resources}:
        was = old.resources.get(name)
        versions = {side.resources.get(name) for side in (mine, other)} - {was}
        if len(versions) > 1:
            return texts
        text = versions.pop() if versions else was
        if text is not None:
            merged[name] = text
    order = interleave([*mine.resources], [*other.resources], merged)
    written = [_HEAD, *(merged[name] for name in order)] if order else [_EMPTY]
    for side, listed in zip(lines, (old, mine, other), strict=True):
        side[listed.start : listed.end] = written
    return "".join(lines[0]), "".join(lines[1]), "".join(lines[2])


def _read(lines: list[str]) -> _Listed | None:
    if _EMPTY in lines:
        start = lines.index(_EMPTY)
        return _Listed(start, start + 1, {})
    if _HEAD not in lines:
        return None
    start = end = lines.index(_HEAD) + 1
    blocks: list[str] = []
    while end < len(lines) and lines[end].startswith(("-   ", "    ")):
        if lines[end].startswith("-"):
            blocks.append("")
        elif not blocks:
            return None
        blocks[-1] += lines[end]
        end += 1
    names = [match[1] if (match := _NAME.search(block)) else None for block in blocks]
    if None in names or len({*names}) < len(names):
        return None
    named = {str(name): block for name, block in zip(names, blocks, strict=True)}
    return _Listed(start - 1, end, named)
