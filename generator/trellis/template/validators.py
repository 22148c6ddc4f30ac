"""The rules of a template: defaults and validators of copier.yml, rendered as Jinja."""

from collections.abc import Mapping, Sequence
from typing import Any

from trellis.errors import Problem, TemplateError, escape
from trellis.names import not_one_of, suggest
from trellis.blueprint.questions import Question


class Rules:
    """The defaults and validators of the questions, in the template's own Jinja environment."""

    def __init__(
        self, environment: Any, questions: Sequence[Question], data: Mapping[str, Any]
    ) -> None:
        self._environment = environment
        self._data = data
        self.questions = questions

    def validate(self, values: Mapping[str, Any]) -> list[Problem]:
        """What the rules say against the values, defaults filled in."""
        complete = self.complete(values)
        known = dict(self._data)
        problems = []
        for question in self.questions:
            known[question.name] = complete[question.name]
            problems += self._judge(question, known)
        return problems

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """An answer to each question: the value, else the default."""
        known: dict[str, Any] = {}
        for question in self.questions:
            given = question.name in values
            default = None if given else self._default(question, {**values, **known})
            known[question.name] = values[question.name] if given else default
        return known

    def _default(self, question: Question, known: Mapping[str, Any]) -> Any:
        import yaml
        from jinja2 import TemplateError as JinjaError

        if question.default is None and question.type == "str":
            return ""
        if not isinstance(question.default, str):
            return str(question.default) if question.type == "str" else question.default
        try:
            text = self._environment.from_string(question.default).render(known)
        except JinjaError as error:
            what = f"the default of {question.name} cannot be rendered: {error}"
            raise TemplateError(what) from error
        return text if question.type == "str" else yaml.safe_load(text)

    def _judge(self, question: Question, known: Mapping[str, Any]) -> list[Problem]:
        value = known[question.name]
        if complaint := question.find_complaint(value):
            return [Problem(question.name, complaint)]
        if question.choices and value not in question.values:
            return [Problem(question.name, not_one_of(str(value), question.values))]
        if not question.validator:
            return []
        said = self._environment.from_string(question.validator).render(known)
        lines = filter(None, map(str.strip, said.split("\n")))
        return [_make_problem(question.name, line) for line in lines]


def _make_problem(name: str, line: str) -> Problem:
    """`resources[0].name: what` names its own place; anything else is about the question."""
    where, colon, what = line.partition(": ")
    if colon and where.startswith(name) and " " not in where:
        return Problem(where, escape(suggest(what)))
    return Problem(name, escape(suggest(line)))
