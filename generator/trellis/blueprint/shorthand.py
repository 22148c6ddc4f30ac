"""The shorthand of a resource: `post title:string:200 author:ref:user:cascade`.

It turns words into the dictionaries of a blueprint and back. What a field may be is the
template's business; only what cannot be read at all is refused here.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trellis.blueprint import suggestions
from trellis.blueprint.field_types import ALIASES, FieldType, read_vocabulary
from trellis.errors import BlueprintError

_OPTION_ALIASES = {"min": "minimum", "max": "maximum"}
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")


def parse_resource(text: str) -> dict[str, Any]:
    """A resource from its shorthand; raises BlueprintError naming the word that cannot be read."""
    return parse_words(text.split())


def parse_words(words: Sequence[str]) -> dict[str, Any]:
    """A resource from the words of its shorthand; one that was quoted has spaces in it."""
    if not words:
        raise _make_error("", "a resource needs a name", "write: post title:string:200")
    name, *rest = words
    if ":" in name or "=" in name:
        raise _make_error(name, "a resource begins with its name", "write: post title:string:200")
    resource: dict[str, Any] = {"name": name}
    fields = []
    for before, word, after in zip(words, rest, [*rest[1:], ""], strict=False):
        key, equals, value = word.partition("=")
        if ":" not in word and not equals:
            fix = suggestions.suggest_field(word, before, after)
            raise _make_error(word, "a field is name:type", fix)
        if equals and ":" not in key:
            if key != "plural":
                raise _make_error(
                    word, f"{key!r} is no option of a resource", "write: plural=people"
                )
            if key in resource:
                raise _make_error(word, "plural is given twice", "keep one of them")
            resource[key] = value
        else:
            fields.append(parse_field(word))
    return resource | {"fields": fields}


def parse_field(word: str) -> dict[str, Any]:
    """A field from `name:type[:arg…][:modifier…]`."""
    name, _, rest = word.partition(":")
    if not name or not rest:
        fix = suggestions.suggest_field(name or "title", "", "")
        raise _make_error(word, "a field is name:type", fix)
    type_name, *parts = rest.split(":")
    type_name = ALIASES.get(type_name, type_name)
    field: dict[str, Any] = {"name": name, "type": type_name}
    parts = _take_arguments(field, parts)
    while parts:
        part = parts.pop(0)
        key, equals, value = part.partition("=")
        key = _OPTION_ALIASES.get(key, key)
        if key == "default" and equals:
            # A moment's colons belong to it: a default goes on up to the next modifier.
            while parts and not _is_modifier(parts[0]):
                value += ":" + parts.pop(0)
        if not _is_modifier(part):
            raise _refuse_modifier(word, part, type_name)
        if key in field:
            raise _make_error(word, f"{key} is given twice", "keep one of them")
        field[key] = _parse_value(key, value, type_name) if equals else True
    return field


def format_resource(resource: Mapping[str, Any]) -> str | None:
    """The shorthand of a resource; None where it says less than the resource does."""
    try:
        words = [str(resource["name"])]
        if "plural" in resource:
            words.append(f"plural={resource['plural']}")
        words += [format_field(field) for field in resource["fields"]]
        text = " ".join(words)
        return text if parse_resource(text) == dict(resource) else None
    except (BlueprintError, KeyError, TypeError, AttributeError):
        return None


def format_field(field: Mapping[str, Any]) -> str:
    """The shorthand of a field. It may say less than the field does; see format_resource."""
    known = read_vocabulary().types.get(field["type"], FieldType(""))
    given = [field[key] for key in known.arguments if key in field]
    parts = [field["name"], "ref" if known.name == "reference" else field["type"]]
    if known.name == "enum":
        given = [",".join(values) for values in given]
    if given:
        parts += given if known.name == "reference" else [",".join(map(str, given))]
    parts += [modifier for modifier in read_vocabulary().modifiers if field.get(modifier) is True]
    for key in sorted(
        field.keys() - {"name", "type", *read_vocabulary().modifiers, *known.arguments, "default"}
    ):
        parts.append(f"{key}={_format_value(field[key])}")
    if "default" in field:
        parts.append(f"default={_format_value(field['default'])}")
    return ":".join(parts)


def _take_arguments(field: dict[str, Any], parts: list[str]) -> list[str]:
    """Fills in what stands right after the type; returns the other parts."""
    kind = field["type"]
    if not parts or kind not in read_vocabulary().types:
        return parts
    first, *rest = parts
    if kind == "enum" and not first.startswith("values="):
        field["values"] = first.split(",")
        return rest
    if kind == "reference" and not first.startswith("to="):
        field["to"] = first
        rule = next((part for part in rest if part in read_vocabulary().on_delete), None)
        if rule is not None:
            rest.remove(rule)
            field["on_delete"] = rule
        return rest
    numbers = first.split(",")
    keys = read_vocabulary().types[kind].arguments
    if keys and len(numbers) <= len(keys) and all(map(_WHOLE.fullmatch, numbers)):
        field.update(zip(keys, map(int, numbers), strict=False))
        return rest
    return parts


def _is_modifier(part: str) -> bool:
    key, equals, _ = part.partition("=")
    return (
        _OPTION_ALIASES.get(key, key) in read_vocabulary().options
        if equals
        else part in read_vocabulary().modifiers
    )


def _refuse_modifier(word: str, part: str, type_name: str) -> BlueprintError:
    if type_name not in read_vocabulary().types and "=" not in part:
        what = f"{type_name!r} is not a field type that takes {part!r}"
        return _make_error(word, what, suggestions.suggest_type(type_name))
    what = f"{part!r} is no option of a field of type {type_name}"
    return _make_error(word, what, suggestions.suggest_modifier(part, type_name))


def _parse_value(key: str, text: str, type_name: str) -> Any:
    if key == "values":
        return text.split(",")
    if key in {"to", "on_delete"}:
        return text
    if key != "default" or type_name in {"integer", "float", "decimal"}:
        return _parse_number(text, as_float=key == "default" and type_name == "float")
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type_name == "json":
        return _parse_json(text)
    return text


def _parse_number(text: str, *, as_float: bool = False) -> int | float | str:
    """The number that the text writes; the text itself where a number would not say the same."""
    if _WHOLE.fullmatch(text):
        return float(text) if as_float else int(text)
    if not re.fullmatch(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", text):
        return text
    number = float(text)
    exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(text)
    return number if exact or (as_float and math.isfinite(number)) else text


def _parse_json(text: str) -> Any:
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _make_error(word: str, what: str, fix: str) -> BlueprintError:
    return BlueprintError(f"{word!r}: {what}", fix=fix)
