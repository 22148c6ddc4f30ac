"""The names that functions and classes of a module read from outside, and those that they bind."""

import ast
import re
import symtable
from collections import Counter
from collections.abc import Iterator


def identifiers(text: str) -> set[str]:
    """Every name, attribute, parameter, keyword and module of a module's code."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        for key in ("id", "attr", "arg", "name", "asname", "module"):
            found |= set(re.findall(r"\w+", str(getattr(node, key, "") or "")))
    return found


def needed(text: str) -> set[str]:
    """The names that functions and classes read from the module or from Python."""
    tables = _inner(symtable.symtable(text, "module", "exec"))
    return {s.get_name() for table in tables for s in table.get_symbols() if s.is_global()}


def bound(text: str) -> Iterator[tuple[str, str]]:
    """The names that functions and classes bind, each with its place."""
    for table in _inner(symtable.symtable(text, "module", "exec")):
        names = [symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()]
        yield from ((f"{table.get_name()}, line {table.get_lineno()}", name) for name in names)


def defined_twice(text: str) -> set[str]:
    """The names that a module imports or defines more than once."""
    names: Counter[str] = Counter()
    for node in ast.parse(text).body:
        match node:
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((a.asname or a.name).partition(".")[0] for a in aliases)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names[node.name] += 1
            case ast.Assign(targets=[ast.Name(id=name)]):
                names[name] += 1
    return {name for name, times in names.items() if times > 1}


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inner(child)
