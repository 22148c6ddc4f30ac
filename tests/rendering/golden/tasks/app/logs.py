"""Logs: JSON in production, lines to read elsewhere; each names its request."""

import datetime as dt
import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

from app.settings import Settings

# What every line says that is logged while a request is served: its id.
about_request: ContextVar[Mapping[str, str]] = ContextVar(
    "about_request",
    default=MappingProxyType({}),
)

# One for good, so that configuring twice does not log twice.
handler = logging.StreamHandler()


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **about_request.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """A line for people."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname:<8} {record.name}: {record.message}"
        request_id = about_request.get().get("request_id")
        return f"{line} [{request_id}]" if request_id else line


def configure_logging(settings: Settings) -> None:
    """Shows the service and its server from LOG_LEVEL on, libraries from warnings on."""
    handler.setStream(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.in_production else TextFormatter())
    logging.getLogger().addHandler(handler)
    for name in ("app", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(settings.log_level)
    # Requests are logged by our own middleware, as app.access.
    server = logging.getLogger("uvicorn.access")
    server.handlers.clear()
    server.propagate = False
