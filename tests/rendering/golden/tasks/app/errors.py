"""Errors: raised anywhere, answered here, each as application/problem+json."""

from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.logs import about_request
from app.openapi import PROBLEM_JSON, Problem, Violation


class AppError(Exception):
    """What a service raises to end a request with an answer."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFoundError(AppError):
    status = HTTPStatus.NOT_FOUND


class NotReadyError(AppError):
    status = HTTPStatus.SERVICE_UNAVAILABLE


def problem(
    status: int,
    detail: str | None = None,
    errors: list[Violation] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=errors,
        request_id=about_request.get().get("request_id"),
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=status,
        headers=headers,
        media_type=PROBLEM_JSON,
    )


def too_large(limit: int) -> JSONResponse:
    return problem(413, f"The body must not have more than {limit} bytes.")


class RequestCheck:
    """Refuses what no route should see: too large a body, a parameter given twice."""

    def __init__(self, app: ASGIApp, max_body_size: int) -> None:
        self.app = app
        self.max_body_size = max_body_size

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            length = Headers(scope=scope).get("content-length", "")
            if length.isdecimal() and int(length) > self.max_body_size:
                return too_large(self.max_body_size)(scope, receive, send)
            query = scope["query_string"].decode("latin-1")
            names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
            if len(set(names)) < len(names):
                answer = problem(422, "A query parameter is given more than once.")
                return answer(scope, receive, send)
        return self.app(scope, receive, send)


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(AppError)
    async def handle_app_error(_: Request, error: AppError) -> JSONResponse:
        return problem(error.status, error.detail)

    @app.exception_handler(HTTPException)
    async def handle_http_exception(request: Request, error: HTTPException) -> JSONResponse:
        headers = error.headers
        if error.status_code == 413:
            return too_large(request.app.router.max_body_size)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(allowed_methods(request))}
        return problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def handle_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Says what is wrong and where, and repeats nothing of what was sent."""
        messages: dict[str, str] = {}
        for item in error.errors():
            # Beyond the name of a field, a location is what the client wrote.
            known = 1 if item["type"] in ("extra_forbidden", "json_invalid") else 2
            location = ".".join(str(part) for part in item["loc"][:known])
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] == "uuid_parsing":
                message = "Input should be a valid UUID"
            messages.setdefault(location, message)
        errors = [Violation(location=k, message=v) for k, v in messages.items()]
        return problem(422, "The request is not valid.", errors)

    @app.exception_handler(Exception)
    async def handle_unexpected(_: Request, error: Exception) -> JSONResponse:
        # After a crash, uvicorn closes the connection.
        return problem(500, headers={"Connection": "close"})


def allowed_methods(request: Request) -> list[str]:
    """The methods that a path has, over all of its routes."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path_regex.match(request.scope["path"]):
            methods |= route.methods or set()
    return sorted(methods)
