"""How the service ends: no longer ready, then done with its requests, then gone."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.settings import Settings

logger = logging.getLogger(__name__)

PATIENCE = 5  # seconds for what follows the last request, before a hard end


def drain_on_sigterm(app: FastAPI, settings: Settings) -> None:
    """Takes SIGTERM from uvicorn, which would stop listening at once.

    For the delay, everything is still answered while /health/ready says no, so that load
    balancers find out. Then uvicorn stops listening, lets requests end as long as the
    timeout is, and ends with status 0, where a signal would be its own cause of death.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return
    delay = settings.shutdown_delay if settings.in_production else 0
    timeout = server.config.timeout_graceful_shutdown or settings.shutdown_timeout
    server.config.timeout_graceful_shutdown = timeout

    def stop() -> None:
        server.should_exit = True

    def drain(_signal: int, _frame: FrameType | None) -> None:
        if app.state.draining:
            return
        app.state.draining = True
        start(delay, stop)
        # A thread that hangs must not keep the process.
        start(delay + timeout + PATIENCE, end)

    signal.signal(signal.SIGTERM, drain)


def end() -> None:
    logger.error("A request would not end; the process does.")
    os._exit(0)


def start(seconds: float, action: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
