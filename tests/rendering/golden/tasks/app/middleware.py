"""What surrounds the application: the log of its requests, and who may send them."""

import logging
import re
from collections.abc import Awaitable, Iterable
from time import perf_counter
from uuid import uuid4

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import problem
from app.logs import about_request
from app.settings import Settings

RawHeaders = list[tuple[bytes, bytes]]

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Nothing that an API answers is a page; those of /docs, in development, load scripts.
NO_PAGES = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}

# What pages of other sites may read of an answer, where CORS_ORIGINS lets them.
EXPOSED = ("ETag", "Link", "Location", "Retry-After", "X-Request-ID")

# Load balancers ask these by address.
PROBES = ("/health/live", "/health/ready")

access = logging.getLogger("app.access")


def surround(app: FastAPI, settings: Settings) -> None:
    """Puts these around all that FastAPI does, its answer to a crash included.

    RequestContext is the outermost: whatever is answered has its headers and a line in
    the log. Then CORS, so that pages may read refusals and crashes; then TrustedHosts.
    """
    inside = app.build_middleware_stack

    def build_middleware_stack() -> ASGIApp:
        stack = inside()
        if settings.allowed_hosts:
            stack = TrustedHosts(stack, settings.allowed_hosts)
        if settings.cors_origins:
            stack = CORS(
                stack,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=["If-Match", "If-None-Match", "X-Request-ID"],
                expose_headers=EXPOSED,
            )
        return RequestContext(stack, production=settings.in_production)

    app.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]


class RequestContext:
    """Gives a request its id, the answer its headers, and the log a line about both."""

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        self.app = app
        headers = HEADERS | NO_PAGES if production else HEADERS
        self.headers = encoded(headers)
        self.https_headers = encoded(headers | HTTPS_ONLY if production else headers)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)
        started = perf_counter()
        own = own_id(scope)
        about_request.set({"request_id": own})
        headers = self.https_headers if scope["scheme"] == "https" else self.headers
        headers = [*headers, (b"x-request-id", own.encode())]
        status = 0

        def send_in_context(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_defaults(message.get("headers", []), headers)
            elif not message.get("more_body"):
                log(scope, status, perf_counter() - started)
            return send(message)

        return self.app(scope, receive, send_in_context)


def own_id(scope: Scope) -> str:
    """The client's, if it is fit for logs and headers."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid4().hex


def with_defaults(headers: RawHeaders, ours: RawHeaders) -> RawHeaders:
    """What a handler has set itself stays."""
    present = {name.lower() for name, _ in headers}
    return [*headers, *(item for item in ours if item[0] not in present)]


def log(scope: Scope, status: int, seconds: float) -> None:
    """Nothing of what was sent: the path as it was declared, and no query."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    fields = {
        "method": scope["method"],
        "route": getattr(included or scope.get("route"), "path", None),
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "client": scope["client"][0] if scope.get("client") else None,
    }
    words = "%(method)s %(route)s %(status)d in %(duration_ms)s ms for %(client)s"
    access.info(words, fields, extra={"fields": fields})


class TrustedHosts:
    """Refuses what was meant for another host."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self.app = app
        self.allowed = allowed

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "lifespan" or scope["path"] in PROBES or self.trusts(scope):
            return self.app(scope, receive, send)
        return problem(400, "This host is not served here.")(scope, receive, send)

    def trusts(self, scope: Scope) -> bool:
        given = Headers(scope=scope).getlist("host")
        host = re.sub(r":\d*$", "", given[0].lower()) if len(given) == 1 else ""
        return any(
            host == name or (name.startswith("*.") and host.endswith(name[1:]))
            for name in self.allowed
        )


class CORS(CORSMiddleware):
    """Refuses as everything else here does, with a problem."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        return problem(400, "This may not be sent from another site.")


def encoded(headers: dict[str, str]) -> RawHeaders:
    return [(k.lower().encode(), v.encode()) for k, v in headers.items()]
