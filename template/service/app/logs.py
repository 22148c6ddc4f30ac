"""Logs: JSON in production, text elsewhere. Each line has the id of its request."""

import datetime as dt
import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

from app.settings import Settings

# The request id, and the trace id with OpenTelemetry: added to every line of a request.
request_context: ContextVar[Mapping[str, str]] = ContextVar(
    "request_context",
    default=MappingProxyType({}),
)

# One handler per process, so that configuring twice does not log each line twice.
handler = logging.StreamHandler()


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **request_context.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Text for a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = f"{record.levelname:<8} {record.name}: {record.message}"
        request_id = request_context.get().get("request_id")
        return f"{line} [{request_id}]" if request_id else line


def configure_logging(settings: Settings) -> None:
    """Logs the service and uvicorn from LOG_LEVEL on, libraries from WARNING on."""
    handler.setStream(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.in_production else TextFormatter())
    logging.getLogger().addHandler(handler)
    for name in ("app", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(settings.log_level)
    # RequestContextMiddleware logs requests, as app.access.
    server = logging.getLogger("uvicorn.access")
    server.handlers.clear()
    server.propagate = False
