"""Middleware: request ids, security headers, the access log, CORS, hosts and body limits."""

import asyncio
import logging
import re
from time import perf_counter
from uuid import uuid4

from fastapi import FastAPI
from fastapi.exceptions import HTTPException
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import handle_unexpected, problem
from app.etags import ConditionalGet
from app.logs import request_context
from app.settings import Settings

SECURITY_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# In production only: /docs loads scripts.
NO_CONTENT = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}

# The response headers that pages of other sites may read.
EXPOSED_HEADERS = ["ETag", "Link", "Location", "Retry-After", "X-Request-ID"]

# Load balancers send these requests to an address, not to a host of ALLOWED_HOSTS.
PROBES = ("/health/live", "/health/ready")

access_log = logging.getLogger("app.access")


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """Adds the innermost middleware first.

    Starlette's own ServerErrorMiddleware is outside of all of these. The second one, which is
    added here, answers 500 inside of CORS and the access log.
    """
    app.add_middleware(ConditionalGet)
    app.add_middleware(
        RequestBodyMiddleware,
        max_size=settings.max_body_size,
        timeout=settings.body_timeout,
    )
    if settings.allowed_hosts:
        app.add_middleware(AllowedHostsMiddleware, allowed_hosts=settings.allowed_hosts)
    app.add_middleware(ServerErrorMiddleware, handler=handle_unexpected)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        )
    app.add_middleware(RequestContextMiddleware, production=settings.in_production)


class RequestContextMiddleware:
    """Gives each request an id, and each response its headers and a line in the log."""

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        self.app = app
        self.headers = SECURITY_HEADERS | (NO_CONTENT if production else {})
        self.https_headers = self.headers | (HTTPS_ONLY if production else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = perf_counter()
        scope.setdefault("state", {})["started"] = started
        status = 0
        request_id = safe_request_id(scope)
        request_context.set({"request_id": request_id})
        defaults = self.https_headers if scope["scheme"] == "https" else self.headers

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in defaults.items():
                    headers.setdefault(name, value)
            elif not message.get("more_body"):
                log_request(scope, status, perf_counter() - started)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def safe_request_id(scope: Scope) -> str:
    """The client's X-Request-ID if it is safe to log, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid4().hex


def log_request(scope: Scope, status: int, seconds: float) -> None:
    """Logs the path as the route declares it, and no value that the client sent."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    fields = {
        "method": scope["method"],
        "route": getattr(included or scope.get("route"), "path", None),
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "client": scope["client"][0] if scope.get("client") else None,
    }
    words = "%(method)s %(route)s %(status)d in %(duration_ms)s ms for %(client)s"
    access_log.info(words, fields, extra={"fields": fields})


class AllowedHostsMiddleware:
    """Refuses requests whose Host header is not one of ALLOWED_HOSTS, except for probes."""

    def __init__(self, app: ASGIApp, allowed_hosts: list[str]) -> None:
        self.app = app
        self.allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in PROBES or self.is_allowed(scope):
            return await self.app(scope, receive, send)
        await problem(400, "This host is not served here.")(scope, receive, send)

    def is_allowed(self, scope: Scope) -> bool:
        """A request with two Host headers is refused: a proxy may use the other one."""
        given = Headers(scope=scope).getlist("host")
        host = re.sub(r":\d*$", "", given[0].lower()) if len(given) == 1 else ""
        return any(
            host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:]))
            for allowed in self.allowed_hosts
        )


class RequestBodyMiddleware:
    """Refuses a body that is too large (413), too slow (408), or JSON but not UTF-8 (400)."""

    def __init__(self, app: ASGIApp, max_size: int, timeout: float) -> None:
        self.app = app
        self.max_size = max_size
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        too_large = f"The body must not have more than {self.max_size} bytes."
        if int(headers.get("content-length", "0")) > self.max_size:
            return await problem(413, too_large)(scope, receive, send)
        is_json = "json" in headers.get("content-type", "").lower()
        deadline = asyncio.get_running_loop().time() + self.timeout
        size = 0
        complete = False

        async def receive_body() -> Message:
            nonlocal size, complete
            if complete:  # what follows the body is http.disconnect
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                detail = f"The body must arrive within {self.timeout:g} seconds."
                raise HTTPException(408, detail, {"Connection": "close"}) from None
            body = message.get("body", b"")
            size += len(body)
            complete = not message.get("more_body", False)
            if size > self.max_size:
                raise HTTPException(413, too_large)
            # JSON has a NUL byte in UTF-16 and UTF-32, and none in UTF-8.
            if is_json and b"\0" in body:
                raise HTTPException(400, "JSON must be encoded in UTF-8.")
            return message

        await self.app(scope, receive_body, send)
