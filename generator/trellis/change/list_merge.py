"""Lists with one element a line, in Python or TOML, merged as sets of elements. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trellis.change import keyed_merge
from trellis.change.deploy_notes import DISTRIBUTION
from trellis.change.keyed_merge import ConflictError, Texts, merge_blocks, merge_entries

_HEAD = re.compile(r"(\s*)([\w.\"-]+(?:: [\w\[\], .]+)?) = \[$")


@dataclass(frozen=True)
class Block(keyed_merge.Block):
    """The elements of one list."""

    elements: tuple[str, ...]


def merge_lists(texts: Texts) -> Texts:
    """The texts, with each list that all of them have replaced by the merged one."""
    return merge_blocks(texts, _find_blocks, _merge)


def _merge(blocks: Sequence[Block]) -> list[str]:
    """All elements that neither side has removed; sorted where all sides are."""
    sides = [{_identify(element): element for element in block.elements} for block in blocks]
    if any(len(side) < len(b.elements) for side, b in zip(sides, blocks, strict=True)):
        raise ConflictError
    merged = merge_entries(sides)
    if all([*side] == sorted(side) for side in sides):
        return [merged[key] for key in sorted(merged)]
    return [*merged.values()]


def _identify(element: str) -> str:
    text = element.strip()
    return (
        DISTRIBUTION.split(text.strip("\"',"))[0].lower() if text.startswith(('"', "'")) else text
    )


def _find_blocks(text: str) -> Iterator[tuple[str, Block]]:
    """Each list whose name occurs once."""
    lines = text.splitlines(keepends=True)
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
