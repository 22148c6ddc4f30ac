"""What routes add to the OpenAPI document: errors as problem+json, and headers."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.errors import PROBLEM_JSON, Problem

Responses = dict[int | str, dict[str, Any]]


def header(description: str) -> dict[str, object]:
    return {"description": description, "schema": {"type": "string"}}


ETAG = header("The version of the row, for If-Match and If-None-Match.")
LOCATION = header("The path of the new row.")
LINK = header('The next page, as <path>; rel="next". There is none on the last page.')
RETRY_AFTER = header("The seconds to wait before another attempt.")

# The headers of successful responses: responses=ROW | problems(404).
PAGE: Responses = {200: {"headers": {"Link": LINK}}}
ROW: Responses = {200: {"headers": {"ETag": ETAG}}}
NEW_ROW: Responses = {201: {"headers": {"ETag": ETAG, "Location": LOCATION}}}
NOT_MODIFIED: Responses = {
    304: {
        "description": "The row still has the tag of If-None-Match.",
        "headers": {"ETag": ETAG},
    },
}

# ConditionalGet reads this header: openapi_extra=IF_NONE_MATCH documents it.
IF_NONE_MATCH = {
    "parameters": [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}],
}


def operation_id(route: APIRoute) -> str:
    """Names an operation after its function: generated clients use the name."""
    return route.name


def problems(*statuses: int) -> Responses:
    """Documents the errors of a route. Every route may answer 422 or 503."""
    responses: Responses = {
        status: {"model": Problem, "description": HTTPStatus(status).phrase}
        for status in (*statuses, 422, 503)
    }
    responses[503]["headers"] = {"Retry-After": RETRY_AFTER}
    return responses


def parse_number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def rename_bounds(node: dict[str, object]) -> dict[str, object]:
    """For a type with a validator, Pydantic writes "ge" and "le", which JSON Schema ignores."""
    names = {"ge": "minimum", "le": "maximum"}
    return {names.get(k, k) if isinstance(v, int | float) else k: v for k, v in node.items()}


def problem_openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Documents errors as application/problem+json, and bounds such as 2**63 as integers.

    FastAPI writes application/json, and 9.223372036854776e+18 for 2**63.
    """
    original = app.openapi

    def openapi() -> dict[str, Any]:
        text = json.dumps(original())
        document: dict[str, Any] = json.loads(
            text, parse_float=parse_number, object_hook=rename_bounds
        )
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if status >= "400" and "application/json" in content:
                        content[PROBLEM_JSON] = content.pop("application/json")
        return document

    return openapi
