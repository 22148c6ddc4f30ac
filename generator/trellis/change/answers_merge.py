"""The resources in two versions of the answers file, merged by their names. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trellis.change.list_merge import Texts, interleave

_RESOURCES = "resources:\n"
_FIELDS = "   fields:\n"  # after a hyphen, or a space


@dataclass(frozen=True)
class _Listed:
    """The items of a list in YAML by their names, and the text around the list."""

    before: str
    items: Mapping[str, str]
    after: str


def merge_resources(texts: Texts) -> Texts:
    """The texts with the merged list of resources; unchanged where both edited one field."""
    sides = [_read(text, _RESOURCES, "") for text in texts]
    old, mine, other = sides
    if old is None or mine is None or other is None:
        return texts
    merged = _merge_items([side.items for side in (old, mine, other)])
    if merged is None:
        return texts
    listed = _RESOURCES + "".join(merged.values()) if merged else "resources: []\n"
    before, ours, theirs = (side.before + listed + side.after for side in (old, mine, other))
    return before, ours, theirs


def _merge_items(sides: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """All items that neither side has removed; None where both have changed the same one."""
    old, mine, other = sides
    merged: dict[str, str] = {}
    for name in {**old, **mine, **other}:
        text = _merge_item(old.get(name), mine.get(name), other.get(name))
        if text is None:
            return None
        if text:
            merged[name] = text
    return {name: merged[name] for name in interleave([*mine], [*other], merged)}


def _merge_item(old: str | None, mine: str | None, other: str | None) -> str | None:
    """The text of one item, empty where it is removed; None where both sides have changed it."""
    versions = {mine, other} - {old}
    if len(versions) < 2:  # noqa: PLR2004 - one side has changed it, or none
        return (versions.pop() if versions else old) or ""
    if old is None or mine is None or other is None:
        return None
    sides = [_read(text, _FIELDS, "    ") for text in (old, mine, other)]
    if None in sides or len({(side.before, side.after) for side in sides if side}) > 1:
        return None
    fields = _merge_items([side.items for side in sides if side])
    if not fields or sides[0] is None:
        return None
    return sides[0].before + _FIELDS + "".join(fields.values()) + sides[0].after


def _read(text: str, head: str, indent: str) -> _Listed | None:
    """The list below a line; None where it is not written as Copier writes it."""
    before, found, rest = text.partition(head)
    if not found:
        before, found, after = text.partition(f"{head[:-1]} []\n")
        return _Listed(before, {}, after) if found else None
    listed = re.match(rf"({indent}-   .*\n({indent}    .*\n)*)*", rest)
    end = listed.end() if listed else 0
    items = re.split(rf"^(?={indent}-   )", rest[:end], flags=re.MULTILINE)[1:]
    names = [re.search(rf"^{indent}(?:-   |    )name: (.+)$", item, re.MULTILINE) for item in items]
    named = {name[1]: item for name, item in zip(names, items, strict=True) if name}
    return _Listed(before, named, rest[end:]) if len(named) == len(items) else None
