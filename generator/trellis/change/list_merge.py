"""Lists with one element a line, in Python or TOML, merged as sets of elements. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trellis.change.deploy_notes import DISTRIBUTION

Texts = tuple[str, str, str]

_HEAD = re.compile(r"(\s*)([\w.\"-]+(?:: [\w\[\], .]+)?) = \[$")


@dataclass(frozen=True)
class Block:
    """The elements of one list, and the lines that they take."""

    start: int
    end: int
    elements: tuple[str, ...]


def merge_lists(texts: Texts) -> Texts:
    """The texts, with each list that all of them have replaced by the merged one."""
    lines = [text.splitlines(keepends=True) for text in texts]
    found = [dict(_find_blocks(side)) for side in lines]
    replaced = {}
    for head in found[0].keys() & found[1].keys() & found[2].keys():
        blocks = [blocks[head] for blocks in found]
        merged = merge_elements(*(block.elements for block in blocks))
        if merged is not None:
            replaced[head] = merged
    for side, by_head in zip(lines, found, strict=True):
        for head in sorted(replaced, key=lambda head: -by_head[head].start):
            side[by_head[head].start : by_head[head].end] = replaced[head]
    return "".join(lines[0]), "".join(lines[1]), "".join(lines[2])


def merge_elements(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> list[str] | None:
    """All elements that neither side has removed; None where both have changed the same."""
    keyed = [{_identify(element): element for element in side} for side in (base, ours, theirs)]
    if any(
        len(by_key) < len(side) for by_key, side in zip(keyed, (base, ours, theirs), strict=True)
    ):
        return None
    old, mine, other = keyed
    merged: dict[str, str] = {}
    for key in {**old, **mine, **other}:
        versions = {side.get(key) for side in (mine, other)} - {old.get(key)}
        if len(versions) > 1:
            return None
        value = versions.pop() if versions else old.get(key)
        if value is not None:
            merged[key] = value
    order = interleave([*mine], [*other], merged)
    if all([*side] == sorted(side) for side in (old, mine, other)):
        order.sort()
    return [merged[key] for key in order]


def interleave(mine: list[str], other: list[str], wanted: dict[str, str]) -> list[str]:
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


def _identify(element: str) -> str:
    text = element.strip()
    return (
        DISTRIBUTION.split(text.strip("\"',"))[0].lower() if text.startswith(('"', "'")) else text
    )


def _find_blocks(lines: list[str]) -> Iterator[tuple[str, Block]]:
    """Each list whose name occurs once."""
    heads = [head for line in lines if (head := _HEAD.match(line))]
    names = [head[0] for head in heads]
    for start, line in enumerate(lines):
        head = _HEAD.match(line)
        if head is None or names.count(head[0]) > 1:
            continue
        end = next((n for n in range(start, len(lines)) if lines[n].strip() == "]"), start)
        elements = tuple(lines[start + 1 : end])
        lead = head[1] + "    "
        if end > start and all(_is_element(line, lead) for line in elements):
            yield head[0], Block(start + 1, end, elements)


def _is_element(line: str, lead: str) -> bool:
    text = line.rstrip("\n")
    return text.startswith(lead) and text.endswith(",") and text[len(lead)] not in " #"
