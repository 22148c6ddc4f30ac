"""Conflicts that Trellis resolves: imports, lists, adjacent edits. No line is lost."""

import random
import subprocess
import sys

import pytest
import yaml
from trellis.change import answers_merge, text_merge
from trellis.change.text_merge import Sides

PACKAGES = frozenset({"app", "tests"})
IMPORTS = [
    "import asyncio",
    "import datetime as dt",
    "from collections.abc import Iterator",
    "from enum import StrEnum",
    "import httpx2",
    "import sqlalchemy as sa",
    "from fastapi import APIRouter",
    "from pydantic import Field",
    "from app import health",
    "from app.base import Base",
    "from app.comments import router as comments",
    "from app.fields import Id",
    "from app.posts import router as posts",
    "from app.users import router as users",
    "from app.zebras import router as zebras",
]
NAMES = ["MISSING", "BaseModel", "Field", "computed_field", "field_validator"]


def merged(tmp_path, path, base, ours, theirs):
    sides = Sides(*(text.encode() for text in (base, ours, theirs)))
    text = text_merge.merge(path, sides, PACKAGES, tmp_path)
    return (text.data.decode(), text.conflicts) if text and text.is_better else None


def module(imports, names=()):
    """A module with imports in the order of isort."""
    sections = [imports_of(imports, 0, 4), imports_of(imports, 4, 8), imports_of(imports, 8, 15)]
    if names:
        listed = sorted(names, key=NAMES.index)
        sections[1] = [
            f"from pydantic import {', '.join(listed)}" if "pydantic" in line else line
            for line in sections[1]
        ]
    return "\n\n".join("\n".join(s) for s in sections if s) + "\n\nVALUE = 1\n"


def imports_of(imports, start, end):
    return [line for line in IMPORTS[start:end] if line in imports]


@pytest.mark.parametrize("seed", range(25))
def test_imports_of_both_sides_are_kept_in_order(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311
    base = {line for line in IMPORTS if chance.random() < 0.5} | {"from pydantic import Field"}
    ours = base | {line for line in IMPORTS if chance.random() < 0.3}
    theirs = base | {line for line in IMPORTS if chance.random() < 0.3}
    mine, other = (["Field", *chance.sample(NAMES, 1)] for _ in "ab")
    mine, other = ([*dict.fromkeys(names)] for names in (mine, other))

    result = merged(
        tmp_path, "app/a.py", module(base, ["Field"]), module(ours, mine), module(theirs, other)
    )

    expected = module(ours | theirs, {*mine, *other})
    if result is not None:  # otherwise git merges it without a conflict
        assert result == (expected, False)
    else:
        assert module(base, ["Field"]) in (module(ours, mine), module(theirs, other))


def test_an_import_that_one_side_removes_is_gone(tmp_path):
    base = module(IMPORTS[:10])
    ours = module([*IMPORTS[:9], IMPORTS[10]])

    result = merged(tmp_path, "app/a.py", base, ours, module(IMPORTS[:10] + IMPORTS[11:12]))

    assert result == (module([*IMPORTS[:9], *IMPORTS[10:12]]), False)


def listing(head, elements, tail="]\n"):
    return head + "".join(f"    {element},\n" for element in elements) + tail


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(
    ("path", "head"), [("pyproject.toml", "dependencies = [\n"), ("app/routes.py", "ROUTERS = [\n")]
)
def test_elements_of_both_sides_are_kept(tmp_path, path, head, seed):
    chance = random.Random(seed)  # noqa: S311
    known = [f'"name{n:02}>=1"' if "toml" in path else f"name{n:02}.router" for n in range(20)]
    base = [one for one in known if chance.random() < 0.5]
    sides = [
        [one for one in known if (one in base) != (chance.random() < 0.2)]
        for _ in ("ours", "theirs")
    ]

    result = merged(tmp_path, path, *(listing(head, side) for side in (base, *sides)))

    added = {one for side in sides for one in side} - {*base}
    wanted = sorted(added | {one for one in base if all(one in side for side in sides)})
    if result is None:
        assert base in sides or sides[0] == sides[1]
    else:
        assert result == (listing(head, wanted), False)


def test_a_dependency_that_both_sides_change_stays_a_conflict(tmp_path):
    texts = [listing("dependencies = [\n", [f'"fastapi>={n}"', '"uvicorn"']) for n in (1, 2, 3)]

    result = merged(tmp_path, "pyproject.toml", *texts)

    assert result is None


FUNCTIONS = """\
def first() -> int:
    return 1


def last() -> int:
    return 2
"""
MORE = "\n\ndef more() -> int:\n    return 3\n"
OWN = "\n\ndef own() -> int:\n    return 4\n"


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "expected"),
    [
        pytest.param(
            *("app/a.py", FUNCTIONS, FUNCTIONS.replace("2", "20"), FUNCTIONS + MORE),
            FUNCTIONS.replace("2", "20") + MORE,
            id="a function after a changed one",
        ),
        pytest.param(
            *("app/a.py", FUNCTIONS, FUNCTIONS + OWN, FUNCTIONS + MORE),
            FUNCTIONS + OWN + MORE,
            id="two functions at the end",
        ),
        pytest.param(
            *(".env.example", "# A=1\n# B=2\n", "# A=1\nB=3\n", "# A=1\n# B=2\n# C=4\n"),
            "# A=1\nB=3\n# C=4\n",
            id="a setting after a changed one",
        ),
        pytest.param(
            *("app/settings.py", "class S:\n    a: int = 1\n    b: int = 2\n"),
            *(
                "class S:\n    a: int = 10\n    b: int = 2\n",
                "class S:\n    a: int = 1\n    b: int = 20\n",
            ),
            "class S:\n    a: int = 10\n    b: int = 20\n",
            id="a changed setting beside a changed one",
        ),
        pytest.param(
            *("app/models.py", "class P:\n    a: int\n", "class P:\n    a: int\n    mine: str\n"),
            "class P:\n    a: int\n    theirs: str\n",
            "class P:\n    a: int\n    mine: str\n    theirs: str\n",
            id="two fields at the end",
        ),
        pytest.param(
            *("tests/factory.py", 'A = {\n    "a": 1,\n}\n', 'A = {\n    "a": 2,\n}\n'),
            'A = {\n    "a": 1,\n    "b": 1,\n}\n',
            'A = {\n    "a": 2,\n    "b": 1,\n}\n',
            id="a key beside a changed one",
        ),
    ],
)
def test_edits_that_only_touch_are_both_kept(tmp_path, path, base, ours, theirs, expected):
    assert merged(tmp_path, path, base, ours, theirs) == (expected, False)


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        pytest.param(*("a.py", "a = 1\n", "a = 2\n", "a = 3\n"), id="one line changed twice"),
        pytest.param(*("a.py", "", "a = 1\n", "a = 2\n"), id="a name given twice"),
        pytest.param(
            *("a.py", "def f():\n    a()\n", "def f():\n    a()\n    b()\n"),
            "def f():\n    a()\n    c()\n",
            id="two calls whose order may matter",
        ),
        pytest.param(
            *("a.py", "f(\n    a,\n)\n", "f(\n    a,\n    b,\n)\n", "f(\n    a,\n    c,\n)\n"),
            id="two arguments whose order matters",
        ),
        pytest.param(
            *("a.py", "if a:\n    b()\n", "if a:\n    c()\n", "if a:\n    b()\nelse:\n    d()\n"),
            id="a branch beside a changed one",
        ),
        pytest.param(
            *("ci.yml", "a:\n  - b\n", "a:\n  - b\n  - c\n", "a:\n  - b\n  - d\n"), id="YAML"
        ),
    ],
)
def test_what_may_mean_something_else_stays_a_conflict(tmp_path, path, base, ours, theirs):
    result = merged(tmp_path, path, base, ours, theirs)

    assert result is None or result[1]


def test_the_rest_of_a_file_stays_in_conflict(tmp_path):
    base = module(IMPORTS[:9])
    ours = module(IMPORTS[:10]).replace("VALUE = 1", "VALUE = 2")
    theirs = module([*IMPORTS[:9], IMPORTS[10]]).replace("VALUE = 1", "VALUE = 3")

    text, conflicts = merged(tmp_path, "app/a.py", base, ours, theirs)

    assert conflicts
    assert text == module(IMPORTS[:11]).replace(
        "VALUE = 1\n", "<<<<<<< yours\nVALUE = 2\n=======\nVALUE = 3\n>>>>>>> trellis\n"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_stay(tmp_path, end):
    texts = (FUNCTIONS, FUNCTIONS + OWN, FUNCTIONS + MORE)
    sides = Sides(*(text.replace("\n", end).encode() for text in texts))

    text = text_merge.merge("a.py", sides, PACKAGES, tmp_path)

    assert text.data.decode() == (FUNCTIONS + OWN + MORE).replace("\n", end)


@pytest.mark.parametrize("seed", range(40))
def test_no_line_of_either_side_is_lost(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311
    base = [f"    name{n}: int = {n}\n" for n in range(8)]
    sides = [[*edited(base, chance, word)] for word in ("ours", "theirs")]
    head = "class A:\n"

    result = merged(tmp_path, "a.py", *(head + "".join(side) for side in (base, *sides)))

    if result is not None:
        added = {line for side in sides for line in side} - {*base}
        assert all(line in result[0] for line in added)
        gone = {line for line in base if any(line not in side for side in sides)}
        assert result[1] or not gone & {*result[0].splitlines(keepends=True)}


def edited(base, chance, word):
    for number, line in enumerate(base):
        roll = chance.random()
        if roll < 0.1:
            yield line.replace("int", word)
        elif roll > 0.1 or number == 0:
            yield line
        if roll > 0.85:
            yield f"    {word}{number}: int = 1\n"


def test_merged_imports_are_as_ruff_has_them(tmp_path):
    (tmp_path / "app").mkdir()
    config = 'lint.isort.known-first-party=["app"]'
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311
        base = {line for line in IMPORTS if chance.random() < 0.5}
        sides = [base | {line for line in IMPORTS if chance.random() < 0.4} for _ in "ab"]
        result = merged(tmp_path, "a.py", module(base), *map(module, sides))
        if result:
            (tmp_path / f"app/m{seed}.py").write_text(result[0])

    ruff = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--isolated",
        "--select",
        "I",
        "--config",
        config,
    ]
    done = subprocess.run([*ruff, "app"], cwd=tmp_path, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout


def written(resources):
    """Resources as Copier writes them into the answers file."""
    listed = yaml.dump({"resources": resources}, indent=4, default_flow_style=False)
    return f"api: async\n{listed}telemetry: none\n"


def invent_field(random, name):
    kinds = [{"type": "string", "max_length": random.randint(1, 9)}]
    kinds += [
        {"type": "enum", "values": ["a", "b"]},
        {"type": "json", "default": {"a": [{"b": 1}]}},
    ]
    return {"name": name, **random.choice(kinds)}


def invent_side(random, base):
    """Adds and removes some fields and resources."""
    resources = []
    for resource in base:
        fields = [field for field in resource["fields"] if random.random() < 0.85]
        fields += [invent_field(random, n) for n in random.sample("uvwxyz", random.randint(0, 2))]
        if random.random() < 0.9:
            resources.append({**resource, "fields": fields or resource["fields"]})
    if random.random() < 0.3:
        resources.append({"name": random.choice("rs"), "fields": [invent_field(random, "a")]})
    return resources


def by_name(entries):
    return {entry["name"]: entry for entry in entries or ()}


def expect(old, mine, other, *, of_fields=False):
    """Merges two lists by name. Returns None if both sides changed one entry differently."""
    merged = {}
    for name in {**old, **mine, **other}:
        was, one, two = (side.get(name) for side in (old, mine, other))
        chosen = {True: two, False: one}[one == was]
        if two not in (was, one) and one != was:
            if of_fields or None in (was, one, two):
                return None
            sides = (by_name(version["fields"]) for version in (was, one, two))
            fields = expect(*sides, of_fields=True)
            if not fields:
                return None
            chosen = {**was, "fields": fields}
        if chosen:
            merged[name] = chosen
    return merged


def test_the_resources_of_two_branches_are_merged_by_the_names_of_their_fields():
    outcomes = []
    for seed in range(400):
        invent = random.Random(seed)  # noqa: S311
        names = invent.sample("klmn", invent.randint(0, 3))
        base = [
            {"name": n, "fields": [invent_field(invent, f) for f in invent.sample("abcd", 2)]}
            for n in names
        ]
        sides = [base, invent_side(invent, base), invent_side(invent, base)]
        texts = tuple(written(side) for side in sides)

        merged = answers_merge.merge_resources(texts)

        expected = expect(*map(by_name, sides))
        outcomes.append(expected is None)
        if expected is None:
            assert merged == texts
            continue
        assert len({*merged}) == 1
        resources = yaml.safe_load(merged[0])["resources"]
        assert merged[0] == written(resources)
        found = {r["name"]: {**r, "fields": by_name(r["fields"])} for r in resources}
        for resource in expected.values():
            if isinstance(resource["fields"], list):
                resource["fields"] = by_name(resource["fields"])
        assert found == expected
    assert 40 < sum(outcomes) < 360
