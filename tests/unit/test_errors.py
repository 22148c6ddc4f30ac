import ast
from pathlib import Path

import pytest
import trellis
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

    lines = errors.message_lines(BlueprintError.from_problems(problems, where="blog.yml"))

    assert len(lines) == 5
    assert lines[0] == "error: resources[0].name: is a keyword"
    assert lines[3] == "       … and 6 more"


@pytest.mark.parametrize("kind", subclasses(TrellisError), ids=lambda kind: kind.__name__)
def test_every_error_has_a_documented_exit_code_of_its_own(kind):
    assert kind.exit_code in errors.EXIT_CODES
    # A subclass has the exit code of its base class.
    others = [k for k in subclasses(TrellisError) if not issubclass(kind, k) and k is not kind]
    assert kind.exit_code not in {k.exit_code for k in others if not issubclass(k, kind)}


FRAGMENTS = ("is ", "are ", "was ", "has ", "had ", "does ", "cannot ", "could ", "lies ", "must ")


def literal(expression, function):
    """The literal strings that a message begins with, also through a variable."""
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.BinOp(left=left):
            yield from literal(left, function)
        case ast.IfExp(body=body, orelse=other):
            yield from [*literal(body, function), *literal(other, function)]
        case ast.Name(id=name):
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
                    yield from literal(node.value, function)


def messages():
    for path in sorted(Path(trellis.__file__).parent.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    name = getattr(getattr(node, "func", None), "id", "")
                    if isinstance(node, ast.Call) and name.endswith("Error") and node.args:
                        yield from literal(node.args[0], function)


def test_messages_are_whole_where_they_are_raised():
    found = list(messages())

    assert len(found) > 60
    assert [text for text in found if text.startswith(FRAGMENTS)] == []
