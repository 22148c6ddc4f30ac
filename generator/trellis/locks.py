"""Locks that end with their process, and temporary folders that outlive no run for long."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trellis.signals import ignore_signals

_PREFIX = "trellis-run-"


def lock(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> int:
    """Locks a file or a folder; raises BlockingIOError where another process holds the lock."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@dataclass(frozen=True)
class Claim:
    """A folder that belongs to the process that made it, and to none that is forked from it."""

    path: Path
    descriptor: int | None = None
    owner: int = field(default_factory=os.getpid)

    def release(self) -> None:
        """Removes the folder, if it is still there, and gives up its lock."""
        with ignore_signals():
            if os.getpid() == self.owner:
                shutil.rmtree(self.path, ignore_errors=True)
            if self.descriptor is not None:
                os.close(self.descriptor)


def claim(parent: Path, prefix: str, mode: int = 0o777) -> Claim:
    """A new folder with a random name, locked for as long as this process lives."""
    while True:
        path = parent / f"{prefix}{secrets.token_hex(4)}"
        try:
            path.mkdir(mode)
        except FileExistsError:
            continue
        try:
            descriptor = lock(path, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, BlockingIOError):
            continue
        except OSError:  # a file system without locks
            return Claim(path)
        # A sweep may have come between the two calls.
        if path.is_dir() and os.path.samestat(path.stat(), os.fstat(descriptor)):
            return Claim(path, descriptor)
        os.close(descriptor)


def sweep(parent: Path, prefix: str) -> None:
    """Removes the folders that killed runs of the same user have left."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path))


@contextlib.contextmanager
def make_temporary() -> Iterator[Path]:
    """A temporary folder. What Copier and others put into temporary folders goes there, too."""
    parent = Path(tempfile.gettempdir())
    sweep(parent, _PREFIX)
    claimed = claim(parent, _PREFIX, 0o700)
    before, tempfile.tempdir = tempfile.tempdir, str(claimed.path)
    try:
        yield claimed.path
    finally:
        tempfile.tempdir = before
        claimed.release()


def _remove_if_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.lstat().st_uid != os.geteuid():
            return
        Claim(path, lock(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)).release()
