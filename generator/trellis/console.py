"""Output: results on stdout, errors and progress on stderr."""

import contextlib
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from trellis import errors

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def say(text: str = "") -> None:
    """A line of the result."""
    _write(sys.stdout, text + "\n")


def say_lines(lines: Iterable[str]) -> None:
    """Lines that may hold anything; what could move a terminal's cursor is escaped."""
    for line in lines:
        say("\t".join(errors.escape(part) for part in line.split("\t")))


def say_document(value: Any) -> None:
    """The one JSON document of `--json`."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def complain(error: errors.TrellisError) -> None:
    """An error, at most five lines."""
    for number, line in enumerate(errors.message_lines(error)):
        head, colon, rest = line.partition(":")
        shown = f"{style(head, 'bold', 'red', on=sys.stderr)}{colon}{rest}" if not number else line
        _write(sys.stderr, shown + "\n")


def say_note(text: str) -> None:
    """A remark that is no part of the result."""
    _write(sys.stderr, text + "\n")


def format_table(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Columns as wide as their widest cell; the last one as long as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    cells = ([cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in rows)
    return "\n".join(indent + "  ".join(row).rstrip() for row in cells)


def format_tree(paths: Sequence[str]) -> list[str]:
    """The files as the lines of a tree."""
    root: dict[str, Any] = {}
    for path in paths:
        node = root
        for part in path.split("/"):
            node = node.setdefault(part, {})
    return list(_format_branches(root, ""))


def _format_branches(node: dict[str, Any], indent: str) -> Iterator[str]:
    names = sorted(node, key=lambda name: (not node[name], name))
    for number, name in enumerate(names, start=1):
        last = number == len(names)
        yield f"{indent}{'└── ' if last else '├── '}{name}{'/' if node[name] else ''}"
        yield from _format_branches(node[name], indent + ("    " if last else "│   "))


def style(text: str, *styles: str, on: TextIO | None = None) -> str:
    """The text in colour, on a terminal without NO_COLOR."""
    if not _is_terminal(on or sys.stdout) or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{';'.join(_STYLES[name] for name in styles)}m{text}\033[0m"


def is_interactive() -> bool:
    """Whether stdin and stdout are terminals."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


@contextlib.contextmanager
def progress(text: str) -> Iterator[None]:
    """Shows on a terminal what is running; erases it afterwards."""
    if not _is_terminal(sys.stderr):
        yield
        return
    done = threading.Event()
    spinner = threading.Thread(target=_spin, args=(text, done), daemon=True)
    spinner.start()
    try:
        yield
    finally:
        done.set()
        spinner.join()


def _spin(text: str, done: threading.Event) -> None:
    start = time.monotonic()
    shown = False
    for frame in itertools.cycle(_FRAMES):
        if done.wait(0.1):
            break
        seconds = int(time.monotonic() - start)
        _write(sys.stderr, f"\r\033[K{frame} {text}{f' {seconds}s' if seconds else ''}")
        shown = True
    if shown:
        _write(sys.stderr, "\r\033[K")


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _write(stream: TextIO, text: str) -> None:
    """Writes what the stream's encoding can take, the rest escaped."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
