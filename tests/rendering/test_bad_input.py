"""A blueprint that would not give working code is refused, and the message names the field."""

import datetime as dt
import json
import re
import subprocess
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.blueprints import refusals
from support.running.environments import environment
from support.services.renderings import TEMPLATE, copy_of_template
from trellis.blueprint.field_types import read_vocabulary
from trellis.errors import escape

# One case of each kind is tried by flags, files and plain Copier.
SAMPLE = [
    "resources are a text",
    "an unknown key of a field",
    "a dangling reference",
    "a default too long",
    "YAML's yes as a value",
    "a control character",
    "a bidi override in a text",
    "no such api",
]


@pytest.fixture
def blueprint(request, tmp_path):
    """A blueprint file with the case's values, and the place that the message must name."""
    values, place = refusals.CASES[request.param]
    path = tmp_path / "blueprint.yml"
    path.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return path, place


@pytest.mark.parametrize("case", refusals.CASES)
def test_the_rules_name_the_field(case):
    values, place = refusals.CASES[case]

    problems = TEMPLATE.validate(values)

    assert [problem.where for problem in problems] == [place]
    assert 10 < len(problems[0].what) < 400
    assert escape(problems[0].what) == problems[0].what


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(max_size=4)
    | st.dates()
    | st.sampled_from(["task", "enum", "decimal", "reference", "string", "json", "2030-01-31"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
WORDS = read_vocabulary()
field_keys = sorted({"name", "default", *WORDS.modifiers, "index", *WORDS.options})


def fields_of_type(kind):
    """Most of the drawn keys belong to the type, so that every check runs."""
    spec = WORDS.types[kind]
    known = sorted({"default", *WORDS.modifiers, *spec.arguments, *spec.options})
    keys = st.sampled_from(known) | st.sampled_from([*known, *known, *field_keys])
    rest = st.dictionaries(keys, anything | st.integers(-3, 70), max_size=5)
    needed = {"enum": {"values": ["a"]}, "reference": {"to": "task"}}.get(kind, {})
    return rest.map(lambda given: {"name": "title", "type": kind} | needed | given)


wild_fields = st.sampled_from(sorted(WORDS.types)).flatmap(fields_of_type)
wild_resources = st.lists(
    st.fixed_dictionaries({"name": st.just("task") | anything, "fields": st.lists(wild_fields)})
    | st.dictionaries(st.sampled_from(["name", "plural", "fields"]), anything)
    | anything,
    max_size=2,
)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(wild_resources | anything)
def test_no_value_is_too_odd_for_the_rules(resources):
    for problem in TEMPLATE.validate({"resources": resources}):
        assert problem.where.startswith("resources")
        assert escape(problem.what) == problem.what


@given(st.dates())
def test_a_date_is_a_default_if_and_only_if_it_exists(day):
    pattern = TEMPLATE.data["field_types"]["date"]["pattern"]

    for text in (day.isoformat(), f"{day:%Y-%m}-29", f"{day:%Y-%m}-30", f"{day:%Y-%m}-31"):
        assert bool(re.match(pattern, text.zfill(10))) == is_date(text.zfill(10))


def is_date(text):
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def test_a_python_without_quotes_is_told_about_them():
    (exact,) = TEMPLATE.validate({"python_version": 3.11})
    (cut,) = TEMPLATE.validate({"python_version": 3.1})

    assert exact.what == "must be text, not a number; put it in quotes: '3.11'"
    assert cut.what.startswith("must be text, not a number; use one of these, in quotes: '3.13'")


def test_all_problems_are_told_at_once():
    fields = [{"name": "class", "type": "string"}, {"name": "a", "type": "strng"}]
    values = {"resources": [{"name": "task", "fields": fields}, {"name": "if", "fields": fields}]}

    first = TEMPLATE.validate(values)
    second = TEMPLATE.validate({"resources": values["resources"][:1], "author_email": "x"})

    assert [problem.where for problem in first] == ["resources[1].name"]
    assert [problem.where for problem in second] == [
        "author_email",
        "resources[0].fields[0].name",
        "resources[0].fields[1].type",
    ]


@pytest.mark.parametrize("blueprint", SAMPLE, indirect=True)
def test_trellis_new_refuses_it(blueprint, tmp_path):
    path, place = blueprint

    command = [sys.executable, "-m", "trellis", "new", "made", "--from", path.name, "--yes"]
    completed = run(command, tmp_path)

    assert completed.returncode == 4
    assert completed.stdout == ""
    assert len(completed.stderr.splitlines()) <= 5
    assert place in completed.stderr
    assert "Traceback" not in completed.stderr
    assert all(character.isprintable() or character == "\n" for character in completed.stderr)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("blueprint", SAMPLE[:3], indirect=True)
def test_plain_copier_refuses_it(blueprint, tmp_path):
    path, place = blueprint
    template = copy_of_template(tmp_path / "template")

    command = ["copier", "copy", "--defaults", "--data-file", path.name]
    completed = run([sys.executable, "-m", *command, str(template), "made"], tmp_path)

    assert completed.returncode != 0
    assert place in completed.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "word",
    [
        "title:strng",
        "title:string:unique:unique",
        "Title:string",
        "title",
        "author:ref:user",
        "state:enum:a,a",
        "price:decimal:2,3",
        "done:boolean:default=maybe",
    ],
)
def test_the_shorthand_is_held_to_the_same_rules(word, tmp_path):
    command = [sys.executable, "-m", "trellis", "new", "made", "-r", f"task {word}", "--yes"]

    completed = run([*command, "--no-install", "--no-git"], tmp_path)

    assert completed.returncode in {2, 4}
    assert list(tmp_path.iterdir()) == []
    assert "resources[0].fields[0]" in completed.stderr or repr(word) in completed.stderr


def test_a_refusal_is_a_document_for_programs(tmp_path):
    command = [sys.executable, "-m", "trellis", "new", "made", "--json", "-d", "api=asnyc"]

    completed = run(command, tmp_path)

    error = json.loads(completed.stdout)["error"]
    assert completed.returncode == error["exit_code"] == 4
    assert [problem["where"] for problem in error["problems"]] == ["api"]
    assert list(tmp_path.iterdir()) == []


def run(command, folder):
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
