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


@dataclass(frozen=True)
class Vocabulary:
    """The words of the shorthand: types and modifiers by their names."""

    types: Mapping[str, FieldType]
    modifiers: Mapping[str, str]
    """Each with its meaning."""
    on_delete: tuple[str, ...]
    """What may become of a row whose target is deleted."""
    options: frozenset[str]
    """The keys that are written as `key=value`."""


@functools.cache
def read_vocabulary() -> Vocabulary:
    """The words that template/field_types.yml lists."""
    import yaml

    beside = Path(__file__).with_name("field_types.yml")
    checkout = Path(__file__).parents[3] / "template" / beside.name
    text = (beside if beside.exists() else checkout).read_text(encoding="utf-8")
    listed = {name: question["default"] for name, question in yaml.safe_load(text).items()}
    types = {
        name: FieldType(
            name=name,
            summary=details["summary"],
            example=details["example"],
            arguments=tuple(details.get("arguments", ())),
            options=tuple(details.get("options", ())),
            defaults=details.get("defaults", {}),
        )
        for name, details in listed["field_types"].items()
    }
    options = {"default"}.union(*(kind.options + kind.arguments for kind in types.values()))
    on_delete = tuple(listed["on_delete"])
    return Vocabulary(types, listed["modifiers"], on_delete, frozenset(options))
