"""Suggestions for words of the shorthand that cannot be read."""

import re

from trellis.blueprint.field_types import ALIASES, FieldType, read_vocabulary
from trellis.names import did_you_mean, find_nearest

_FOREIGN = {"nullable": "write: optional", "null": "write: optional"}
_FOREIGN["required"] = "leave it out: what is not optional is required"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BLUEPRINT = "a value with a space in it needs a blueprint file: --from"


def suggest_field(word: str, before: str, after: str) -> str:
    """For a word that has no `name:type`, between two others."""
    if not _NAME.fullmatch(word) or "=" in before:
        return _BLUEPRINT
    # A name and a type that were given as two words.
    is_type = after.partition(":")[0] in {*read_vocabulary().types, *ALIASES}
    return f"write: {word}:{after if is_type else 'string:200'}"


def suggest_modifier(part: str, type_name: str) -> str:
    """For a part that says nothing about a field of a type."""
    key, equals, value = part.partition("=")
    if part in _FOREIGN:
        return _FOREIGN[part]
    if part.endswith(",") or not part:
        return "leave out the comma" if part else "leave out one colon"
    if type_name == "decimal" and re.fullmatch(r"\d+\.\d+", part):
        return f"write: {part.replace('.', ',')}, its digits and those after the point"
    kind = read_vocabulary().types.get(type_name, FieldType(type_name))
    keys = ("default", *kind.arguments, *kind.options) if equals else ()
    known = [
        *read_vocabulary().modifiers,
        *keys,
        *(read_vocabulary().on_delete if type_name == "reference" else ()),
    ]
    match = find_nearest(key, known)
    return f"did you mean {match}{equals}{value}?" if match else f"use one of {', '.join(known)}"


def suggest_type(type_name: str) -> str:
    """For a type that there is not."""
    types = read_vocabulary().types
    return did_you_mean(type_name, [*types, *ALIASES], f"use one of {', '.join(types)}")
