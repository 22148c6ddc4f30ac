"""What a template asks: the closed lists and the free texts of a blueprint."""

from collections.abc import Mapping
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
        pairs = choices.items() if isinstance(choices, Mapping) else map(_split_choice, choices)
        default = details.get("default")
        return cls(
            name=name,
            type=_infer_type(details),
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

    def find_complaint(self, value: Any) -> str:
        """What is wrong with a value's type; nothing when it is right."""
        if self.type == "str" and not isinstance(value, str):
            return f"must be text, not {_describe_kind(value)}{self._suggest_quotes(value)}"
        if self.type == "bool" and not isinstance(value, bool):
            return f"must be true or false, not {_describe_kind(value)}"
        if isinstance(self.default, list) and not isinstance(value, list):
            return f"must be a list, not {_describe_kind(value)}"
        return ""

    def _suggest_quotes(self, value: Any) -> str:
        if not isinstance(value, (int, float)):
            return ""
        written = str(value).lower() if isinstance(value, bool) else str(value)
        if self.values and written not in self.values:
            # YAML reads 3.10 as 3.1: what was written is not known any more.
            return "; use one of these, in quotes: " + ", ".join(map(repr, self.values))
        return f"; put it in quotes: '{written}'"


def _split_choice(choice: Any) -> tuple[Any, Any]:
    return (choice[0], choice[1]) if isinstance(choice, (list, tuple)) else (choice, choice)


def _infer_type(details: Mapping[str, Any]) -> str:
    """The type that is given, else that of the default; several choices at once are a list."""
    default = details.get("default")
    if details.get("multiselect"):
        return "yaml"
    return details.get("type") or ("yaml" if default is None else type(default).__name__)


def _describe_kind(value: Any) -> str:
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
