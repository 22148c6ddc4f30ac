"""Whether values are of the kind that their questions ask for; the rest is for the rules."""

from collections.abc import Sequence
from typing import Any

from trellis.blueprint import Given
from trellis.errors import BlueprintError, Problem
from trellis.names import not_one_of
from trellis.questions import Question


def misshapen(given: Given, questions: Sequence[Question]) -> list[Problem]:
    """Keys that nobody asked for, and values of another kind than the question's."""
    by_name = {question.name: question for question in questions}
    problems = []
    for key, value in given.values.items():
        if key not in by_name:
            problems.append(Problem(str(key), not_one_of(str(key), by_name, "a known key")))
        elif complaint := _complaint(value, by_name[key]):
            problems.append(Problem(key, complaint))
    return problems


def check_shape(given: Given, questions: Sequence[Question]) -> None:
    """Refuses what is misshapen."""
    if problems := misshapen(given, questions):
        raise BlueprintError.of(problems, where=given.where(problems))


def _complaint(value: Any, question: Question) -> str:
    kind = question.type
    if kind == "str" and not isinstance(value, str):
        return f"must be text, not {_kind(value)}{_in_quotes(value, question)}"
    if kind == "bool" and not isinstance(value, bool):
        return f"must be true or false, not {_kind(value)}"
    if kind == "yaml" and not isinstance(value, list):
        return f"must be a list, not {_kind(value)}"
    return ""


def _in_quotes(value: Any, question: Question) -> str:
    if not isinstance(value, (int, float)):
        return ""
    written = str(value).lower() if isinstance(value, bool) else str(value)
    if question.values and written not in question.values:
        # YAML reads 3.10 as 3.1: what was written is not known any more.
        return "; use one of these, in quotes: " + ", ".join(map(repr, question.values))
    return f"; put it in quotes: '{written}'"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
    }
    return f"{value!r}" if isinstance(value, str) else names.get(type(value), "this")
