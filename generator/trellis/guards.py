"""Against what comes at the wrong moment: a signal, a library that prints."""

import contextlib
import io
import signal
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from trellis.errors import Terminated


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Terminated, so that whatever is temporary goes away."""

    def terminate(number: int, frame: Any) -> None:
        raise Terminated

    with _handling(terminate, "SIGTERM", "SIGHUP"):
        yield


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """For the few lines that clean up: a second Ctrl-C does not stop them."""
    with _handling(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
        yield


@contextlib.contextmanager
def _handling(handler: Any, *names: str) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Copier prints and warns; what matters of it is said in our own words."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()):
            yield
