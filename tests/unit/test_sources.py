from itertools import pairwise

import pytest
from trellis.blueprint import sources
from trellis.blueprint.questions import Question
from trellis.errors import BlueprintError, UsageError

QUESTIONS = (
    Question("project_name", "str", "", "Tiny"),
    Question("python_version", "str", "", "3.13", (("3.13", "3.13"), ("3.11", "3.11"))),
    Question("api", "str", "", "async", (("async", "async"), ("sync", "sync"))),
    Question("docker", "bool", "", True),
    Question("resources", "yaml", "", []),
)


def given(values, source="blog.yml"):
    result = sources.GivenValues()
    result.add(values, source)
    return result


# Each list contains the previous list ten times.
BOMB = "a: &a [1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in pairwise("abcdefghi")
)


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "blog.yml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_file_is_a_mapping(write):
    path = write("\ufeffproject_name: Blog\nresources:\n  - {name: post, fields: []}\n")

    assert sources.load(path) == {
        "project_name": "Blog",
        "resources": [{"name": "post", "fields": []}],
    }


def test_dates_are_the_texts_that_they_were(write):
    assert sources.load(write("a: 2024-01-31\nb: 2024-01-31T10:00:00Z\n")) == {
        "a": "2024-01-31",
        "b": "2024-01-31T10:00:00+00:00",
    }


def test_texts_are_composed(write):
    assert sources.load(write("project_name: Zoe\u0308\n")) == {"project_name": "Zo\u00eb"}


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        ("api: sync\napi: async\n", "the key 'api' is given twice", "line 2, column 1"),
        ("a:\n - {name: a, name: b}\n", "the key 'name' is given twice", "line 2, column 14"),
        ("api: [sync\n", "is not valid YAML", "line 2, column 1"),
        ("api: !!python/name:os.system\n", "is not valid YAML", "line 1, column 6"),
        ("? [a, b]\n: c\n", "a key must be a word", "line 1, column 3"),
        ("api: a\n---\napi: b\n", "is not valid YAML", "line 2"),
        ("- a\n", "a blueprint is a mapping", "blog.yml"),
        ("", "a blueprint is a mapping", "blog.yml"),
        (b"api: \xff\n", "is not UTF-8 text", "byte 6"),
        ("a: " + "[" * 5000, "nested too deeply", "line 1"),
        ("a: " + "9" * 5000, "is not valid YAML", "blog.yml"),
        ("a: 2024-02-31", "is not valid YAML", "blog.yml"),
        ("a: \x07", "is not valid YAML", "blog.yml"),
        ("# " + "x" * sources.MAX_BYTES, "is larger than", "blog.yml"),
        (BOMB, "more than", "blog.yml"),
        ("a: &a [*a]\n", "is not valid YAML", "blog.yml"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_blueprint_is_refused_with_its_place(write, content, what, where):
    path = write(content)

    with pytest.raises(BlueprintError) as caught:
        sources.load(path)

    assert what in caught.value.what
    assert where in caught.value.where
    assert str(path) in caught.value.where


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BlueprintError, match="there is no such file"):
        sources.load(tmp_path / "none.yml")


def test_a_directory_is_refused(tmp_path):
    with pytest.raises(BlueprintError, match="is a directory"):
        sources.load(tmp_path)


def test_endless_files_are_not_read_to_their_end():
    with pytest.raises(BlueprintError, match="is larger than"):
        sources.load(sources.Path("/dev/zero"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"databse": "x"}, "databse: 'databse' is not a known key. Use one of"),
        ({"apii": "x"}, "apii: 'apii' is not a known key; did you mean api?"),
        ({"slug": "x"}, "slug: 'slug' is not a known key"),
        ({3: "x"}, "3: '3' is not a known key"),
        ({"project_name": 3}, "project_name: must be text, not a number; put it in quotes: '3'"),
        ({"python_version": 3.1}, "not a number; use one of these, in quotes: '3.13', '3.11'"),
        ({"api": False}, "api: must be text, not a boolean; use one of these, in quotes: 'async'"),
        ({"api": None}, "api: must be text, not nothing"),
        ({"api": ["sync"]}, "api: must be text, not a list"),
        ({"docker": "maybe"}, "docker: must be true or false, not 'maybe'"),
        ({"docker": 1}, "docker: must be true or false, not a number"),
        ({"resources": {"name": "x"}}, "resources: must be a list, not a mapping"),
        ({"resources": None}, "resources: must be a list, not nothing"),
    ],
)
def test_values_of_another_kind_are_refused(values, message):
    with pytest.raises(BlueprintError) as caught:
        sources.check_types(given(values), QUESTIONS)

    assert message in str(caught.value.problems[0])
    assert caught.value.where == "blog.yml"


def test_every_problem_is_told():
    with pytest.raises(BlueprintError) as caught:
        sources.check_types(given({"a": 1, "docker": 1}), QUESTIONS)

    assert len(caught.value.problems) == 2


def test_assignments_are_read_as_their_question_asks():
    items = ["api=sync", "docker=no", "resources=[{name: a, fields: []}]", "project_name=a=b"]

    assert sources.parse_assignments(items, QUESTIONS) == {
        "api": "sync",
        "docker": False,
        "resources": [{"name": "a", "fields": []}],
        "project_name": "a=b",
    }


@pytest.mark.parametrize("items", [["api"], ["api=sync", "api=async"]])
def test_assignments_are_complete_and_single(items):
    with pytest.raises(UsageError):
        sources.parse_assignments(items, QUESTIONS)


def test_resources_of_the_command_line_follow_those_of_the_file():
    before = given({"resources": [{"name": "user", "fields": []}]})

    result = sources.parse_resources(["post title:string"], before)

    assert [resource["name"] for resource in result] == ["user", "post"]


@pytest.mark.parametrize("words", [["user a:string"], ["post a:string", "post b:string"]])
def test_a_resource_is_given_once(words):
    before = given({"resources": [{"name": "user", "fields": []}]})

    with pytest.raises(BlueprintError, match="is given twice"):
        sources.parse_resources(words, before)


def test_the_finished_blueprint_is_trimmed_and_in_order():
    values = {"api": "sync", "project_name": "  Zoe\u0308 "}

    assert list(sources.normalize_answers(values, QUESTIONS).items()) == [
        ("project_name", "Zo\u00eb"),
        ("api", "sync"),
    ]
