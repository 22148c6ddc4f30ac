import json

import pytest
from trellis.commands import variants as matrix
from trellis.errors import UsageError

CHOICES = {
    "python_version": ("3.13", "3.11", "3.12"),
    "api": ("async", "sync"),
    "orm": ("sqlalchemy", "sqlmodel"),
    "database": ("sqlite", "postgres"),
    "ci": ("github", "none"),
    "docker": (True, False),
}


def test_the_core_variants_are_eight_with_plain_names():
    core = matrix.core(CHOICES)

    assert [variant.id for variant in core][:2] == [
        "async-sqlalchemy-sqlite",
        "async-sqlalchemy-postgres",
    ]
    assert len(core) == 8
    assert {variant.choices["docker"] for variant in core} == {True}
    assert {variant.choices["python_version"] for variant in core} == {"3.13"}


def test_the_covering_array_lets_every_two_values_meet():
    covering = matrix.covering(CHOICES)

    assert matrix.uncovered_pairs(covering, CHOICES) == set()
    assert len(covering) < 12


def test_a_missing_variant_is_noticed():
    assert matrix.uncovered_pairs(matrix.covering(CHOICES)[1:], CHOICES)


@pytest.mark.parametrize("make", [matrix.core, matrix.covering, matrix.full])
def test_every_variant_is_complete_has_a_name_of_its_own_and_its_place(make):
    variants = make(CHOICES)

    assert all(list(variant.choices) == list(CHOICES) for variant in variants)
    assert len({variant.id for variant in variants}) == len(variants)
    assert variants == make(CHOICES)


def test_the_full_set_is_the_product():
    assert len(matrix.full(CHOICES)) == 3 * 2**5


def test_shards_are_disjoint_and_complete():
    variants = matrix.full(CHOICES)

    shards = [matrix.shard(variants, f"{number}/5") for number in range(1, 6)]

    assert sorted(v.id for part in shards for v in part) == sorted(v.id for v in variants)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("part", ["", "1", "0/2", "3/2", "1/0", "a/b", "-1/2", "1/2/3", "²/3"])
def test_a_shard_that_is_none_is_refused(part):
    with pytest.raises(UsageError):
        matrix.shard([], part)


def test_the_choices_are_those_of_the_template(trellis):
    document = trellis("matrix", "--json", "--set", "core").document

    assert document["set"] == "core"
    assert len(document["variants"]) == 8
    assert document["variants"][0] == {
        "id": "async-sqlalchemy-sqlite",
        "python_version": "3.13",
        "api": "async",
        "orm": "sqlalchemy",
        "database": "sqlite",
        "docker": True,
    }


def test_a_workflow_gets_one_line(trellis):
    result = trellis("matrix", "--github", "--set", "covering", "--shard", "1/2")

    key, _, value = result.out.partition("=")
    assert key == "matrix"
    assert result.out.count("\n") == 1
    assert set(json.loads(value)["include"][0]) >= {"id", "api", "docker"}


def test_people_get_a_table(trellis):
    lines = trellis("matrix", "--set", "core").out.splitlines()

    assert lines[0].split()[:3] == ["python_version", "api", "orm"]
    assert len(lines) == 9


def test_all_is_core_and_covering(trellis):
    both, core, covering = (
        trellis("matrix", "--json", "--set", name).document["variants"]
        for name in ("all", "core", "covering")
    )

    known = [{**variant, "id": ""} for variant in core]
    assert both == core + [one for one in covering if {**one, "id": ""} not in known]


def test_an_unknown_set_is_refused(trellis):
    result = trellis("matrix", "--set", "cor")

    assert result.code == 2
    assert "did you mean core?" in result.err


def test_options_are_data_too(trellis):
    document = trellis("options", "--json").document

    choices = {choice["key"]: choice for choice in document["choices"]}
    assert choices["api"]["values"][0] == {"value": "async", "title": "async"}
    assert choices["orm"]["values"][1] == {"value": "sqlmodel", "title": "SQLModel"}
    assert choices["api"]["default"] == "async"
    assert choices["api"]["help"] == "Which API?"
    assert choices["project_name"]["values"] == []
    assert {kind["name"] for kind in document["field_types"]} >= {"string", "reference"}
    assert [modifier["name"] for modifier in document["modifiers"]][:2] == ["optional", "unique"]


def test_options_are_a_table_for_people(trellis):
    out = trellis("options").out

    assert "async, sync" in out
    assert "price:decimal:10,2" in out
