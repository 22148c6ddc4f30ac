"""The command line and the guide match the real template."""

import inspect
import re

import pytest
import typer
import yaml
from support import matrix
from trellis import cli
from trellis.blueprint.field_types import read_vocabulary
from trellis.blueprint.shorthand import format_resource, parse_resource
from trellis.commands.new import list_flags, new
from trellis.template import source
from trellis.template import version as template

if source.find_checkout() is None:
    pytest.skip("there is no template beside this package", allow_module_level=True)


def problem(**field):
    resources = [{"name": "post", "fields": [{"name": "title", **field}]}]
    return "\n".join(map(str, template.open_own().validate({"resources": resources})))


def test_every_question_has_its_flag():
    asked = {question.name for question in template.open_own().questions}

    assert asked == {*list_flags(), "resources"}


def test_the_flags_are_those_of_the_command():
    words = {flag.partition("/")[0] for flag in list_flags().values()}
    parameters = typer.main.get_command(cli.app).commands["new"].params

    assert words <= {word for parameter in parameters for word in parameter.opts}
    assert list_flags()["python_version"] == "--python"


def test_the_help_lists_the_values_of_each_choice():
    hints = inspect.signature(new).parameters
    choices = matrix.choices()

    for key in ("api", "orm", "database", "primary_key", "ci", "telemetry"):
        option = hints[key].annotation.__metadata__[0]
        assert option.metavar == "|".join(choices[key])


def test_the_defaults_are_valid():
    assert template.open_own().validate({}) == []


def test_the_shorthand_knows_every_field_type():
    listed = re.search(r"one of (.*)$", problem(type="strng"))[1]

    assert listed.split(", ") == [kind.name for kind in read_vocabulary().types.values()]


@pytest.mark.parametrize("kind", read_vocabulary().types.values(), ids=lambda kind: kind.name)
def test_the_template_accepts_the_example_of_each_type(kind):
    resources = [parse_resource(f"post {kind.example}"), parse_resource("user name:string")]

    assert template.open_own().validate({"resources": resources}) == []


def test_the_guide_lists_every_field_type_with_its_keys():
    guide = (source.find_checkout() / "docs/guide.md").read_text(encoding="utf-8")
    table = guide.partition("## Field types")[2].partition("\n\nAny field")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|[^|]*\|$", table, flags=re.MULTILINE)

    documented = {name: set(re.findall(r"`(\w+)`", keys)) for name, keys in rows}
    assert documented == {n: {*k.arguments, *k.options} for n, k in read_vocabulary().types.items()}


@pytest.mark.parametrize("modifier", read_vocabulary().modifiers)
def test_the_template_knows_every_modifier(modifier):
    assert problem(type="string", **{modifier: True}) == ""


@pytest.mark.parametrize("rule", read_vocabulary().on_delete)
def test_the_template_knows_every_rule_of_deletion(rule):
    text = f"post author:ref:post:{rule}:optional"

    assert template.open_own().validate({"resources": [parse_resource(text)]}) == []


@pytest.mark.parametrize(
    "word",
    [
        "done:boolean:default=false",
        "age:integer:default=-3:min=-5",
        "rate:float:default=1",
        "rate:float:default=0.5:min=0",
        "price:decimal:10,2:default=9.99:min=0.5",
        "price:decimal:18,10:default=12345678.0123456789",
        "born:date:default=2024-01-31",
        "at:datetime:default=2024-01-31T10:30:00Z",
        "key:uuid:default=00000000-0000-4000-8000-000000000000",
        "meta:json:default=[1,true,null]",
        "role:enum:a,b:default=b",
        "name:string:10:default=5",
    ],
)
def test_defaults_of_the_shorthand_are_as_the_template_wants_them(word):
    assert template.open_own().validate({"resources": [parse_resource(f"post {word}")]}) == []


@pytest.mark.parametrize(
    "word",
    [
        "done:boolean:default=maybe",
        "age:integer:default=x",
        "price:decimal:10,2:default=9.999",
        "born:date:default=2024-02-31",
        "role:enum:a,b:default=c",
        "name:string:3:default=long",
    ],
)
def test_defaults_outside_their_type_are_refused_by_the_template(word):
    problems = template.open_own().validate({"resources": [parse_resource(f"post {word}")]})

    assert [problem.where for problem in problems] == ["resources[0].fields[0].default"]


def test_the_covering_array_covers_the_real_choices():
    assert matrix.uncovered_pairs(matrix.covering(), matrix.choices()) == set()
    assert len(matrix.core()) == 8


def test_the_default_resources_have_a_shorthand():
    assert all(
        format_resource(resource) for resource in template.open_own().complete({})["resources"]
    )


def test_rendering_gives_what_the_blueprint_says(tmp_path):
    template.open_own().render({"project_name": "Blog API"}, tmp_path / "blog")

    recorded = yaml.safe_load((tmp_path / "blog/.copier-answers.yml").read_text())
    assert recorded["project_name"] == "Blog API"
    assert recorded["_src_path"] == source.URL
