"""Two edits of neighbouring lines, both kept where they are independent. Pure."""

import ast
import difflib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

Lines = Sequence[str]

# One line, one statement: what stands beside a line does not change what it means.
_LINE_ORIENTED = (".env.example", ".gitignore", ".dockerignore", ".toml")
_KEYED = re.compile(r"""\s+(?:(\w+)\s*[=:]|("[^"]*"|'[^']*')\s*:)\s.*,$|\s+(\w+)=[^=].*,$""")


@dataclass(frozen=True)
class Edit:
    """Lines that replace those from `start` to `end` of the base."""

    start: int
    end: int
    lines: tuple[str, ...]


def combine(path: str, base: Lines, ours: Lines, theirs: Lines) -> list[str] | None:
    """The lines with both sides' edits; None where they contradict each other, or might."""
    mine, other = _find_edits(base, ours), _find_edits(base, theirs)
    merged = sorted({*mine, *other}, key=lambda edit: (edit.start, edit.end))
    ordered: list[Edit] = []
    for edit in merged:
        if ordered and edit.start <= ordered[-1].end:
            pair = _order(path, base, ordered[-1], edit, own=ordered[-1] in mine)
            if pair is None:
                return None
            ordered[-1:] = pair
        else:
            ordered.append(edit)
    lines, place = [], 0
    for edit in ordered:
        lines += [*base[place : edit.start], *edit.lines]
        place = edit.end
    return [*lines, *base[place:]]


def _find_edits(base: Lines, side: Lines) -> list[Edit]:
    matcher = difflib.SequenceMatcher(None, base, side, autojunk=False)
    return [
        Edit(start, end, tuple(side[first:last]))
        for tag, start, end, first, last in matcher.get_opcodes()
        if tag != "equal"
    ]


def _order(path: str, base: Lines, one: Edit, other: Edit, *, own: bool) -> list[Edit] | None:
    """Two edits that touch, in the order in which both apply."""
    if other.start < one.end:
        return None
    parts = [part for edit in (one, other) for part in (base[edit.start : edit.end], edit.lines)]
    whole = all(_is_whole(path, part) for part in parts)
    if not whole or any(not line.endswith("\n") for line in (*one.lines, *other.lines)):
        return None
    if one.start < one.end or other.start < other.end:
        return [one, other]
    # Both insert at the same place: only what has a name of its own may stand in either order.
    if not _are_independent(path, one.lines, other.lines):
        return None
    first, second = (one, other) if own else (other, one)
    if _measure_indent(first.lines) < _measure_indent(second.lines):
        first, second = second, first
    return [first, second]


def _is_whole(path: str, lines: Lines) -> bool:
    """Whether the lines say something on their own."""
    if path.endswith(_LINE_ORIENTED):
        return True
    if path.endswith(".md"):
        return _are_rows(lines)
    return path.endswith(".py") and (_parse(lines) is not None or _list_keys(lines) is not None)


def _are_rows(lines: Lines) -> bool:
    """Whether they are rows of a table in Markdown."""
    return all(line.startswith("| ") and line.endswith(" |\n") for line in lines)


def _are_independent(path: str, one: Lines, other: Lines) -> bool:
    names = [_list_names(path, lines) for lines in (one, other)]
    return None not in names and not set(names[0] or ()) & set(names[1] or ())


def _list_names(path: str, lines: Lines) -> list[str] | None:
    """What the lines declare; None where they do anything else."""
    if path.endswith(_LINE_ORIENTED):
        return [line.partition("=")[0].strip("# \n") for line in lines if line.strip()]
    if path.endswith(".md"):
        return list(lines) if _are_rows(lines) else None
    if (keys := _list_keys(lines)) is not None:
        return keys
    names: list[str] = []
    for node in _parse(lines) or [ast.Pass()]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.append(node.name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                names.append(name)
            case _:
                return None
    return names


def _parse(lines: Lines) -> list[ast.stmt] | None:
    try:
        return ast.parse(textwrap.dedent("".join(lines))).body
    except SyntaxError:
        return None


def _list_keys(lines: Lines) -> list[str] | None:
    """The keys of `"key": value,` or `name=value,`, one a line."""
    matches = [_KEYED.match(line.rstrip("\n")) for line in lines]
    if not matches or len({_measure_indent([line]) for line in lines}) > 1:
        return None
    return [m[1] or m[2] or m[3] for m in matches if m] if all(matches) else None


def _measure_indent(lines: Lines) -> int:
    text = next((line for line in lines if line.strip()), "")
    return len(text) - len(text.lstrip(" "))
