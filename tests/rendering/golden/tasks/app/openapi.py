"""What the OpenAPI document says beyond FastAPI's own words."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

PROBLEM_JSON = "application/problem+json"


class Violation(BaseModel):
    """One thing that is wrong with a request, and where."""

    location: str
    message: str


class Problem(BaseModel):
    """The body of every error, after RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Violation] | None = None
    request_id: str | None = None


def operation_id(route: APIRoute) -> str:
    """Names an operation after its function, which reads well in generated clients."""
    return route.name


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documents the errors of a route. Any route may answer 422 or 503."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase}
        for status in (*statuses, 422, 503)
    }


def problem_openapi(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Documents errors as problem+json, where FastAPI would say JSON."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    content = response.get("content", {})
                    if status >= "400" and "application/json" in content:
                        content[PROBLEM_JSON] = content.pop("application/json")
        return {key: with_whole_numbers(value) for key, value in document.items()}

    return openapi


def with_whole_numbers(node: Any) -> Any:
    """Writes 1 where FastAPI, which takes every bound for a float, writes 1.0."""
    if isinstance(node, dict):
        return {key: with_whole_numbers(value) for key, value in node.items()}
    if isinstance(node, list):
        return [with_whole_numbers(value) for value in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node
