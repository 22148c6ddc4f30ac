"""Uses of fields that a class has lost in a change."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trellis.change.own_code import Module, Sources

# The fields that are gone, by the name of their class.
Gone = Mapping[str, set[str]]

_FILTERS = {"filter_by", "values", "order_by", "group_by"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def find_removed(old: Sources, new: Sources, touched: set[str]) -> dict[str, set[str]]:
    """What the classes in the files that a change touches have lost."""
    gone = {}
    for path in touched & old.files.keys() & new.files.keys():
        before, after = old.read(path), new.read(path)
        if before is None or after is None:
            continue
        for name in before.classes.keys() & after.classes.keys():
            had, has = old.list_attributes(before, name), new.list_attributes(after, name)
            if had is None or has is None:
                continue
            # Names such as __table__ are the libraries', whichever class declares their types.
            if lost := {field for field in had - has if not field.startswith("__")}:
                gone[name] = lost
    return gone


def find(module: Module, gone: Gone) -> Iterator[tuple[int, str]]:
    """The uses in a module, each with its line."""
    by_alias = {
        alias: gone[name]
        for alias, target in module.imports.items()
        if (name := target.rpartition(".")[2]) in gone
    }
    by_alias |= {name: gone[name] for name in module.classes if name in gone}
    by_variable = {_convert_to_snake(name): (name, gone[name]) for name in gone}
    for scope, variables in _list_scopes(module.tree, by_alias):
        scope_names = _Scope(by_alias, variables, by_variable)
        for node in _walk_scope(scope):
            yield from scope_names.find_uses(node)


@dataclass(frozen=True)
class _Scope:
    """The classes of the names in one function, or in the module."""

    classes: Mapping[str, set[str]]
    variables: Mapping[str, str | None]
    by_variable: Mapping[str, tuple[str, set[str]]]

    def find_lost(self, name: str) -> set[str]:
        """The fields that the class behind a name has lost."""
        if name in self.classes:
            return self.classes[name]
        if name in self.variables:
            return self.classes.get(self.variables[name] or "", set())
        return self.by_variable.get(name, ("", set()))[1]

    def find_uses(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        """Uses of lost fields in one node."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=field) if field in self.find_lost(
                name
            ):
                yield node.lineno, f"uses {name}.{field}, which is gone"
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(field))):
                if name not in self.classes and field in self.find_lost(name):
                    yield node.lineno, f"uses {name}[{field!r}], which is gone"
            case ast.Call():
                yield from self._check_call(node)

    def _check_call(self, node: ast.Call) -> Iterator[tuple[int, str]]:
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=name), field, *_]):
                if isinstance(field, ast.Constant) and field.value in self.find_lost(name):
                    yield node.lineno, f"uses {name}.{field.value}, which is gone"
            case ast.Call(func=ast.Name(id=name)) if name in self.classes:
                yield from _check_keywords(node, self.classes[name], name)
            case ast.Call(func=ast.Attribute(attr=method)) if method in _FILTERS:
                for owner in _list_names(node.func):
                    yield from _check_keywords(node, self.classes.get(owner, set()), owner)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                # Such as create_post(client, subtitle="…").
                for suffix, (owner, lost) in self.by_variable.items():
                    if name.endswith(f"_{suffix}") or f"_{suffix}_" in name:
                        yield from _check_keywords(node, lost, owner)


def _check_keywords(node: ast.Call, lost: set[str], owner: str) -> Iterator[tuple[int, str]]:
    for keyword in node.keywords:
        if keyword.arg in lost:
            yield keyword.value.lineno, f"gives {owner} the field {keyword.arg}, which is gone"
    for value in node.args:
        text = value.value if isinstance(value, ast.Constant) else None
        if isinstance(node.func, ast.Attribute) and text in lost:
            yield value.lineno, f"names {owner}.{text}, which is gone"


def _list_scopes(
    tree: ast.Module, classes: Mapping[str, set[str]]
) -> Iterator[tuple[ast.AST, dict[str, str | None]]]:
    """The module and each function, with the classes of their variables; None where unknown."""
    yield tree, {}
    for node in ast.walk(tree):
        if not isinstance(node, _FUNCTIONS):
            continue
        types: dict[str, str | None] = {}
        arguments = node.args
        for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if arg.annotation is not None and "Any" not in _list_names(arg.annotation):
                types[arg.arg] = _read_annotation(arg.annotation, classes)
        for child in _walk_scope(node):
            match child:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    value = value.value if isinstance(value, ast.Await) else value
                    if isinstance(value, ast.Call) and (kind := _infer_class(value, classes)):
                        types[name] = kind
                    elif isinstance(value, ast.Constant):
                        types[name] = None
        yield node, types


def _infer_class(call: ast.Call, classes: Mapping[str, set[str]]) -> str | None:
    """The class of what a call gives: `Post(…)`, `session.get(Post, …)`."""
    match call:
        case ast.Call(func=ast.Name(id=name)) if name in classes:
            return name
        case ast.Call(func=ast.Attribute(attr="get" | "get_one"), args=[ast.Name(id=name), *_]):
            return name if name in classes else None
    return None


def _read_annotation(annotation: ast.expr, classes: Mapping[str, set[str]]) -> str | None:
    """The class of `Post`, `"Post"`, `Post | None` and `Annotated[Post, …]`."""
    match annotation:
        case ast.Constant(value=str(name)) | ast.Name(id=name):
            return name if name in classes else None
        case ast.BinOp(left=left, right=right):
            return _read_annotation(left, classes) or _read_annotation(right, classes)
        case ast.Subscript(value=ast.Name(id="Annotated" | "Optional"), slice=inner):
            first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
            return _read_annotation(first, classes)
    return None


def _walk_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, not those of the functions in it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _FUNCTIONS):
            yield from _walk_scope(child)


def _list_names(node: ast.AST) -> list[str]:
    return [child.id for child in ast.walk(node) if isinstance(child, ast.Name)]


def _convert_to_snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
