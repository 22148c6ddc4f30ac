"""The lists of refused names match the libraries and the rendered service."""

import ast
import builtins
import json
import keyword
import re
import subprocess

import pytest
from support.blueprints.invention import FIELD_NAMES, RESOURCE_NAMES
from support.blueprints.naming import EVERY_TYPE
from support.running.environments import base_python, environment
from support.services.renderings import CORE, TEMPLATE, python_files

ATTRIBUTES = """
import json, warnings
warnings.simplefilter("ignore")
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase
from sqlmodel import SQLModel
names = {n for c in (BaseModel, DeclarativeBase, SQLModel) for n in dir(c) if n[0] != "_"}
connection = sa.create_engine("sqlite://").connect()
for name in [n for n in dir(sa.Row) if n[0] != "_"]:
    row = connection.execute(sa.select(sa.literal("hidden").label(name))).one()
    if getattr(row, name) != "hidden":
        names.add(name)
print(json.dumps(sorted(names)))
"""


@pytest.fixture(scope="module")
def library_names(tmp_path_factory, rendered):
    """The public attributes of the classes that models and schemas derive from, and those of a
    row that hide a column of their name."""
    env = environment()
    folder = tmp_path_factory.mktemp("libraries")
    subprocess.run(
        ["uv", "venv", "--quiet", "--python", base_python(), folder], check=True, env=env
    )
    python = folder / "bin/python"
    wanted = ["pydantic", "sqlalchemy>=2.1", "sqlmodel"]
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", python, *wanted], check=True, env=env
    )
    said = subprocess.run(
        [python, "-c", ATTRIBUTES], check=True, capture_output=True, text=True, env=env
    )
    return json.loads(said.stdout)


@pytest.fixture(scope="module")
def services(rendered):
    """Every type of field in every core variant and with both kinds of key."""
    return [
        rendered(EVERY_TYPE, choices, {"primary_key": key})
        for choices in CORE.values()
        for key in ("integer", "uuid7")
    ]


def refused_as_field(name, **details):
    fields = [{"name": name, "type": "string"} | details]
    return bool(TEMPLATE.validate({"resources": [{"name": "thing", "fields": fields}]}))


def refused_as_resource(name, plural):
    fields = [{"name": "title", "type": "string"}]
    given = [{"name": name, "plural": plural, "fields": fields}]
    return bool(TEMPLATE.validate({"resources": given}))


def test_every_attribute_of_the_libraries_is_refused(library_names):
    assert len(library_names) > 20
    assert [name for name in library_names if not refused_as_field(name)] == []


def test_every_attribute_of_the_classes_of_a_service_is_refused(services):
    """A field would override what its schema or its model inherits from the service."""
    names = {
        name
        for service in services
        for file in ("app/fields.py", "app/base.py", "app/pagination.py")
        for node in ast.parse(service.files[file]).body
        if isinstance(node, ast.ClassDef)
        and node.name in {"Base", "PagingQuery", "ReadSchema", "Schema"}
        for name in attributes(node)
    }

    assert {"cursor", "id", "metadata", "model_config", "version"} <= names
    assert [n for n in names if n[0] != "_" and not refused_as_field(n, index=True)] == []


@pytest.mark.parametrize("word", keyword.kwlist)
def test_every_keyword_is_refused(word):
    assert refused_as_field(word)
    assert refused_as_resource(word, "things")
    assert refused_as_resource("thing", word)


def test_every_module_of_a_service_is_refused_as_a_folder(services):
    modules = {
        match[1]
        for service in services
        for name in service.files
        if (match := re.match(r"(?:app|tests)/(\w+)\.py$", name))
    } - {"__init__"}

    assert {"main", "tables", "database", "conftest", "test_app"} <= modules
    assert [name for name in modules if not refused_as_resource("thing", name)] == []


def test_every_class_that_a_resource_could_clash_with_is_refused(services):
    """The classes of a resource are in modules that also import and define other names."""
    clashing = set()
    for service in services:
        for name, text in python_files(service):
            if re.match(r"app/(things|others)/", name):
                clashing |= set(names_that_clash(class_like_names(ast.parse(text))))

    accepted = [name for name in clashing if not refused_as_resource(snake_case(name), "rows")]

    assert {"Base", "Mapped", "Session"} <= clashing
    assert accepted == []


def test_what_can_be_rendered_is_accepted():
    """The rules refuse no name that can be rendered."""
    resources = ("order", "user", "group", "object", "type", "event", "file", "exception", "task")
    fields = (
        "date",
        "order",
        "type",
        "from_date",
        "user",
        "group",
        "value",
        "key",
        "title",
        "name",
    )

    assert [name for name in resources if refused_as_resource(name, f"{name}_rows")] == []
    assert [name for name in fields if refused_as_field(name)] == []
    assert len(RESOURCE_NAMES) > 100
    assert len(FIELD_NAMES) > 100


def test_a_resource_may_be_called_like_a_builtin():
    words = [name for name in dir(builtins) if name.islower() and name not in keyword.kwlist]

    accepted = [name for name in words if not refused_as_resource(name.strip("_"), "rows")]

    assert len(accepted) > 60


def attributes(tree):
    """What the body of a class defines."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name


def class_like_names(tree):
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {
        name for name in imported | defined | assigned if name[0].isupper() and not name.isupper()
    }


def names_that_clash(names):
    """The resource names whose classes would have the same name as one of these."""
    own = ("Thing", "Other")
    foreign = {name for name in names if not name.startswith(own)}
    for suffix in ("", "Create", "Query", "Read", "Sort", "Update"):
        if any(f"{name}{suffix}" in names for name in own):
            clashing = (name.removesuffix(suffix) for name in foreign if name.endswith(suffix))
            yield from filter(None, clashing)


def snake_case(name):
    """The resource name that gives a class name: utc_datetime for UtcDatetime, u_r_l for URL."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
