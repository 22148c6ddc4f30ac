"""Optimistic locking (`If-Match` → 412) and conditional GET (`If-None-Match` → 304)."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError

# The ETag of the version that the client has read.
IfMatch = Annotated[str | None, Header()]

# `SELECT … FOR NO KEY UPDATE`: blocks other writers, not inserts that reference the row.
LOCK_ROW = {"key_share": True}


class PreconditionFailedError(AppError):
    status = HTTPStatus.PRECONDITION_FAILED


def etag(version: int) -> str:
    """The ETag of a row. The version is enough: ids are not used again, so a URL always
    means the same row."""
    return f'"{version}"'


def matches(header: str, tag: str) -> bool:
    """Whether a header such as `"1", "2"` has the tag. `*` matches every tag."""
    return header.strip() == "*" or tag in [item.strip() for item in header.split(",")]


def require_match(version: int, if_match: str | None) -> None:
    if if_match is not None and not matches(if_match, etag(version)):
        raise PreconditionFailedError("The row has changed since it was read.")


class ConditionalGet:
    """Answers 304 without a body if the client has the current version (`If-None-Match`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = ""
        if scope["type"] == "http" and scope["method"] == "GET":
            # A proxy that compresses a response marks its tag as weak.
            known = Headers(scope=scope).get("if-none-match", "").replace("W/", "")
        if not known:
            await self.app(scope, receive, send)
            return
        not_modified = False

        async def send_if_modified(message: Message) -> None:
            nonlocal not_modified
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                not_modified = "etag" in headers and matches(known, headers["etag"])
                if not_modified:
                    message["status"] = HTTPStatus.NOT_MODIFIED
                    del headers["Content-Length"], headers["Content-Type"]
            elif not_modified:
                message["body"] = b""
            await send(message)

        await self.app(scope, receive, send_if_modified)
