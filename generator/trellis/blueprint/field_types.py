"""The field types: template/field_types.yml, of which the wheel carries a copy."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALIASES = {"ref": "reference"}


@dataclass(frozen=True)
class FieldType:
    """A type, and the keys that the arguments after its name fill, in order."""

    name: str
    summary: str = ""
    example: str = ""
    arguments: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


@functools.cache
def field_types() -> dict[str, FieldType]:
    """Every field type under its name."""
    return {
        name: FieldType(
            name=name,
            summary=details["summary"],
            example=details["example"],
            arguments=tuple(details.get("arguments", ())),
            options=tuple(details.get("options", ())),
            defaults=details.get("defaults", {}),
        )
        for name, details in _data("field_types").items()
    }


def modifiers() -> dict[str, str]:
    """What a field may be beside its type, each with its meaning."""
    return dict(_data("modifiers"))


def on_delete() -> tuple[str, ...]:
    """What may become of a row whose target is deleted."""
    return tuple(_data("on_delete"))


def options() -> set[str]:
    """The keys that the shorthand writes as `key=value`."""
    return {"default"}.union(*(kind.options + kind.arguments for kind in field_types().values()))


def _data(question: str) -> Any:
    return _questions()[question]["default"]


@functools.cache
def _questions() -> Mapping[str, Any]:
    import yaml

    beside = Path(__file__).with_name("field_types.yml")
    checkout = Path(__file__).parents[3] / "template" / beside.name
    text = (beside if beside.exists() else checkout).read_text(encoding="utf-8")
    questions: Mapping[str, Any] = yaml.safe_load(text)
    return questions
