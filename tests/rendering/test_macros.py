"""The macros have no rule and no entry that no service uses."""

import itertools
import json
import re
import subprocess
import sys

import pytest
from support.services.renderings import BLUEPRINTS, CORE, ROOT, TEMPLATE, python_files

PYTHON_MACROS = (ROOT / "template/macros/python.jinja").read_text(encoding="utf-8")
TWINS = re.findall(r'^  \("(.+?)", "(.*?)"\),$', PYTHON_MACROS, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def async_sources(rendered):
    """The Python code of all async services, without app/main.py."""
    asynchronous = [choices for choices in CORE.values() if choices["api"] == "async"]
    return "\n".join(
        text
        for choices in asynchronous
        for name, text in python_files(rendered(BLUEPRINTS["shop"], choices))
        if name != "app/main.py"
    )


def test_the_table_of_twins_is_read():
    assert ("await ", "") in TWINS
    assert len(TWINS) > 5


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin[0].strip())
def test_every_twin_changes_something(twin, async_sources):
    old, new = twin

    assert old != new
    assert old in async_sources


def test_every_macro_is_used():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "template").rglob("*.jinja")]
    everything = "\n".join([(ROOT / "copier.yml").read_text(encoding="utf-8"), *sources])
    defined = re.findall(r"{%-? macro (\w+)\(", everything)

    # migration_chain.py calls macros by name, to render migrations of existing services.
    asked = (ROOT / "generator/trellis/change/migration_chain.py").read_text(encoding="utf-8")
    found = {name: len(re.findall(rf"\b{name}\b", everything + asked)) for name in defined}
    unused = [name for name, times in found.items() if times < 2]

    assert len(defined) > 20
    assert unused == []


def test_nothing_of_the_template_needs_trust():
    config = TEMPLATE._worker.template.config_data

    assert config.keys().isdisjoint({"tasks", "migrations", "jinja_extensions"})


EXAMPLES = [
    (path.name, call, result)
    for path in sorted((ROOT / "template/macros").glob("*.jinja"))
    for call, result in re.findall(
        r"^\{# (\w+\(.*\)) -> (.*) #\}$", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
]


@pytest.mark.parametrize(("file", "call", "result"), EXAMPLES)
def test_an_example_is_true(file, call, result):
    name = call.partition("(")[0]
    source = f'{{% from "template/macros/{file}" import {name} with context %}}{{{{ {call} }}}}'

    said = TEMPLATE._worker.jinja_env.from_string(source).render(TEMPLATE.data)

    assert said.strip() == result


# Parts of code: annotations and values of class attributes, and calls, of every form.
DIGITS = "fields.Decimal18_2"
ANNOTATIONS = [
    "fields.Text",
    "fields.Text | MISSING | None",
    ["Annotated[", [DIGITS, ["Field(", ["le=-240"], ")"]], "]"],
    ["Annotated[", [DIGITS, ["Field(", ["le=-240"], ")"]], "] | MISSING"],
    ["Annotated[", [DIGITS, ["Field(", ["ge=-111767", "le=82572"], ")"]], "] | MISSING | None"],
    ["Mapped[", ["ThingRole | None"], "]"],
]
VALUES = [
    "",
    "MISSING",
    "ThingRole.IN_PROGRESS",
    f'"{"x" * 75}"',
    ["dt.date(", ["2030", "1", "31"], ")"],
    ["Field(", ["default=MISSING", "max_length=351"], ")"],
    ["Field(", [["default=Decimal(", ['"4.00"'], ")"], "sa_type=ExactNumeric(18, 2)"], ")"],
    ["mapped_column(", ["sa.String(3)", "unique=True"], ")"],
    ["mapped_column(", ["JsonColumn", ["default=lambda: {", ['"key": [1, 2]'], "}"]], ")"],
]
CALLS = [
    ["async def get_{}(", ["session: AsyncSession", "thing_{}_id: Id"], ") -> {}: ..."],
    ["def test_{}_are_listed(", ["client: TestClient"], ") -> None: ..."],
    ["wanted = create_{}(", ["client", 'thing_{}_id=parent["id"]'], ")"],
    ["service.delete_{}(", ["session", "thing_{}_id", "query", "if_match"], ")"],
    ["read = client.get(", ['"/{}"', ["params={{", ['"{}": other["{}"]'], "}}"]], ")"],
    ["created = [", ["create_{}(client)", "create_{}(client)", "create_{}(client)"], "]"],
    ["sa.Check(", [['sa.column("{}").in_(', [["[", ['"{}"', '"{}"'], "]"]], ")"], "name=1"], ")"],
]


def test_long_assignments_are_broken_as_ruff_breaks_them():
    assigned = [
        ("x" * width, annotation, value, 4)
        for annotation, value in itertools.product(ANNOTATIONS, VALUES)
        for width in range(1, 34)
    ]
    lines = [
        f"    {name}: {flat(annotation)}{value and f' = {flat(value)}'}"
        for name, annotation, value, _ in assigned
    ]

    made = ["    " + TEMPLATE.call_macro("python", "assign", *values) for values in assigned]

    assert any(line.endswith("(\n        MISSING\n    )") for line in made)
    assert differing(made, formatted_by_ruff(lines)) == []


def test_long_calls_are_broken_as_ruff_breaks_them():
    written = [named(call, "x" * width) for call in CALLS for width in range(1, 34)]

    made = ["    " + TEMPLATE.call_macro("python", "call", *call, 4) for call in written]

    assert any("\n            " in line for line in made)
    assert differing(made, formatted_by_ruff([f"    {flat(call)}" for call in written])) == []


def flat(code):
    return TEMPLATE.call_macro("python", "flat", code)


def named(code, name):
    """The parts with the name in each of their gaps."""
    if isinstance(code, str):
        return code.format(*[name] * code.count("{}"))
    return [named(part, name) for part in code]


def differing(made, expected):
    return [ours for ours, theirs in zip(made, expected, strict=True) if ours != theirs]


def formatted_by_ruff(lines):
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "100", "-"]
    text = "".join(f"class A:\n{line}\n" for line in lines)
    said = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return [body.strip("\n") for body in said.split("class A:\n")[1:]]


@pytest.mark.parametrize("file", ["domain.jinja", "names.jinja", "python.jinja", "rules.jinja"])
def test_every_macro_that_computes_has_an_example(file):
    text = (ROOT / "template/macros" / file).read_text(encoding="utf-8")
    shown = {call.partition("(")[0] for place, call, _ in EXAMPLES if place == file}
    called_with_a_block = {"module"}

    assert set(re.findall(r"{% macro (\w+)\(", text)) - called_with_a_block == shown


def test_a_chain_of_references_may_be_as_long_as_a_blueprint():
    title = {"name": "title", "type": "string"}
    names = [f"thing{number}" for number in range(400)]
    resources = [
        {"name": name, "fields": [title, {"name": "next", "type": "reference", "to": after}]}
        for name, after in zip(names, [*names[1:], "last"], strict=True)
    ]

    made = TEMPLATE.call_macro(
        "domain", "domain", [*resources, {"name": "last", "fields": [title]}], "integer"
    )

    order = [migration["plural"] for migration in json.loads(made)["migrations"]]
    assert order[:2] == ["lasts", "thing399s"]
    assert order[-1] == "thing0s"
