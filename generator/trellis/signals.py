"""Against what comes at the wrong moment: a signal, a library that prints."""

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

    with _handling(stop, "SIGTERM", "SIGHUP"):
        yield


def translate_interrupts(command: Callable[P, R]) -> Callable[P, R]:
    """The command, with its ends told apart that Typer would all call an exit."""

    @functools.wraps(command)
    def run(*positional: P.args, **named: P.kwargs) -> R:
        try:
            return command(*positional, **named)
        except KeyboardInterrupt:
            raise Stopped("interrupted", 130) from None
        except BrokenPipeError:
            raise Stopped("unheard", 141) from None

    return run


@contextlib.contextmanager
def ignore_signals() -> Iterator[None]:
    """For the few lines that clean up: a second Ctrl-C does not stop them."""
    with _handling(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
        yield


@contextlib.contextmanager
def _handling(handler: Any, *names: str) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # What is ignored stays ignored: `nohup` means it.
    numbers = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
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
