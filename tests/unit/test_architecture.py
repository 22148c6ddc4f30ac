"""The layers of the package, and the tasks that only one module has."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest
import trellis

ROOT = Path(trellis.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
    for path in sorted(ROOT.rglob("*.py"))
}
# A module imports only from its own package and from the layers that follow in this list.
LAYERS = [
    {"__main__"},
    {"cli", "remote_helper"},
    {"commands"},
    {"change"},
    {"service"},
    {"template"},
    {"blueprint"},
    {"locks"},
    {"console", "git", "signals"},
    {"errors", "files", "names"},
]
WRITERS = {"write_text", "write_bytes", "mkdir", "rename", "unlink", "rmtree", "copyfile", "touch"}
MAX_LINES = 300


def imports(tree, *, top_level=False):
    nodes = tree.body if top_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(name):
    for imported in imports(MODULES[name]):
        parts = imported.split(".")
        if parts[0] == "trellis":
            candidates = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
            yield next((c for c in candidates if c in MODULES), "__init__")


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def level(name):
    return next(n for n, layer in enumerate(LAYERS) if name.partition(".")[0] in layer)


def test_every_module_has_its_layer():
    tops = {name.partition(".")[0] for name in MODULES} - {"__init__"}

    assert set().union(*LAYERS) == tops


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"__init__"}))
def test_imports_lead_in_one_direction(name):
    package = name.partition(".")[0]
    imported = {i for i in own_imports(name) if i != "__init__"}

    # Modules of one package may import each other.
    back = {i for i in imported if i.partition(".")[0] != package and level(i) <= level(name)}
    assert back == set()


def test_the_build_hook_needs_nothing_but_python():
    code = f"import sys; sys.path.insert(0, {str(ROOT.parent)!r}); import trellis.template.bundle"

    # Without site-packages.
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_only_one_module_runs_git():
    runners = {n for n, tree in MODULES.items() if "subprocess" in imports(tree)}

    # The toolchain runs uv.
    assert runners == {"git", "service.toolchain"}


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: {i for i in own_imports(name) if i in MODULES} for name in MODULES}

    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


def test_only_one_module_imports_copier():
    users = [n for n, t in MODULES.items() if any(i.split(".")[0] == "copier" for i in imports(t))]

    assert users == ["template.copier_adapter"]


def test_only_the_console_prints():
    printers = [
        name
        for name, tree in MODULES.items()
        if {"print", "echo", "secho"} & set(calls(tree))
        or any(i in {"sys.stdout", "sys.stderr"} for i in attributes(tree))
    ]

    # cli.py redirects stdout when its reader has closed the pipe.
    assert sorted(printers) == ["cli", "console"]


def attributes(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_few_modules_write():
    writers = {name for name, tree in MODULES.items() if WRITERS & set(calls(tree))}

    # Staging writes a new service. Git writes into an existing one; the two modules of `living`
    # write into .git and remove files when a change is undone. The toolchain removes files of a
    # failed tool. The bytecode cache writes to __pycache__. Others write to a temporary folder.
    new, living = {"service.staging"}, {"change.apply", "change.writing"}
    living |= {"change.branch_merge"}  # as git merge does: files in conflict, and a migration
    temporary = {"locks", "template.bundle", "change.merge"}
    temporary |= {"change.lockfile", "change.worktree", "change.text_merge"}
    assert writers == new | living | temporary | {
        "service.toolchain",
        "template.bytecode_cache",
    }


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_are_short(name):
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")

    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_say_what_they_are_for(name):
    assert ast.get_docstring(MODULES[name])


@pytest.mark.parametrize("words", [["--help"], ["new", "--help"], ["--version"], ["new", "/"]])
def test_what_takes_long_to_import_is_not_imported_for_help(words):
    code = (
        "import sys; from trellis import cli; code = cli.run(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr)"
    )

    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    # Typer itself imports pydantic as soon as a command has parameters.
    heavy = {"copier", "jinja2", "plumbum", "questionary", "rich", "yaml"}
    assert heavy & set(done.stderr.split()) == set()
