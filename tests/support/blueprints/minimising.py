"""Minimises a blueprint that shows a fault."""

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

Blueprint = dict[str, Any]


def minimised(
    blueprint: Blueprint, is_faulty: Callable[[Blueprint], bool], patience: float = 30
) -> Blueprint:
    """Removes resources, fields, keys and answers as long as the fault stays."""
    deadline = time.monotonic() + patience
    progress = True
    while progress and time.monotonic() < deadline:
        progress = False
        for smaller in _smaller(blueprint):
            if time.monotonic() > deadline:
                break
            if is_faulty(smaller):
                blueprint, progress = smaller, True
                break
    return blueprint


def _smaller(blueprint: Blueprint) -> Iterator[Blueprint]:
    resources = blueprint["resources"]
    for place in range(len(resources)):
        yield _without(blueprint, [], place)
    for place, resource in enumerate(resources):
        for number, field in enumerate(resource["fields"]):
            yield _without(blueprint, [place, "fields"], number)
            for key in field.keys() - {"name", "type"}:
                yield _without(blueprint, [place, "fields", number], key)
        if "plural" in resource:
            yield _without(blueprint, [place], "plural")
    for key in blueprint.keys() - {"resources"}:
        yield {name: value for name, value in blueprint.items() if name != key}


def _without(blueprint: Blueprint, path: list[Any], key: Any) -> Blueprint:
    smaller = copy.deepcopy(blueprint)
    node = smaller["resources"]
    for step in path:
        node = node[step]
    del node[key]
    return smaller
