"""One run at a time changes a service, and what a killed one left is undone first."""

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trellis import journal
from trellis.errors import MachineError, ServiceError
from trellis.guards import uninterrupted
from trellis.merging import Change, Stage
from trellis.service import Service

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextlib.contextmanager
def alone(service: Service) -> Iterator[int | None]:
    """Nobody else changes the service meanwhile; raises ServiceError when somebody does."""
    folder = _folder(service)
    lock = None
    if fcntl is not None:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                what = "is being changed by another run of trellis"
                fix = "try again when it has finished"
                raise ServiceError(what, where=str(service.root), fix=fix) from error
        _recover(folder, service)
        yield lock
    finally:
        journal.discard(folder / journal.NEXT)
        if lock is not None:
            os.close(lock)


def publish(
    service: Service, changes: Sequence[Change], stages: Sequence[Stage], lock: int | None
) -> None:
    """Makes the changes, all or none: whatever happens to this process meanwhile."""
    folder = _folder(service)
    folder.mkdir(exist_ok=True)
    index = _index_lines(service, stages)
    try:
        journal.write(folder, service.root, service.repository.head, changes, index)
        # Somebody may have gone on working while we merged.
        service.refuse_if_dirty()
        # In a session of its own neither Ctrl-C nor the end of ours reaches it; with our lock.
        with uninterrupted():
            completed = subprocess.run(  # noqa: S603
                [sys.executable, "-I", "-S", "-B", journal.__file__, str(folder)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                start_new_session=True,
                pass_fds=[] if lock is None else [lock],
                check=False,
            )
    except OSError as error:
        raise MachineError.of(error) from error
    if completed.returncode:
        raise _failure(service, completed.stderr)


def _recover(folder: Path, service: Service) -> None:
    if not (folder / journal.CURRENT / "plan.json").exists():
        journal.discard(folder / journal.CURRENT)
        return
    head = json.loads((folder / journal.CURRENT / "plan.json").read_bytes())["head"]
    if head != service.repository.head:
        journal.discard(folder / journal.CURRENT)
    elif edited := journal.undo(folder):
        what = (
            "was being changed by a run that was killed; that was undone, except for " + edited[0]
        )
        fix = "look at what git status shows, then try again"
        raise ServiceError(what, where=str(service.root), fix=fix)


def _index_lines(service: Service, stages: Sequence[Stage]) -> str:
    """For git update-index: the sides of each conflict, whose bytes git is given to keep."""
    prefix = service.root.relative_to(service.repository.top).as_posix()
    lead = "" if prefix == "." else prefix + "/"
    lines = [f"0 {'0' * 40}\t{lead}{path}" for path in sorted({stage.path for stage in stages})]
    for stage in stages:
        oid = subprocess.run(  # noqa: S603
            ["git", "-C", str(service.root), "hash-object", "-w", "--stdin"],  # noqa: S607
            input=stage.file.data,
            capture_output=True,
            check=True,
        ).stdout.decode()
        lines.append(f"{stage.file.mode} {oid.strip()} {stage.number}\t{lead}{stage.path}")
    return "".join(line + "\n" for line in lines)


def _failure(service: Service, said: bytes) -> Exception:
    try:
        reason = json.loads(said)
    except ValueError:
        reason = {"errno": None, "what": "the process that changes the files ended early"}
    if reason["errno"]:
        text = os.strerror(reason["errno"])
        hint = "" if reason["errno"] == errno.ENOSPC else f" ({reason['what']})"
        return MachineError(
            f"the machine refused: {text}{hint}; the service is as it was", where=str(service.root)
        )
    what = f"was changed while this ran: {reason['what']}; it is as it was"
    return ServiceError(what, where=str(service.root), fix="try again")


def _folder(service: Service) -> Path:
    return service.repository.git_dir / "trellis"
