import json
from argparse import ArgumentTypeError

import pytest
from support import matrix

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
    with pytest.raises(ArgumentTypeError):
        matrix.shard([], part)


def listed(capsys, *words):
    matrix.main(words)
    return capsys.readouterr().out


def test_the_choices_are_those_of_the_template(capsys):
    document = json.loads(listed(capsys, "--json", "--set", "core"))

    assert document["set"] == "core"
    assert len(document["variants"]) == 8
    assert document["variants"][0] == {
        "id": "async-sqlalchemy-sqlite",
        **{key: values[0] for key, values in matrix.choices().items()},
    }


def test_a_workflow_gets_one_line(capsys):
    out = listed(capsys, "--github", "--set", "covering", "--shard", "1/2")

    key, _, value = out.partition("=")
    assert key == "matrix"
    assert out.count("\n") == 1
    assert set(json.loads(value)["include"][0]) >= {"id", "api", "docker"}


def test_people_get_the_ids(capsys):
    lines = listed(capsys, "--set", "core").splitlines()

    assert lines == [variant.id for variant in matrix.core()]


def test_all_is_core_and_covering(capsys):
    both, core, covering = (
        json.loads(listed(capsys, "--json", "--set", name))["variants"]
        for name in ("all", "core", "covering")
    )

    known = [{**variant, "id": ""} for variant in core]
    assert both == core + [one for one in covering if {**one, "id": ""} not in known]


@pytest.mark.parametrize("words", [["--set", "cor"], ["--shard", "3/2"]])
def test_a_set_or_a_shard_that_is_none_is_refused(capsys, words):
    with pytest.raises(SystemExit, match="2"):
        listed(capsys, *words)
