"""The template's own machinery carries nothing that no service needs."""

import json
import re

import pytest
from support.services import BLUEPRINTS, CORE, ROOT, TEMPLATE, python_files

PYTHON_MACROS = (ROOT / "template/macros/python.jinja").read_text(encoding="utf-8")
TWINS = re.findall(r'^  \("(.+?)", "(.*?)"\),$', PYTHON_MACROS, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def async_sources(rendered):
    """Everything that async services are written in; `add` what only some of them have."""
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

    # What verbs ask for, migrations of services that exist, they ask for by its name.
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


@pytest.mark.parametrize("file", ["names.jinja", "rules.jinja"])
def test_every_macro_that_computes_has_an_example(file):
    text = (ROOT / "template/macros" / file).read_text(encoding="utf-8")
    shown = {call.partition("(")[0] for place, call, _ in EXAMPLES if place == file}

    assert set(re.findall(r"{% macro (\w+)\(", text)) == shown


def test_a_chain_of_references_may_be_as_long_as_a_blueprint():
    title = {"name": "title", "type": "string"}
    names = [f"thing{number}" for number in range(400)]
    resources = [
        {"name": name, "fields": [title, {"name": "next", "type": "reference", "to": after}]}
        for name, after in zip(names, [*names[1:], "last"], strict=True)
    ]

    made = TEMPLATE.macro(
        "domain", "domain", [*resources, {"name": "last", "fields": [title]}], "integer"
    )

    order = [migration["plural"] for migration in json.loads(made)["migrations"]]
    assert order[:2] == ["lasts", "thing399s"]
    assert order[-1] == "thing0s"
