"""The import blocks of Python modules, merged as sets of names. Pure."""

import ast
import contextlib
import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trellis.change import keyed_merge
from trellis.change.keyed_merge import (
    ConflictError,
    Texts,
    choose,
    merge_blocks,
    merge_entries,
)

# Services are formatted with lines of 100, once of 88.
_SHORT_LINE, _LONG_LINE = 88, 100


@dataclass(frozen=True)
class Statement:
    """One import, and how it is written."""

    module: str | None  # of `from module import names`
    names: tuple[str, ...]  # as written, with `as`
    text: str

    @property
    def key(self) -> str:
        """What makes it the same import on both sides; `from` imports may differ in names."""
        if self.module is None or " as " in self.names[0]:
            return f"{self.module or ''} {', '.join(self.names)}"
        return f"from {self.module}"


@dataclass(frozen=True)
class Block(keyed_merge.Block):
    """Consecutive imports."""

    indent: str
    statements: tuple[Statement, ...]


def merge_imports(texts: Texts, packages: frozenset[str]) -> Texts:
    """The texts, with each import block that all of them have replaced by the merged one."""
    longest = max(map(len, texts[2].splitlines()), default=0)
    limit = min(max(longest, _SHORT_LINE), _LONG_LINE)
    try:
        return merge_blocks(texts, _find_blocks, lambda blocks: _merge(blocks, packages, limit))
    except (SyntaxError, ValueError):
        return texts


def _merge(blocks: Sequence[Block], packages: frozenset[str], limit: int) -> list[str]:
    indent = blocks[0].indent
    sides = [{s.key: s for s in block.statements} for block in blocks]
    if any(len(side) < len(b.statements) for side, b in zip(sides, blocks, strict=True)):
        raise ConflictError
    if any(block.indent != indent for block in blocks):
        raise ConflictError
    if any("#" in statement.text for side in sides[1:] for statement in side.values()):
        raise ConflictError
    merged = merge_entries(sides, functools.partial(_merge_one, indent=indent, limit=limit))

    def sort(side: Mapping[str, Statement]) -> list[str]:
        return sorted(side, key=lambda key: _rank_statement(side[key], packages))

    order = sort(merged) if all([*side] == sort(side) for side in sides[1:]) else [*merged]
    sections = {key: _find_section(statement, packages) for key, statement in merged.items()}
    lines: list[str] = []
    for key, before in zip(order, [None, *order], strict=False):
        if before is not None and sections[before] != sections[key]:
            lines.append("\n")
        lines += merged[key].text.splitlines(keepends=True)
    return lines


def _merge_one(
    old: Statement | None,
    mine: Statement | None,
    other: Statement | None,
    *,
    indent: str,
    limit: int,
) -> Statement | None:
    with contextlib.suppress(ConflictError):
        return choose(old, mine, other)
    if mine is None or other is None:
        return mine or other  # one side removed it, the other changed it: nothing is lost
    had = set(old.names) if old else set()
    gone = had - (set(mine.names) & set(other.names))
    names = sorted({*mine.names, *other.names} - gone, key=_rank_name)
    if not names:
        return None
    head = f"{indent}from {mine.module} import "
    text = f"{head}{', '.join(names)}\n"
    if len(text) - 1 > limit:
        elements = "".join(f"{indent}    {name},\n" for name in names)
        text = f"{head}(\n{elements}{indent})\n"
    return Statement(mine.module, tuple(names), text)


def _rank_name(name: str) -> tuple[int, str]:
    """Constants, classes, the rest: the order of isort and ruff."""
    plain = name.partition(" ")[0]
    if plain.isupper() and len(plain) > 1:
        return (0, name)
    return (1 if plain[:1].isupper() else 2, name)


def _rank_statement(statement: Statement, packages: frozenset[str]) -> tuple[int, bool, str, str]:
    module = statement.module if statement.module is not None else statement.names[0]
    text = "" if statement.key.startswith("from ") else statement.names[0]
    section = _find_section(statement, packages)
    return (section, statement.module is not None, module.lower(), text)


def _find_section(statement: Statement, packages: frozenset[str]) -> int:
    module = statement.module if statement.module is not None else statement.names[0]
    top = module.partition(" ")[0].partition(".")[0]
    if top == "__future__":
        return 0
    if not top:
        return 4
    if top in packages:
        return 3
    return 1 if top in sys.stdlib_module_names else 2


def _find_blocks(text: str) -> Iterator[tuple[str, Block]]:
    """The import blocks, by where they stand; not those with anything else in them."""
    tree, lines = ast.parse(text), text.splitlines(keepends=True)
    bodies = [("", tree.body)]
    tests = [node for node in tree.body if isinstance(node, ast.If)]
    bodies += [(f"{n} {ast.unparse(node.test)}", node.body) for n, node in enumerate(tests)]
    for name, body in bodies:
        runs = [[*run] for run in _find_runs(body)]
        for number, run in enumerate(runs):
            start, end = run[0].lineno - 1, run[-1].end_lineno or run[-1].lineno
            rest = set(range(start, end))
            statements = []
            for node in run:
                taken = range(node.lineno - 1, node.end_lineno or node.lineno)
                rest -= set(taken)
                statements.append(_read_statement(node, "".join(lines[n] for n in taken)))
            if not any(lines[number].strip() for number in rest):
                indent = " " * run[0].col_offset
                yield f"{name}, {number}", Block(start, end, indent, tuple(statements))


def _find_runs(body: list[ast.stmt]) -> Iterator[list[ast.Import | ast.ImportFrom]]:
    run: list[ast.Import | ast.ImportFrom] = []
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            run.append(node)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _read_statement(node: ast.Import | ast.ImportFrom, text: str) -> Statement:
    names = tuple(f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names)
    module = None if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
    return Statement(module, names, text)
