import pytest
from trellis import names


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("blog", "Blog"),
        ("blog-api", "Blog API"),
        ("my_shop.service", "My Shop Service"),
        ("McDuck", "McDuck"),
        ("été", "Été"),
        ("日本", "日本"),
        ("--", ""),
    ],
)
def test_a_folder_names_its_project(folder, expected):
    assert names.name_project(folder) == expected


def test_a_misspelt_name_finds_its_neighbour():
    assert names.find_nearest("asnc", ["async", "sync"]) == "async"
    assert names.find_nearest("POSTGRES", ["sqlite", "postgres"]) == "postgres"
    assert names.find_nearest("zzz", ["async", "sync"]) is None


def test_a_refused_word_is_followed_by_the_list():
    message = names.not_one_of("asnc", ["async", "sync"])

    assert message == "'asnc' is not a choice; did you mean async? Use one of async, sync"


def test_a_rule_that_names_a_closed_list_gets_a_suggestion():
    message = names.suggest("'strng' is not a field type; use one of text, string")

    assert message == "'strng' is not a field type; did you mean string? Use one of text, string"
    assert names.suggest("'x' is a keyword; choose another") == "'x' is a keyword; choose another"
