"""What a change breaks in the code of a service without a conflict, read from its text."""

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trellis.change import field_uses, migration_problems
from trellis.change.own_code import Module, Sources, name_module
from trellis.files import Files
from trellis.names import find_nearest

_BUILTINS = frozenset({*dir(builtins), "__file__", "__name__", "__doc__", "__path__", "__spec__"})


@dataclass(frozen=True, order=True)
class Problem:
    """A line that the change breaks."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def find(before: Files, after: Files, conflicts: Iterable[str] = ()) -> list[Problem]:
    """The problems that are in the files after a change, and were not in them before."""
    paths = {p for p in before.keys() | after.keys() if before.get(p) != after.get(p)}
    old, new = Sources(before), Sources(after)
    old.tops |= new.tops
    new.tops |= old.tops
    touched = {path for path in paths if path.endswith(".py")}
    gone_fields = field_uses.find_removed(old, new, touched)
    words = {
        *_list_gone_names(old, new, touched),
        *(n for names in gone_fields.values() for n in names),
    }
    needles = [word.encode() for word in words]
    suspects = {p for p, f in new.files.items() if any(needle in f.data for needle in needles)}
    problems: list[Problem] = []
    for path in sorted((touched | suspects) & new.files.keys() - {*conflicts}):
        known = Counter(p.what for p in _check_module(old, path, {}, whole=path in touched))
        for problem in _check_module(new, path, gone_fields, whole=path in touched):
            if known[problem.what]:
                known[problem.what] -= 1
            else:
                problems.append(problem)
        problems += _check_strings(old, new, path)
    problems += [Problem(*each) for each in migration_problems.find(after, paths & after.keys())]
    return sorted(set(problems))


def _list_gone_names(old: Sources, new: Sources, touched: set[str]) -> Iterator[str]:
    for path in touched & old.files.keys():
        before, after = old.read(path), new.read(path)
        if after is None:
            yield name_module(path).rpartition(".")[2]
        if before is not None:
            yield from before.names - (after.names if after else frozenset())


def _check_module(
    sources: Sources, path: str, gone: field_uses.Gone, *, whole: bool
) -> Iterator[Problem]:
    if path not in sources.files:
        return
    module = sources.read(path)
    if module is None:
        yield Problem(path, 1, "is not valid Python")
        return
    found = [*_check_imports(sources, module), *_check_attributes(sources, module)]
    found += field_uses.find(module, gone) if gone else ()
    if whole:
        found += [*_check_names(module), *_check_duplicates(module)]
    yield from (Problem(path, line, what) for line, what in found)


def _check_imports(sources: Sources, module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if sources.is_own(alias.name) and not sources.has(alias.name):
                    yield node.lineno, _describe_missing(sources, alias.name, ())
        elif isinstance(node, ast.ImportFrom):
            source = module.find_source(node)
            names = [alias.name for alias in node.names]
            if not sources.is_own(source):
                continue
            if not sources.has(source):
                yield node.lineno, _describe_missing(sources, source, names)
                continue
            for alias in node.names:
                if alias.name != "*" and sources.lacks(source, alias.name):
                    nowhere = _describe_absent(sources, source, alias.name)
                    yield alias.lineno, f"imports {alias.name} from {source}, {nowhere}"


def _describe_missing(sources: Sources, name: str, names: Iterable[str]) -> str:
    said = f"imports {name}, which does not exist"
    if match := sources.find_like(name):
        return f"{said}; there is {match}"
    for wanted in names:
        if match := _find_elsewhere(sources, name, wanted):
            return f"{said}; {wanted} is in {match}"
    return said


def _describe_absent(sources: Sources, module: str, name: str) -> str:
    said = "which has no such name"
    if match := sources.find_like(f"{module}.{name}"):
        return f"{said}; there is {match}"
    found = sources.find_module(module)
    match = find_nearest(name, found.names) if found else None
    return f"{said}; did you mean {match}?" if match else said


def _find_elsewhere(sources: Sources, module: str, name: str) -> str | None:
    """The only module that declares a name which a missing one had; those beside it first."""
    folder = module.rpartition(".")[0]
    for is_candidate in (lambda other: other.rpartition(".")[0] == folder, lambda _: True):
        paths = [path for path in sources.files if is_candidate(name_module(path))]
        paths = [path for path in paths if name.encode() in sources.files[path].data]
        found = [read for path in paths if (read := sources.read(path))]
        found = [one for one in found if name in one.classes or name in _list_functions(one)]
        if len(found) == 1:
            return found[0].name
    return None


def _list_functions(module: Module) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in module.tree.body if isinstance(node, kinds)}


def _check_attributes(sources: Sources, module: Module) -> Iterator[tuple[int, str]]:
    """Uses of a name that an imported module does not have."""
    modules = {
        name: target
        for name, target in module.imports.items()
        if sources.is_own(target) and sources.has(target)
    }
    shadowed = _list_assigned(module.tree)
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                target = modules[name]
                if name not in shadowed and sources.lacks(target, attribute):
                    said = _describe_absent(sources, target, attribute)
                    yield node.lineno, f"uses {name}.{attribute} of {target}, {said}"


def _list_assigned(tree: ast.AST) -> set[str]:
    """The names that anything but an import, a function or a class binds."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
    return names


def _check_names(module: Module) -> Iterator[tuple[int, str]]:
    """Uses of a name that nothing in the module binds."""
    if "*" in module.imports:
        return
    bound = _list_assigned(module.tree) | {*module.imports, *_BUILTINS}
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.Import):
            bound |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        elif type(node).__name__ in {"TypeVar", "ParamSpec", "TypeVarTuple"}:
            bound.add(getattr(node, "name", ""))
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name not in bound:
                yield node.lineno, f"uses {name}, which nothing imports or defines"


def _check_duplicates(module: Module) -> Iterator[tuple[int, str]]:
    """Functions, routes and fields that are declared twice in one place."""
    yield from _check_body(module.tree.body, "")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            yield from _check_body(node.body, f" in {node.name}")


def _check_body(body: list[ast.stmt], place: str) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for node in body:
        for name in _list_declared(node, in_class=bool(place)):
            if name in seen:
                yield node.lineno, f"declares {name} twice{place}, first in line {seen[name]}"
            seen.setdefault(name, node.lineno)


def _list_declared(node: ast.stmt, *, in_class: bool) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for decorator in node.decorator_list:
                match decorator:
                    case ast.Name(id="overload") | ast.Attribute(attr="overload"):
                        return
                    case ast.Attribute() | ast.Call(func=ast.Attribute(attr="register")):
                        return  # such as @name.setter
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=router), attr=method),
                        args=[ast.Constant(value=str(path)), *_],
                    ) if method in {"get", "post", "put", "patch", "delete"}:
                        yield f"{router}.{method}({path!r})"
            yield node.name
        case ast.ClassDef():
            yield node.name
        case ast.AnnAssign(target=ast.Name(id=name)) if in_class:
            yield name
        case ast.Assign(targets=[ast.Name(id=name)]) if in_class:
            yield name


def _check_strings(old: Sources, new: Sources, path: str) -> Iterator[Problem]:
    """Texts such as "app.users.service.get_user" that named something."""
    module = new.read(path)
    for node in ast.walk(module.tree) if module else ():
        match node:
            case ast.Constant(value=str(text)) if _is_dotted(text) and new.is_own(text):
                if _names_something(old, text) and not _names_something(new, text):
                    yield Problem(path, node.lineno, f'names "{text}", which does not exist')


def _is_dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _names_something(sources: Sources, text: str) -> bool:
    source, _, name = text.rpartition(".")
    return sources.has(text) or (sources.has(source) and not sources.lacks(source, name))
