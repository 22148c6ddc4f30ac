import pytest
from trellis import errors
from trellis.errors import BlueprintError, Problem, TrellisError


def subclasses(kind):
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))]


def test_what_moves_a_cursor_is_escaped():
    assert errors.escape("a\x1b[31mb\n\u202ec\u2028\ud800") == r"a\x1b[31mb\n\u202ec\u2028\ud800"


def test_letters_of_any_script_are_not():
    text = "Zoë שלום 日本 👩‍💻"

    assert errors.escape(text) == text


def test_an_error_says_what_where_and_how_to_fix():
    error = TrellisError("is a file", where="blog", fix="name another place")

    assert errors.message_lines(error) == [
        "error: is a file",
        "  in:  blog",
        "  fix: name another place",
    ]


def test_many_problems_take_five_lines():
    problems = [Problem(f"resources[{n}].name", "is a keyword") for n in range(9)]

    lines = errors.message_lines(BlueprintError.of(problems, where="blog.yml"))

    assert len(lines) == 5
    assert lines[0] == "error: resources[0].name: is a keyword"
    assert lines[3] == "       … and 6 more"


@pytest.mark.parametrize("kind", subclasses(TrellisError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_documented_exit_code_of_its_own(kind):
    assert kind.exit_code in errors.EXIT_CODES
    assert [k for k in subclasses(TrellisError) if k.exit_code == kind.exit_code] == [kind]
