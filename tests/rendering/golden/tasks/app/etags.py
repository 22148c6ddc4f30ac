"""Entity tags: who would change what somebody else has changed meanwhile is told so."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError

# The header that makes a change depend on the version that its sender has seen.
IfMatch = Annotated[str | None, Header()]

# Locks a row that is loaded to be changed, though not against new references to it.
FOR_CHANGE = {"key_share": True}


class PreconditionFailedError(AppError):
    status = HTTPStatus.PRECONDITION_FAILED


def etag(row: Any) -> str:
    """With the moment of its creation: some databases give an id again once it is free."""
    return f'"{row.created_at.timestamp()}-{row.version}"'


def with_etag(response: Response, row: Any) -> Any:
    response.headers["ETag"] = etag(row)
    return row


def lists(header: str, tag: str) -> bool:
    """Whether a header such as `"1", "2"` has the tag. An asterisk stands for any."""
    return header.strip() == "*" or tag in [item.strip() for item in header.split(",")]


def check_match(row: Any, if_match: str | None) -> None:
    if if_match is not None and not lists(if_match, etag(row)):
        raise PreconditionFailedError("This has changed since it was read.")


class ConditionalGet:
    """Sends no body to a client that has it already, which If-None-Match tells."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        known = ""
        if scope["type"] == "http" and scope["method"] == "GET":
            # What a proxy has compressed comes back marked as weak.
            known = Headers(scope=scope).get("if-none-match", "").replace("W/", "")
        if not known:
            return self.app(scope, receive, send)
        not_modified = False

        def send_what_is_new(message: Message) -> Awaitable[None]:
            nonlocal not_modified
            if message["type"] == "http.response.start":
                tag = Headers(raw=message["headers"]).get("etag", "")
                not_modified = tag != "" and lists(known, tag)
                if not_modified:
                    message["status"] = HTTPStatus.NOT_MODIFIED
                    message["headers"] = [
                        (name, value)
                        for name, value in message["headers"]
                        if name not in (b"content-length", b"content-type")
                    ]
            elif not_modified:
                message["body"] = b""
            return send(message)

        return self.app(scope, receive, send_what_is_new)
