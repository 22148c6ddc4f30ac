"""Makes rows to send to a service from its blueprint."""

import datetime as dt
import itertools
import math
import uuid
from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import httpx2

Field = Mapping[str, Any]
Row = dict[str, Any]
_NUMBERS = itertools.count(1)


def attribute(field: Field) -> str:
    """The name of the field in JSON."""
    return f"{field['name']}_id" if field["type"] == "reference" else str(field["name"])


def is_required(field: Field) -> bool:
    return not field.get("optional") and field.get("default") is None


def is_filter(field: Field) -> bool:
    by_type = field["type"] in {"enum", "boolean", "reference"}
    return bool(by_type or field.get("unique") or field.get("index"))


def is_sortable(field: Field) -> bool:
    indexed = field.get("unique") or field.get("index")
    return bool(indexed and not field.get("optional") and field["type"] != "reference")


def same(field: Field, sent: Any, stored: Any) -> bool:
    """Whether two values are equal, if they may be written differently."""
    if sent is None or stored is None:
        return bool(sent is stored)
    match field["type"]:
        case "decimal":
            return Decimal(str(sent)) == Decimal(str(stored))
        case "datetime":
            return dt.datetime.fromisoformat(sent) == dt.datetime.fromisoformat(stored)
        case _:
            return bool(sent == stored)


class Rows:
    """Makes rows over HTTP. The rows that they refer to are made first."""

    def __init__(self, client: httpx2.Client, resources: list[dict[str, Any]]) -> None:
        self._client = client
        self._resources = {resource["name"]: resource for resource in resources}
        self.paths = _paths(client)

    def path(self, resource: Mapping[str, Any]) -> str:
        return self.paths[str(resource["name"])]

    def named(self, name: str) -> Mapping[str, Any]:
        """The resource of that name."""
        return self._resources[name]

    def data(self, resource: Mapping[str, Any]) -> Row:
        """The body of a POST: all fields except for optional references."""
        number = next(_NUMBERS)
        row = {}
        for field in resource["fields"]:
            if field["type"] != "reference":
                row[attribute(field)] = value(field, number)
            elif not field.get("optional"):
                target = self.named(field["to"])
                row[attribute(field)] = self.create(target)["id"]
        return row

    def create(self, resource: Mapping[str, Any], **changes: Any) -> Row:
        data = self.data(resource) | changes
        response = self._client.post(self.path(resource), json=data)
        assert response.status_code == 201, f"{resource['name']}: {response.text}"
        row: Row = response.json()
        return row


def _paths(client: httpx2.Client) -> dict[str, str]:
    """The path of each resource, from the OpenAPI document: create_user is POST /users."""
    paths = client.get("/openapi.json").json()["paths"]
    return {
        operations["post"]["operationId"].removeprefix("create_"): path
        for path, operations in paths.items()
        if "post" in operations
    }


def value(field: Field, number: int) -> Any:
    """A value for the field. Different numbers give different values, if the bounds allow it."""
    return _VALUES[field["type"]](field, number)


def _float(field: Field, number: int) -> float:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return float(low + (high - low) * (number % 100) / 100)
    return float((low or 0) + number / 2 if high is None else high - number / 2)


def _integer(field: Field, number: int) -> int:
    low, high = field.get("minimum"), field.get("maximum")
    low = min(0, high - 1000) if low is None and high is not None else low or 0
    high = low + 1_000_000 if high is None else high
    return int(low + number % (high - low + 1))


def _text(field: Field, number: int) -> str:
    """Uses a large alphabet, so that a few characters give thousands of texts."""
    low, high = field.get("min_length", 0), field.get("max_length", 255)
    own = chr(0x4E00 + number) if high < 20 else f"Zoë's № {number:05d}"
    return own.rjust(low, "x")


def _decimal(field: Field, number: int) -> str:
    precision = field.get("precision", 12)
    scale = field.get("scale", min(2, precision))
    unit = Decimal(1).scaleb(-scale)
    low = Decimal(str(field.get("minimum", 0)))
    high = Decimal(str(field.get("maximum", Decimal(10**precision - 1) * unit)))
    if "maximum" in field and "minimum" not in field:
        low = min(low, high)
    steps = int((high - low) / unit) + 1
    return f"{(low + (number % steps) * unit).quantize(unit):f}"


def outside(field: Field) -> list[Any]:
    """Values just outside of the field's bounds."""
    low, high = field.get("minimum"), field.get("maximum")
    match field["type"]:
        case "integer":
            known = [number for number in (low, high, field.get("default")) if number is not None]
            limit = 2**31 if all(-(2**31) <= number < 2**31 for number in known) else 2**63
            return [(-limit if low is None else low) - 1, (limit - 1 if high is None else high) + 1]
        case "float":
            below = [] if low is None else [math.nextafter(low, -math.inf)]
            return below if high is None else [*below, math.nextafter(high, math.inf)]
        case "decimal":
            precision = field.get("precision", 12)
            unit = Decimal(1).scaleb(-field.get("scale", min(2, precision)))
            most = Decimal(10**precision) * unit
            least = -most if low is None else Decimal(str(low)).quantize(unit, ROUND_FLOOR) - unit
            most = most if high is None else Decimal(str(high)).quantize(unit, ROUND_CEILING) + unit
            inexact = [2**53 * float(unit)] if precision > 15 else []
            return [f"{least:f}", f"{most:f}", "1_0", " 1", "+1", "１", "", *inexact]
        case "string" | "text" if "max_length" in field or field["type"] == "string":
            short = ["x" * (field["min_length"] - 1)] if field.get("min_length") else []
            return [*short, "x" * (field.get("max_length", 255) + 1)]
        case "string" | "text" | "json":
            return []
        case _:
            return ["neither here nor there"]


def _date(_: Field, number: int) -> str:
    return (dt.date(2000, 1, 1) + dt.timedelta(days=number)).isoformat()


_VALUES: dict[str, Callable[[Field, int], Any]] = {
    "boolean": lambda _, number: number % 2 == 0,
    "date": _date,
    "datetime": lambda field, number: f"{_date(field, number)}T12:30:00Z",
    "decimal": _decimal,
    "email": lambda _, number: f"reader{number}@example.com",
    "enum": lambda field, number: field["values"][number % len(field["values"])],
    "float": _float,
    "integer": _integer,
    "json": lambda _, number: {"number": number, "nested": [None, True, "ü"]},
    "string": _text,
    "text": _text,
    "url": lambda _, number: f"https://example.com/{number}",
    "uuid": lambda _, number: str(uuid.UUID(int=number)),
}
