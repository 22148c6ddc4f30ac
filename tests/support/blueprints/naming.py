"""Names that rendered code uses, and blueprints with resources and fields of these names."""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

from support.blueprints import scopes
from support.services.renderings import TEMPLATE

# A field of every type, with names that occur nowhere else in a service.
EVERY_TYPE = {
    "resources": [
        {
            "name": "thing",
            "fields": [
                {"name": f"a_{kind}", "type": kind, "optional": optional} | details
                for optional in (False, True)
                for kind, details in {
                    "string": {"unique": True},
                    "text": {},
                    "integer": {"default": 2**40},
                    "float": {},
                    "decimal": {"index": True},
                    "boolean": {},
                    "date": {},
                    "datetime": {},
                    "uuid": {},
                    "email": {},
                    "url": {},
                    "json": {"default": {}},
                    "enum": {"values": ["a"], "default": "a"},
                    "reference": {"to": "other"},
                }.items()
                if not optional or kind not in {"json", "enum"}
            ],
        },
        {"name": "other", "fields": [{"name": "name", "type": "string"}]},
    ]
}
for number, field in enumerate(EVERY_TYPE["resources"][0]["fields"]):
    field["name"] += f"_{number}"
    if field["optional"]:
        field.pop("default", None)


_PREFIXES = ("add_", "by_", "check_", "create_", "delete_", "fetch_", "get_", "list_", "load_", "make_", "require_", "test_", "update_", "with_")  # fmt: skip # noqa: E501
_SUFFIXES = ("_base", "_create", "_id", "_query", "_read", "_sort", "_update", "s")
_TYPES: list[dict[str, Any]] = [
    {"type": "string", "unique": True},
    {"type": "integer", "index": True, "default": 3},
    {"type": "enum", "values": ["a", "b"], "default": "a"},
    {"type": "decimal"},
    {"type": "datetime", "optional": True},
    {"type": "json", "default": [1]},
    {"type": "reference", "optional": True},
    {"type": "boolean", "default": False},
    {"type": "date", "default": "2030-01-31"},
    {"type": "uuid"},
    {"type": "email", "optional": True},
]


def candidates(sources: Iterable[str]) -> list[str]:
    """The identifiers of the sources in snake case, their parts, names derived from them, and
    compounds of two words."""
    found: set[str] = set()
    for word in {word for text in sources for word in scopes.identifiers(text)}:
        for name in (word.lower(), re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()):
            found |= {name, *name.split("_")}
            found |= {name.removeprefix(prefix) for prefix in _PREFIXES}
            found |= {name.removesuffix(suffix) for suffix in _SUFFIXES}
    names = sorted({name.strip("_") for name in found} - {""})
    words = [name for name in names if name.isalpha()]
    compounds = {f"{word}_{words[place * 7 % len(words)]}" for place, word in enumerate(words, 1)}
    return sorted({*names, *compounds})


def as_resources(names: list[str]) -> list[str]:
    """The names that are valid for a resource."""
    fields = [{"name": "title", "type": "string"}]
    given = [{"name": name, "plural": _plural(name), "fields": fields} for name in names]
    return [
        resource["name"]
        for start in range(0, len(given), 400)
        for resource in _unrefused(given[start : start + 400])
    ]


def as_fields(names: list[str]) -> list[str]:
    """The names that are valid for a field of any type."""
    given = [{"name": name, "type": "boolean"} for name in names]
    blueprint = {"resources": [{"name": "thing", "fields": given}]}
    places = [re.search(r"\.fields\[(\d+)\]", p.where) for p in TEMPLATE.validate(blueprint)]
    refused = {int(place[1]) for place in places if place}
    return [name for number, name in enumerate(names) if number not in refused]


def blueprints(names: list[str], fields: list[str], size: int) -> Iterator[dict[str, Any]]:
    """Blueprints of `size` resources each. Together they use all names."""
    numbers = itertools.count()
    supply = itertools.cycle(fields)
    waiting = names
    while waiting:
        owned: set[str] = set()
        chosen, later = [], []
        for name in waiting:
            classes = {
                _class(name) + s for s in ("", "Base", "Create", "Query", "Read", "Sort", "Update")
            }
            fits = len(chosen) < size and not classes & owned
            (chosen if fits else later).append(name)
            owned |= classes if fits else set()
        yield _accepted(
            {"resources": [_resource(n, chosen, supply, next(numbers)) for n in chosen]}
        )
        waiting = later


def _resource(name: str, others: list[str], supply: Iterator[str], number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for details in _TYPES:
        field = {"name": next(supply)} | details
        if field["type"] == "reference":
            field["to"] = others[number % len(others)]
        if field["name"] not in fields and f"{field['name']}_id" not in fields:
            fields[field["name"]] = field
    return {"name": name, "plural": _plural(name), "fields": list(fields.values())}


def _accepted(blueprint: dict[str, Any]) -> dict[str, Any]:
    """The blueprint without fields whose type and name do not go together."""
    while problems := TEMPLATE.validate(blueprint):
        refused = set()
        for problem in problems:
            resource, field = re.findall(r"\[(-?\d+)\]", problem.where + "[-1]")[:2]
            refused.add((int(resource), int(field)))
        for number, resource in enumerate(blueprint["resources"]):
            clashes = (number, -1) in refused
            resource["fields"] = [
                field
                for place, field in enumerate(resource["fields"])
                if (number, place) not in refused and not (clashes and field["type"] == "enum")
            ]
    return blueprint


def _plural(name: str) -> str:
    return f"{name[:26]}_rows"


def _class(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _unrefused(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    problems = TEMPLATE.validate({"resources": resources})
    places = [re.match(r"resources\[(\d+)\]\.", problem.where) for problem in problems]
    refused = {int(place[1]) for place in places if place}
    return [resource for number, resource in enumerate(resources) if number not in refused]
