"""One run at a time changes a service, and what a killed one left is undone first."""

import contextlib
import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trellis import console, git
from trellis.change import journal, worktree
from trellis.change.merge import Stage
from trellis.errors import MachineError, ServiceError
from trellis.files import Change
from trellis.service.find import Service, find_service
from trellis.signals import ignore_signals

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def found(*, dry_run: bool = False) -> Service:
    """The service that we are in, whole: what a killed run has left half-made is taken back."""
    here = find_service()
    if not (_folder(here) / journal.CURRENT / "plan.json").exists():
        return here
    if dry_run:
        what = "was left half-changed by a run that was killed"
        raise ServiceError(what, where=str(here.root), fix="trellis status takes that back")
    with alone(here):
        console.note("what a run that was killed had left half-made has been taken back")
    return find_service()


@contextlib.contextmanager
def alone(here: Service) -> Iterator[int | None]:
    """Nobody else changes the service meanwhile; raises ServiceError when somebody does."""
    folder = _folder(here)
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
                raise ServiceError(what, where=str(here.root), fix=fix) from error
        _recover(folder, here)
        yield lock
    finally:
        journal.discard(folder / journal.NEXT)
        if lock is not None:
            os.close(lock)


def publish(
    here: Service, changes: Sequence[Change], stages: Sequence[Stage], lock: int | None
) -> None:
    """Makes the changes, all or none: whatever happens to this process meanwhile."""
    folder = _folder(here)
    folder.mkdir(exist_ok=True)
    worktree.refuse_to_overwrite(here, changes)
    with tempfile.TemporaryDirectory(prefix="trellis-") as scratch:
        changes = worktree.checked_out(here, changes, Path(scratch))
    index = _index_lines(here, stages)
    try:
        journal.write(folder, here.root, here.repository.head, changes, index)
        # Somebody may have gone on working while we merged.
        here.refuse_if_dirty()
        # In a session of its own neither Ctrl-C nor the end of ours reaches it; with our lock.
        with ignore_signals():
            completed = subprocess.run(  # noqa: S603
                [sys.executable, "-I", "-S", "-B", journal.__file__, str(folder)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                start_new_session=True,
                pass_fds=[] if lock is None else [lock],
                env=git.environment(),
                check=False,
            )
    except OSError as error:
        raise MachineError.of(error) from error
    if completed.returncode:
        raise _failure(here, completed.stderr)


def _recover(folder: Path, here: Service) -> None:
    if not (folder / journal.CURRENT / "plan.json").exists():
        journal.discard(folder / journal.CURRENT)
        return
    head = json.loads((folder / journal.CURRENT / "plan.json").read_bytes())["head"]
    if head != here.repository.head:
        journal.discard(folder / journal.CURRENT)
    elif edited := journal.undo(folder):
        what = (
            "was being changed by a run that was killed; that was undone, except for " + edited[0]
        )
        fix = "look at what git status shows, then try again"
        raise ServiceError(what, where=str(here.root), fix=fix)


def _index_lines(here: Service, stages: Sequence[Stage]) -> str:
    """For git update-index: the sides of each conflict, whose bytes git is given to keep."""
    none = "0" * len(here.repository.head)
    lines = [f"0 {none}\t{here.lead}{path}" for path in sorted({stage.path for stage in stages})]
    command = ["git", "-C", str(here.root), "hash-object", "-w", "--stdin"]
    for stage in stages:
        oid = git.run(command, stage.file.data).decode().strip()
        lines.append(f"{stage.file.mode} {oid} {stage.number}\t{here.lead}{stage.path}")
    return "".join(line + "\n" for line in lines)


def _failure(here: Service, said: bytes) -> Exception:
    try:
        reason = json.loads(said)
    except ValueError:
        reason = {"errno": None, "what": "the process that changes the files ended early"}
    if reason["errno"]:
        text = os.strerror(reason["errno"])
        hint = "" if reason["errno"] == errno.ENOSPC else f" ({reason['what']})"
        return MachineError(
            f"the machine refused: {text}{hint}; the service is as it was", where=str(here.root)
        )
    what = f"was changed while this ran: {reason['what']}; it is as it was"
    return ServiceError(what, where=str(here.root), fix="try again")


def _folder(here: Service) -> Path:
    return here.repository.git_dir / "trellis"
