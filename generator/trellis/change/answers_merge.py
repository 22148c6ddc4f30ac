"""The resources in two versions of the answers file, merged by their names. Pure."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from trellis.change.keyed_merge import ConflictError, Texts, choose, merge_entries

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
    try:
        sides = [_read(text, _RESOURCES, "") for text in texts]
        merged = merge_entries([side.items for side in sides], _merge_resource)
    except ConflictError:
        return texts
    listed = _RESOURCES + "".join(merged.values()) if merged else "resources: []\n"
    before, ours, theirs = (side.before + listed + side.after for side in sides)
    return before, ours, theirs


def _merge_resource(old: str | None, mine: str | None, other: str | None) -> str | None:
    """The text of one resource, with the fields of both sides."""
    with contextlib.suppress(ConflictError):
        return choose(old, mine, other)
    if old is None or mine is None or other is None:
        raise ConflictError
    sides = [_read(text, _FIELDS, "    ") for text in (old, mine, other)]
    fields = merge_entries([side.items for side in sides])
    if not fields or len({(side.before, side.after) for side in sides}) > 1:
        raise ConflictError
    return sides[0].before + _FIELDS + "".join(fields.values()) + sides[0].after


def _read(text: str, head: str, indent: str) -> _Listed:
    """The list below a line; raises ConflictError where Copier has not written it."""
    before, found, rest = text.partition(head)
    if not found:
        before, found, after = text.partition(f"{head[:-1]} []\n")
        if not found:
            raise ConflictError
        return _Listed(before, {}, after)
    listed = re.match(rf"({indent}-   .*\n({indent}    .*\n)*)*", rest)
    end = listed.end() if listed else 0
    items = re.split(rf"^(?={indent}-   )", rest[:end], flags=re.MULTILINE)[1:]
    names = [re.search(rf"^{indent}(?:-   |    )name: (.+)$", item, re.MULTILINE) for item in items]
    named = {name[1]: item for name, item in zip(names, items, strict=True) if name}
    if len(named) < len(items):
        raise ConflictError
    return _Listed(before, named, rest[end:])
