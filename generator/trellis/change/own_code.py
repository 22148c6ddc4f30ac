"""The Python modules of a service: names, classes, imports. Their text is read, nothing runs."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from trellis.files import LINK, Files

_DEPTH = 5


@dataclass
class Module:
    """One module: its syntax tree, and the names at its top level."""

    path: str
    name: str
    tree: ast.Module
    names: frozenset[str] = field(init=False)
    classes: dict[str, ast.ClassDef] = field(init=False)
    is_open: bool = field(init=False)

    def __post_init__(self) -> None:
        self.names = frozenset(_list_bound(self.tree.body))
        self.classes = {n.name: n for n in self.tree.body if isinstance(n, ast.ClassDef)}
        # Nobody can tell from its text what such a module has.
        self.is_open = bool({"*", "__getattr__"} & self.names)

    @property
    def package(self) -> str:
        """What its relative imports start from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]

    @cached_property
    def imports(self) -> dict[str, str]:
        """What each imported name stands for, as `module` or `module.name`."""
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                source = self.find_source(node)
                found.update({a.asname or a.name: f"{source}.{a.name}" for a in node.names})
            elif isinstance(node, ast.Import):
                found.update({a.asname: a.name for a in node.names if a.asname})
        return found

    def find_source(self, node: ast.ImportFrom) -> str:
        """The module that a statement imports from."""
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])


class Sources:
    """All modules of a tree of files, each parsed at its first use."""

    def __init__(self, files: Files) -> None:
        self.files = {
            path: file for path, file in files.items() if path.endswith(".py") and file.mode != LINK
        }
        self._paths = {name_module(path): path for path in self.files}
        self._packages = {
            name.rpartition(".")[0] for name in self._paths for name in _list_parents(name)
        }
        self.tops = {path.partition("/")[0].removesuffix(".py") for path in self.files}
        self._read: dict[str, Module | None] = {}

    def read(self, path: str) -> Module | None:
        """The module in a file; None where there is none, or it is no Python."""
        if path not in self._read:
            file, tree = self.files.get(path), None
            if file is not None:
                try:
                    tree = ast.parse(file.data)
                except (SyntaxError, ValueError):
                    tree = None
            self._read[path] = Module(path, name_module(path), tree) if tree else None
        return self._read[path]

    def has(self, name: str) -> bool:
        """Whether there is a module or a package of that name."""
        return name in self._paths or name in self._packages

    def is_own(self, name: str) -> bool:
        """Whether a module of that name would be one of the service's."""
        return name.partition(".")[0] in self.tops

    def lacks(self, module: str, name: str) -> bool:
        """Whether a module of the service certainly lacks a name."""
        if not self.has(module) or self.has(f"{module}.{name}"):
            return False
        found = self.find_module(module)
        if found is None:
            return module not in self._paths  # a folder without __init__.py has no names
        return not found.is_open and name not in found.names and not name.startswith("__")

    def find_module(self, name: str) -> Module | None:
        """The module of that name."""
        path = self._paths.get(name)
        return self.read(path) if path else None

    def find_like(self, name: str) -> str | None:
        """The only module that is called the same, in another folder."""
        tail = "." + ".".join(name.split(".")[-2:])
        found = [known for known in self._paths if known.endswith(tail) and known != name]
        return found[0] if len(found) == 1 and name.count(".") > 1 else None

    def list_attributes(
        self, module: Module, class_name: str, depth: int = _DEPTH
    ) -> set[str] | None:
        """What a class and those of its bases that are the service's declare; None if unknown."""
        node = module.classes.get(class_name)
        if node is None:
            target = module.imports.get(class_name, "")
            source, _, name = target.rpartition(".")
            if not (depth and self.is_own(source)):
                return set()  # of a library, which no change here touches
            other = self.find_module(source)
            return self.list_attributes(other, name, depth - 1) if other else None
        names = {*_list_bound(node.body)}
        for base in node.bases:
            root = base.value if isinstance(base, ast.Subscript) else base
            if isinstance(root, ast.Name) and depth:
                inherited = self.list_attributes(module, root.id, depth - 1)
                if inherited is None:
                    return None
                names |= inherited
        return names


def name_module(path: str) -> str:
    """`app/posts/service.py` is app.posts.service."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _list_parents(name: str) -> Iterator[str]:
    while "." in name:
        yield name
        name = name.rpartition(".")[0]


def _list_bound(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements bind where they stand, those in their blocks included."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from (a.asname or a.name.partition(".")[0] for a in node.names)
            case _:
                for child in ast.walk(node):
                    match child:
                        case ast.Name(id=name, ctx=ast.Store()):
                            yield name
                        case ast.alias():
                            yield child.asname or child.name.partition(".")[0]
                        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                            yield child.name
