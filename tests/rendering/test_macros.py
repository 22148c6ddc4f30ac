"""The template's own machinery carries nothing that no service needs."""

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
