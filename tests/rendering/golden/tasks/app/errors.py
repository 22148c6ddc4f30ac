"""Errors, and their responses as application/problem+json (RFC 9457)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app import dialect
from app.logs import request_context

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "1"}  # seconds

logger = logging.getLogger(__name__)


class Violation(BaseModel):
    """One field or parameter that is not valid."""

    location: str
    message: str


class Problem(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Violation] | None = None
    request_id: str | None = None


class AppError(Exception):
    """Raised anywhere, it answers the request with the status of its class."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: Mapping[str, str] | None = None

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFoundError(AppError):
    status = HTTPStatus.NOT_FOUND


class NotReadyError(AppError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = RETRY_AFTER


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
        request_id=request_context.get().get("request_id"),
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status_code=status,
        headers=headers,
        media_type=PROBLEM_JSON,
    )


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(AppError)
    async def handle_app_error(_: Request, error: AppError) -> JSONResponse:
        return problem(error.status, error.detail, headers=error.headers)

    @app.exception_handler(HTTPException)
    async def handle_http_exception(request: Request, error: HTTPException) -> JSONResponse:
        drop_cause(error)
        headers = error.headers
        if headers and "Allow" in headers:
            headers = {"Allow": ", ".join(allowed_methods(request)) or headers["Allow"]}
        return problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(exc.IntegrityError)
    async def handle_integrity_error(request: Request, error: exc.IntegrityError) -> JSONResponse:
        columns = dialect.duplicate_columns(error)
        if columns:
            return problem(409, f"Another row has the same {' and '.join(columns)}.")
        if not dialect.is_reference_error(error):
            return problem(422, "The data breaks a rule of the database.")
        if request.method == "DELETE":
            return problem(409, "Another row refers to this row.")
        return problem(422, "A reference points to a row that does not exist.")

    @app.exception_handler(exc.DBAPIError)
    async def handle_database_error(_: Request, error: exc.DBAPIError) -> JSONResponse:
        if not dialect.is_temporary(error):
            raise error
        return unavailable(error.orig)

    @app.exception_handler(exc.TimeoutError)
    async def handle_pool_timeout(_: Request, error: exc.TimeoutError) -> JSONResponse:
        return unavailable(error)

    @app.exception_handler(RequestValidationError)
    async def handle_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        """Names what is not valid, without its value."""
        drop_cause(error)
        messages: dict[str, str] = {}
        for item in error.errors():
            # The third and later parts of a location can be keys that the client sent.
            known = 1 if item["type"] in ("extra_forbidden", "json_invalid") else 2
            location = ".".join(str(part) for part in item["loc"][:known])
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] == "uuid_parsing":
                message = "Input should be a valid UUID"
            messages.setdefault(location, message)
        errors = [Violation(location=k, message=v) for k, v in messages.items()]
        return problem(422, "The request is not valid.", errors)


def allowed_methods(request: Request) -> list[str]:
    """The methods of all routes of a path: Starlette's Allow header has those of one route."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)


def unavailable(error: BaseException | None) -> JSONResponse:
    logger.warning("The database is not available: %r", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database is busy or cannot be reached.",
        headers=RETRY_AFTER,
    )


def drop_cause(error: Exception) -> None:
    """Frees the request body now. The JSON error's traceback holds the body and refers to this
    error: a cycle, which would stay until the next garbage collection."""
    error.__cause__ = error.__context__ = None


async def handle_unexpected(_: Request, error: Exception) -> JSONResponse:
    """Answers 500. ServerErrorMiddleware then raises the error again, and uvicorn logs it."""
    return problem(500, headers={"Connection": "close"})
