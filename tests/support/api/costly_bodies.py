"""Bodies of the permitted size that may take more time or memory than ordinary ones."""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

from support.api.payloads import attribute, value

SIZE = 260_000
# An item that is repeated until the body is full; for nested ones, its start and its end.
_ITEMS = [
    '"\\u0000"', '"\\ud800"', '"\\\\"', '"é"', '"😀"', "0", "1.5", "-0.0", "1e300", "NaN", "1e999",
    "true", "null", "[]", "{}", "[[]]", '[""]', '{"":0}', '"' + "x" * 1_000 + '"', "9" * 4_000,
    "1" + "0" * 400, '["\\u0000"]', '{"\\u0000":"\\ud800"}', '{"a":{"b":[null,"\\u0000"]}}',
]  # fmt: skip
_TEXTS = [
    "x",
    "a.",
    "a@",
    "a-",
    "1",
    "0.",
    "-",
    "http://a/",
    "\\u0000",
    "\\ud800",
    " ",
    "é",
    "2030-",
]


def costly_values(source: random.Random) -> Iterator[str]:
    """JSON texts of about SIZE characters, as the value of any field."""
    for item in _ITEMS:
        for depth in (0, source.randint(2, 30), source.randint(60, 90), source.randint(200, 900)):
            yield nested(item, depth)
        yield nested(item, source.randint(0, 90), keys=True)
    for text in _TEXTS:
        yield '"' + text * (SIZE // len(text)) + '"'
        yield '"a' + text * source.randint(10, 5_000) + '!"'
    yield "9" * SIZE
    yield '"' + "9" * SIZE + '"'
    yield '"1e' + "9" * 4_000 + '"'


def nested(item: str, depth: int, *, keys: bool = False) -> str:
    """As many items as fit into a list or an object, which is nested `depth` lists deep."""
    count = (SIZE - 2 * depth) // (len(item) + (10 if keys else 1)) - 1
    if keys:
        inner = "{" + ",".join(f'"{number:06x}":{item}' for number in range(count)) + "}"
    else:
        inner = "[" + ",".join([item] * count) + "]"
    return "[" * depth + inner + "]" * depth


def costly_bodies(resource: Mapping[str, Any], seed: int) -> Iterator[bytes]:
    """Bodies with costly values in known fields, in unknown fields, and as the whole body."""
    source = random.Random(seed)  # noqa: S311
    row = {attribute(f): value(f, 1) for f in resource["fields"] if f["type"] != "reference"}
    json_fields = [attribute(f) for f in resource["fields"] if f["type"] == "json"]
    names = [*row, "unknown"]
    for number, text in enumerate(costly_values(source)):
        name = json_fields[0] if number % 2 else source.choice(names)
        others = json.dumps({key: item for key, item in row.items() if key != name})
        yield f'{others[:-1]}, "{name}": {text}}}'.encode()
        if number % 4 == 0:
            yield text.encode()
