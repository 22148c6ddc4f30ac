"""Three-way merges by key: of the blocks of a text, and of the entries of a block. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Texts = tuple[str, str, str]
Entry = TypeVar("Entry")


class ConflictError(Exception):
    """Both sides have changed the same entry."""


@dataclass(frozen=True)
class Block:
    """The lines that a block takes."""

    start: int
    end: int


AnyBlock = TypeVar("AnyBlock", bound=Block)


def merge_blocks(
    texts: Texts,
    find_blocks: Callable[[str], Iterable[tuple[str, AnyBlock]]],
    merge: Callable[[Sequence[AnyBlock]], list[str]],
) -> Texts:
    """The texts, with each block that all of them have replaced by the merged lines.

    `merge` raises ConflictError for a block that stays as it is.
    """
    lines = [text.splitlines(keepends=True) for text in texts]
    found = [dict(find_blocks(text)) for text in texts]
    merged = {}
    for name in found[0].keys() & found[1].keys() & found[2].keys():
        try:
            merged[name] = merge([blocks[name] for blocks in found])
        except ConflictError:
            continue
    for side, blocks in zip(lines, found, strict=True):
        for name in sorted(merged, key=lambda name: -blocks[name].start):
            side[blocks[name].start : blocks[name].end] = merged[name]
    return "".join(lines[0]), "".join(lines[1]), "".join(lines[2])


def choose(old: Entry | None, mine: Entry | None, other: Entry | None) -> Entry | None:
    """The version of the side that has changed an entry; raises ConflictError where both have."""
    if other in (mine, old):
        return mine
    if mine == old:
        return other
    raise ConflictError


def merge_entries(
    sides: Sequence[Mapping[str, Entry]],
    merge: Callable[[Entry | None, Entry | None, Entry | None], Entry | None] = choose,
) -> dict[str, Entry]:
    """The entries that neither side has removed, in our order; raises ConflictError."""
    old, mine, other = sides
    merged = {}
    for key in {**old, **mine, **other}:
        entry = merge(old.get(key), mine.get(key), other.get(key))
        if entry is not None:
            merged[key] = entry
    return {key: merged[key] for key in _interleave([*mine], [*other], merged)}


def _interleave(mine: list[str], other: list[str], wanted: Collection[str]) -> list[str]:
    """The wanted keys in our order; what only the other side has follows what it follows there."""
    order = [key for key in mine if key in wanted]
    before: str | None = None
    for key in (key for key in other if key in wanted):
        if key not in order:
            place = order.index(before) + 1 if before is not None else 0
            while place < len(order) and order[place] not in other and order[place] < key:
                place += 1
            order.insert(place, key)
        before = key
    return order
