"""A resource or field with any accepted name shadows no name that rendered code uses.

The names are the identifiers of rendered code in every core variant, their parts, and names that
are derived from them. A run tries a quarter of them in services; `ALL_NAMES=1` tries all.
"""

import ast
import json
import os
import re
import subprocess
import sys

import pytest
from support.blueprints import naming, scopes
from support.services.renderings import CORE, TEMPLATE, python_files

SIZE = 60
SHARES = 8
SHIFT = int(os.environ.get("BLUEPRINT_SEED", "0"))
TRIED = range(SHARES) if os.environ.get("ALL_NAMES") else (SHIFT % SHARES, (SHIFT + 4) % SHARES)
OWN = re.compile(r"(things?|others?|a_[a-z]+_[0-9]+)(_|\b)")


@pytest.fixture(scope="module")
def plain(rendered):
    """Services with ordinary names."""
    return [rendered(naming.EVERY_TYPE, choices) for choices in CORE.values()]


@pytest.fixture(scope="module")
def names(plain):
    """The names that resources may have, and those that fields may have."""
    found = naming.candidates({text for one in plain for _, text in python_files(one)})
    return naming.as_resources(found), naming.as_fields(found)


@pytest.fixture(scope="module")
def needed(plain):
    """The module-level names that functions and classes of each kind of module read."""
    words = {}
    for service in plain:
        for kind, _, text in modules(service):
            read = {word for word in scopes.needed(text) if not OWN.search(word)}
            words.setdefault(kind, set()).update(read)
    return words


def test_the_names_are_many(names):
    resources, fields = names

    assert len(resources) > 1000
    assert len(fields) > 1000


def test_a_variable_has_the_name_of_its_row_only_where_nothing_else_has(plain):
    """A variable shadows neither a name of its module nor another variable."""
    words = set()
    for service in plain:
        for _, _, text in modules(service):
            words |= scopes.needed(text) | {name for _, name in scopes.bound(text)}
    words = {word for word in words if not OWN.search(word)}

    assert [n for n in naming.as_resources(sorted(words)) if variable({"name": n}) == n] == []
    assert variable({"name": "create_user"}) == "create_user_"
    assert variable({"name": "invoice"}) == "invoice"


@pytest.mark.parametrize("file", ["test_conventions.py", "test_hostile_input.py"])
def test_no_name_hides_what_the_tests_of_the_first_resource_import(file, plain):
    """They import functions of factories, and modules in place of classes."""
    functions = re.compile(r"create_(\w+)|new_(\w+)_data")
    names = {name for one in plain for name in imported(one.files[f"tests/{file}"])}

    own = {name for name in names if functions.fullmatch(name)}

    assert own
    assert {name.removesuffix("_data").partition("_")[2] for name in own} <= {"thing", "other"}
    assert not {name for name in names - own if re.search("thing|other", name.lower())}


@pytest.mark.parametrize("choices", CORE.values(), ids=CORE)
def test_words_in_texts_are_no_reason_to_import(choices, plain, rendered):
    """Defaults and enum values that contain names such as `dt.` and `UUID`."""
    words = sorted({w for one in plain for _, text in python_files(one) for w in imported(text)})
    text = " ".join(f"{word} {word}." for word in words)
    values = list({word.upper(): word for word in words}.values())
    fields = [
        {"name": "body", "type": "text", "default": text},
        {"name": "document", "type": "json", "default": [text]},
        {"name": "role", "type": "enum", "values": values},
    ]

    service = rendered({"resources": [{"name": "thing", "fields": fields}]}, choices)

    assert len(words) > 50
    assert ruff(service.path) == []


@pytest.mark.parametrize("share", TRIED)
def test_no_name_hides_what_the_code_needs(share, names, needed, rendered):
    resources, fields = names
    variants = list(CORE.values())
    choices = variants[(share + SHIFT) % len(variants)]

    faults = []
    for blueprint in naming.blueprints(resources[share::SHARES], fields[share * 37 :], SIZE):
        service = rendered(blueprint, choices)
        for kind, name, text in modules(service):
            compile(text, name, "exec")
            faults += [f"{name}: {twice} twice" for twice in scopes.defined_twice(text)]
            hidden = [(at, n) for at, n in scopes.bound(text) if n in needed.get(kind, ())]
            faults += [f"{name}, {at}: {hides}" for at, hides in hidden]
        faults += ruff(service.path)

    assert not faults, "\n".join(faults)


def imported(text):
    """The names that a module's imports bind."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


def modules(service):
    """The modules of resources: the kind, the path and the text of each."""
    for name, text in python_files(service):
        if re.match(r"(app|tests)/\w+/\w", name):
            folder, _, file = name.split("/")
            yield f"{folder} {re.sub('test_.*', 'test', file)}", name, text


def variable(resource):
    given = [resource | {"fields": [{"name": "title", "type": "string"}]}]
    return json.loads(TEMPLATE.call_macro("domain", "domain", given, "integer"))["resources"][0][
        "var"
    ]


def ruff(folder):
    rules = ["check", "--quiet", "--no-cache", "--select", "E9,F,PLE", "--output-format", "concise"]
    command = [sys.executable, "-m", "ruff", *rules, folder]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line.replace(f"{folder}/", "") for line in (said.stdout + said.stderr).splitlines()]
