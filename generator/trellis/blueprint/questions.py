"""What a template asks: the closed lists and the free texts of a blueprint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ANSWERS_FILE = ".copier-answers.yml"


@dataclass(frozen=True)
class Question:
    """One question of copier.yml. `default` is as written there, unrendered."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[tuple[str, Any], ...] = ()
    validator: str = ""

    @classmethod
    def read(cls, name: str, details: Mapping[str, Any]) -> "Question":
        """A question from its entry in copier.yml, whose choices are a list or title: value."""
        # Of several choices at once the template's own validator has to judge.
        choices = () if details.get("multiselect") else details.get("choices") or ()
        pairs = choices.items() if isinstance(choices, Mapping) else map(_pair, choices)
        default = details.get("default")
        return cls(
            name=name,
            type=details.get("type") or ("yaml" if default is None else type(default).__name__),
            help=str(details.get("help", "")),
            default=default,
            choices=tuple((str(title), value) for title, value in pairs),
            validator=str(details.get("validator", "")),
        )

    @property
    def values(self) -> tuple[Any, ...]:
        """The closed list of answers, the default first; empty when any text will do."""
        known = (True, False) if self.type == "bool" else tuple(value for _, value in self.choices)
        return tuple(sorted(known, key=lambda value: value != self.default))


def list_choices(questions: Sequence[Question]) -> dict[str, tuple[Any, ...]]:
    """The choices, each with its values."""
    return {question.name: question.values for question in questions if question.values}


def _pair(choice: Any) -> tuple[Any, Any]:
    return (choice[0], choice[1]) if isinstance(choice, (list, tuple)) else (choice, choice)
