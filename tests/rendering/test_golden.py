"""One whole service as it was last accepted, and what each choice changes in it.

A change of the template shows here as readers will see it; `make golden` accepts it.
"""

import difflib
import shutil
from pathlib import Path

import pytest
from support.services.renderings import BLUEPRINTS, CHOICES, read_files

GOLDEN = Path(__file__).parent / "golden"
SERVICE = GOLDEN / "tasks"
TASKS = BLUEPRINTS["tasks"]
# One other version of Python stands for all of them.
OTHERS = [
    (axis, value)
    for axis, (_, *values) in CHOICES.items()
    for value in (values[:1] if axis == "python_version" else values)
]


@pytest.fixture
def update(request):
    return request.config.getoption("--update-golden")


def test_the_default_service_is_as_it_was_accepted(rendered, update):
    files = rendered(TASKS).files
    if update:
        store_service(files)

    accepted = read_files(SERVICE)

    assert files == accepted, explain(difference(accepted, files))


@pytest.mark.parametrize(("axis", "value"), OTHERS, ids=lambda word: str(word).lower())
def test_a_choice_changes_what_was_accepted(axis, value, rendered, update):
    changes = difference(rendered(TASKS).files, rendered(TASKS, {axis: value}).files)
    stored = GOLDEN / f"{axis}-{str(value).lower()}.diff"
    if update:
        stored.write_text(changes, encoding="utf-8", newline="\n")

    accepted = stored.read_text(encoding="utf-8")

    assert changes == accepted, explain(difference({"": accepted}, {"": changes}))


def test_nothing_else_is_kept():
    names = {f"{axis}-{str(value).lower()}.diff" for axis, value in OTHERS}

    assert {path.name for path in GOLDEN.iterdir()} == {"tasks", *names}


def store_service(files):
    shutil.rmtree(SERVICE, ignore_errors=True)
    for name, text in files.items():
        path = SERVICE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def difference(old, new):
    """A unified diff of two sets of files."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        before = f"a/{name}" if name in old else "/dev/null"
        after = f"b/{name}" if name in new else "/dev/null"
        texts = [side.get(name, "").splitlines(keepends=True) for side in (old, new)]
        lines += difflib.unified_diff(*texts, before, after, n=2)
    return "".join(lines)


def explain(changes, limit=120):
    lines = changes.splitlines()
    rest = f"\n… and {len(lines) - limit} lines more" if len(lines) > limit else ""
    return "\n".join(lines[:limit]) + rest + "\n\nIf this is meant: make golden"
