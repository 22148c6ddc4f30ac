"""Signals, and libraries that print."""

import contextlib
import functools
import io
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

from trellis.errors import Stopped

P = ParamSpec("P")
R = TypeVar("R")


@contextlib.contextmanager
def raise_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise Stopped, so that whatever is temporary goes away."""

    def stop(number: int, frame: Any) -> None:
        raise Stopped("terminated", 128 + number)

    with _handling(stop, signal.SIGTERM, signal.SIGHUP):
        yield


def translate_interrupts(command: Callable[P, R]) -> Callable[P, R]:
    """The command; Ctrl-C and a closed pipe, which Typer takes for an exit, raise Stopped."""

    @functools.wraps(command)
    def run(*positional: P.args, **named: P.kwargs) -> R:
        try:
            return command(*positional, **named)
        except KeyboardInterrupt:
            raise Stopped("interrupted", 130) from None
        except BrokenPipeError:
            raise Stopped("closed", 141) from None

    return run


@contextlib.contextmanager
def ignore_signals() -> Iterator[None]:
    """Ignores signals while temporary files are removed."""
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextlib.contextmanager
def _handling(handler: Any, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored stays ignored: `nohup` means it.
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discards what Copier prints and warns about."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stdout(io.StringIO()):
            yield
