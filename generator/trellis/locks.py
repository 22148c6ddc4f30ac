"""Locks that end with their process, and folders that a later run removes if that was killed."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trellis.signals import ignore_signals

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_PREFIX = "trellis-run-"


def lock(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int:
    """Locks a file or a folder; raises BlockingIOError where another process holds the lock."""
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def claim(parent: Path, prefix: str, mode: int = 0o777) -> tuple[Path, int | None]:
    """A new folder with a random name, locked for as long as this process lives."""
    while True:
        path = parent / f"{prefix}{secrets.token_hex(4)}"
        try:
            path.mkdir(mode)
        except FileExistsError:
            continue
        if fcntl is None:
            return path, None
        try:
            descriptor = lock(path, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, BlockingIOError):
            continue
        except OSError:  # a file system without locks
            return path, None
        # A sweep may have come between the two calls.
        if path.is_dir() and os.path.samestat(path.stat(), os.fstat(descriptor)):
            return path, descriptor
        os.close(descriptor)


def release(path: Path, descriptor: int | None) -> None:
    """Removes a folder that was claimed, if it is still there, and gives up its lock."""
    with ignore_signals():
        shutil.rmtree(path, ignore_errors=True)
        if descriptor is not None:
            os.close(descriptor)


def sweep(parent: Path, prefix: str) -> None:
    """Removes the folders that killed runs of the same user have left."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path))


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A temporary folder. What Copier and others put into temporary folders goes there, too."""
    parent = Path(tempfile.gettempdir())
    sweep(parent, _PREFIX)
    path, descriptor = claim(parent, _PREFIX, 0o700)
    before, tempfile.tempdir = tempfile.tempdir, str(path)
    try:
        yield path
    finally:
        tempfile.tempdir = before
        release(path, descriptor)


def _remove_if_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.lstat().st_uid != os.geteuid():
            return
        descriptor = lock(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        release(path, descriptor)
