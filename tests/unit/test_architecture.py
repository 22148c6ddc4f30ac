"""The shape of the package: who may import whom, and what only one module does."""

import ast
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
BASE = {"bundle", "errors", "field_types", "journal", "names", "questions"}
LAYERS = [
    BASE | {"fields", "guards", "meant", "strict_yaml"},
    {"blueprint", "console", "destination", "matrix", "project", "prompts", "report", "source"}
    | {"compiled", "copying", "rules", "shapes", "steps", "template"},
    # A service that exists: read, merged, written.
    {"account", "applying", "changelog", "history", "inspection", "locking", "merging", "notes"}
    | {"releases", "repository", "revisions", "service", "worktree"},
    {"creation", "decision", "evolution", "living", "survey"},
    {"commands", "commands.matrix", "commands.new", "commands.options"}
    | {"commands.add", "commands.change", "commands.remove", "commands.shared"}
    | {"commands.status", "commands.update"},
    {"cli", "__main__"},
]
# Between modules of one layer, these and no others; never in a circle.
WITHIN = {
    "applying": {"merging", "repository", "service", "worktree"},
    "commands.add": {"commands.shared"},
    "commands.change": {"commands.shared"},
    "commands.remove": {"commands.shared"},
    "commands.status": {"commands.shared"},
    "commands.update": {"commands.shared"},
    "creation": {"decision"},
    "fields": {"errors", "field_types", "meant", "names"},
    "guards": {"errors"},
    "inspection": {"history", "merging"},
    "living": {"evolution"},
    "matrix": {"template"},
    "locking": {"merging", "service"},
    "meant": {"field_types", "names"},
    "merging": {"repository", "service"},
    "names": set(),
    "notes": {"history", "merging"},
    "project": {"destination"},
    "prompts": {"blueprint"},
    "releases": {"changelog", "service"},
    "report": {"steps"},
    "revisions": {"history", "merging"},
    "service": {"repository"},
    "shapes": {"blueprint"},
    "steps": {"source"},
    "survey": {"evolution"},
    "worktree": {"merging", "repository", "service"},
    "copying": {"compiled"},
    "template": {"copying", "rules", "source"},
    "__main__": {"cli"},
}
WRITERS = {"write_text", "write_bytes", "mkdir", "rename", "unlink", "rmtree", "copyfile", "touch"}
MAX_LINES = 200


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


def test_every_module_has_its_layer():
    placed = set().union(*LAYERS, {"__init__"})

    assert {name.removesuffix(".__init__") for name in MODULES} == placed
    assert sum(map(len, LAYERS)) + 1 == len(MODULES)


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"__init__", "commands.__init__"}))
def test_imports_lead_downwards(name):
    level = next(number for number, layer in enumerate(LAYERS) if name in layer)
    allowed = set().union(*LAYERS[:level], WITHIN.get(name, set()), {"__init__"})

    assert set(own_imports(name)) <= allowed


def test_only_one_module_imports_copier():
    users = [n for n, t in MODULES.items() if any(i.split(".")[0] == "copier" for i in imports(t))]

    assert users == ["copying"]


def test_only_the_console_prints():
    printers = [
        name
        for name, tree in MODULES.items()
        if {"print", "echo", "secho"} & set(calls(tree))
        or any(i in {"sys.stdout", "sys.stderr"} for i in attributes(tree))
    ]

    # The command line points stdout elsewhere when nobody reads it any more.
    assert sorted(printers) == ["cli", "console"]


def attributes(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_only_the_project_writes():
    writers = {name for name, tree in MODULES.items() if WRITERS & set(calls(tree))}

    # The project writes a new service, the journal into one that exists; applying makes the folder
    # of the journal in .git. Of the others the source, the bundle, the merge and the work tree
    # write to a temporary folder, steps take back what a tool that failed has left, and what is
    # compiled goes where Python keeps what it compiles.
    new, living = {"project"}, {"journal", "applying"}
    temporary = {"bundle", "source", "merging", "worktree"}
    assert writers == new | living | temporary | {"steps", "compiled"}


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
    heavy = {"allpairspy", "copier", "jinja2", "plumbum", "questionary", "rich", "yaml"}
    assert heavy & set(done.stderr.split()) == set()
