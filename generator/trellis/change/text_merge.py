"""The three-way merge of one file in which git sees a conflict.

Import blocks and lists with one element a line are merged as sets; edits that only touch each other
are both kept. Nobody's line is dropped: whatever could mean something else stays a conflict.
"""

import ast
import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trellis import git
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import answers_merge, edits, import_merge, list_merge

LABELS = ("yours", "trellis")
_MARKER_SIZE = 47


@dataclass(frozen=True)
class Sides:
    """A file as both sides had it, and as each of them has it now."""

    base: bytes
    ours: bytes
    theirs: bytes


@dataclass(frozen=True)
class Text:
    """A merged file, whether anything in it is still in conflict, and whether git leaves more."""

    data: bytes
    conflicts: bool
    is_better: bool


def merge(
    path: str,
    sides: Sides,
    packages: frozenset[str],
    scratch: Path,
    labels: tuple[str, str] = LABELS,
) -> Text | None:
    """The merged file; None where it is no text, or would not be valid."""
    texts = [_decode(data) for data in (sides.base, sides.ours, sides.theirs)]
    if None in texts:
        return None
    crlf = b"\r\n" in sides.ours
    base, ours, theirs = (text or "" for text in texts)
    if path == ANSWERS_FILE:
        base, ours, theirs = answers_merge.merge_resources((base, ours, theirs))
    if path.endswith(".py"):
        base, ours, theirs = import_merge.merge_imports((base, ours, theirs), packages)
    if path.endswith((".py", ".toml")):
        base, ours, theirs = list_merge.merge_lists((base, ours, theirs))
    merged, conflicts, gained = _merge_lines(path, (base, ours, theirs), scratch, labels)
    if not conflicts and not _is_sound(path, merged, (ours, theirs)):
        return None
    data = (merged.replace("\n", "\r\n") if crlf else merged).encode()
    return Text(data, conflicts, gained or base != texts[0])


def _decode(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    return None if "\r" in text or "\0" in text or "<" * _MARKER_SIZE in text else text


def _merge_lines(
    path: str, texts: tuple[str, str, str], scratch: Path, labels: tuple[str, str]
) -> tuple[str, bool, bool]:
    """The merged text, whether there are conflicts in it, and whether one was resolved."""
    lines: list[str] = []
    conflicts = gained = False
    for piece in _split_conflicts(texts, scratch):
        if isinstance(piece, str):
            lines.append(piece)
            continue
        resolved = edits.combine(path, *piece)
        if resolved is not None:
            lines += resolved
            gained = True
            continue
        conflicts = True
        _, ours, theirs = piece
        pairs = zip(ours, theirs, strict=False)
        start = len([*itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)])
        ours, theirs, common = ours[start:], theirs[start:], ours[:start]
        lines += [*common, f"<<<<<<< {labels[0]}\n", *_end_lines(ours), "=======\n"]
        lines += [*_end_lines(theirs), f">>>>>>> {labels[1]}\n"]
    return "".join(lines), conflicts, gained


def _end_lines(lines: Sequence[str]) -> list[str]:
    return [line if line.endswith("\n") else line + "\n" for line in lines]


def _split_conflicts(
    texts: tuple[str, str, str], scratch: Path
) -> Iterator[str | tuple[list[str], list[str], list[str]]]:
    """What git merges, line by line, and its conflicts as (base, ours, theirs)."""
    folder = scratch / "texts"
    folder.mkdir(exist_ok=True)
    names = ("base", "ours", "theirs")
    for name, text in zip(names, texts, strict=True):
        (folder / name).write_bytes(text.encode())
    words = ["merge-file", "-p", "--diff3", "-q", f"--marker-size={_MARKER_SIZE}"]
    said = git.run(folder, *words, "ours", "base", "theirs", codes=range(128)).decode()
    sides: tuple[list[str], list[str], list[str]] | None = None
    into: list[str] = []
    for line in said.splitlines(keepends=True):
        mark = line[0] if line[:_MARKER_SIZE] == line[0] * _MARKER_SIZE else ""
        if mark == "<":
            sides = ([], [], [])
            into = sides[1]
        elif sides is None:
            yield line
        elif mark == "|":
            into = sides[0]
        elif mark == "=":
            into = sides[2]
        elif mark == ">":
            yield sides
            sides = None
        else:
            into.append(line)


def _is_sound(path: str, merged: str, sides: tuple[str, str]) -> bool:
    """Whether it can be read, if both sides can."""
    return _is_readable(path, merged) or not all(_is_readable(path, side) for side in sides)


def _is_readable(path: str, text: str) -> bool:
    try:
        if path.endswith(".py"):
            ast.parse(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
    except (SyntaxError, ValueError):
        return False
    return True
