"""What the database refuses, and when it cannot be reached."""

import logging
import sqlite3
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import exc

from app.errors import problem

logger = logging.getLogger(__name__)

# The database is locked or cannot be opened, or the disk is full or broken.
TEMPORARY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
}


def add_database_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(exc.IntegrityError)
    async def handle_integrity_error(request: Request, error: exc.IntegrityError) -> JSONResponse:
        """A constraint of the database has the last word on what was sent."""
        columns = duplicate_columns(error)
        if columns:
            detail = f"Another row has the same {' and '.join(columns)}."
            return problem(409, detail)
        if not is_reference_error(error):
            return problem(422, "The data breaks a rule of the database.")
        if request.method == "DELETE":
            return problem(409, "Something else still refers to this.")
        return problem(422, "A reference points to something that does not exist.")

    @app.exception_handler(exc.DBAPIError)
    async def handle_database_error(_: Request, error: exc.DBAPIError) -> JSONResponse:
        """Whoever lost against another, or found no server, may try again."""
        if not is_temporary(error):
            raise error
        return unavailable(error.orig)

    @app.exception_handler(exc.TimeoutError)
    async def handle_pool_timeout(_: Request, error: exc.TimeoutError) -> JSONResponse:
        return unavailable(error)


def unavailable(error: BaseException | None) -> JSONResponse:
    logger.warning("The database is not available: %r", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database is busy or cannot be reached.",
        headers={"Retry-After": "1"},
    )


def is_temporary(error: exc.DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in TEMPORARY


def duplicate_columns(error: exc.IntegrityError) -> list[str]:
    """The columns whose values must be unique and are not; none for another error."""
    rule, _, columns = str(error.orig).partition(" constraint failed: ")
    if rule != "UNIQUE":
        return []
    return [column.split(".")[1] for column in columns.split(", ")]


def is_reference_error(error: exc.IntegrityError) -> bool:
    return str(error.orig).startswith("FOREIGN KEY")
