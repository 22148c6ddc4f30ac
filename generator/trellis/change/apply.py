"""Writes a merge into a service: git does it, under git's own lock of the index.

The service is committed when a verb starts, so git has what is needed to undo one. What a verb
writes is staged first. `git reset --hard` takes it back from then on, new files included.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trellis import console, git, locks
from trellis.change import worktree, writing
from trellis.change.merge import Stage
from trellis.errors import GitError, MachineError, ServiceError, TrellisError
from trellis.files import Change
from trellis.git import Repository
from trellis.service.find import Service, find_service
from trellis.signals import ignore_signals


def found(*, dry_run: bool = False) -> Service:
    """The service that we are in, after taking back what a killed run has left half-made."""
    root, repository = Path.cwd(), None
    try:
        here = find_service()
        if writing.read_plan(here.repository) is None:
            return here
        root, repository = here.root, here.repository
    except TrellisError:
        # What is half-written may be the file by which a service is found.
        repository = _interrupted(root)
        if repository is None:
            raise
    if dry_run:
        what = "the service was left half-changed by a run that was killed"
        raise ServiceError(what, where=str(root), fix="trellis status takes that back")
    with _alone(repository, root):
        console.note("what a run that was killed had left half-made has been taken back")
    return find_service()


@contextlib.contextmanager
def alone(here: Service) -> Iterator[int]:
    """No other run changes the service meanwhile; raises ServiceError when one does."""
    with _alone(here.repository, here.root) as lock:
        yield lock


@contextlib.contextmanager
def _alone(repository: Repository, root: Path) -> Iterator[int]:
    folder = writing.folder_of(repository)
    folder.mkdir(exist_ok=True)
    try:
        lock = locks.lock(folder / "lock")
    except BlockingIOError as error:
        what = "the service is being changed by another run of trellis"
        fix = "try again when it has finished"
        raise ServiceError(what, where=str(root), fix=fix) from error
    try:
        if (plan := writing.read_plan(repository)) is not None:
            with ignore_signals():
                edited = writing.Writing(repository, lock).take_back(plan)
            if edited:
                what = (
                    "the service was left half-changed by a run that was killed, and not undone in "
                )
                fix = "look at what git status shows, then try again"
                raise ServiceError(what + edited[0], where=str(root), fix=fix)
        yield lock
    finally:
        if writing.read_plan(repository) is None:
            shutil.rmtree(folder / "work", ignore_errors=True)
        os.close(lock)


def publish(
    here: Service, changes: Sequence[Change], stages: Sequence[Stage], lock: int | None
) -> None:
    """Makes and stages the changes, all or none."""
    worktree.refuse_to_overwrite(here, changes)
    attempt = writing.Writing(here.repository, lock)
    tree = attempt.store(here.lead, changes)
    conflicts = attempt.conflicts(here.lead, stages)
    plan = {"trellis": str(here.root), "head": here.repository.head, "tree": tree}
    with ignore_signals():
        attempt.begin(plan)
        try:
            # Somebody may have gone on working while we merged.
            here.refuse_edits()
            attempt.write(plan, conflicts)
        except (TrellisError, OSError) as error:
            raise _failure(here, attempt, plan, error) from error
        here.repository.lock.unlink()
        writing.tidy(here.root, changes)


def _failure(
    here: Service, attempt: writing.Writing, plan: dict[str, Any], error: Exception
) -> TrellisError:
    """Takes the change back; says why it failed, and how the service is now."""
    reason = error.reason if isinstance(error, GitError) else getattr(error, "what", str(error))
    if isinstance(error, OSError):
        error = MachineError.of(error)
        reason = error.what
    machine = isinstance(error, MachineError)
    try:
        attempt.take_back(plan)
        if machine:
            here.refuse_edits()
    except (TrellisError, OSError) as other:
        why = getattr(other, "what", str(other))
        what = f"{reason}; the change of the service could not be taken back ({why})"
        fix = "make room, then: trellis status"
        return MachineError(what, where=str(here.root), fix=fix)
    if machine:
        return MachineError(f"{reason}; the service is as it was", where=str(here.root))
    if isinstance(error, ServiceError) and not isinstance(error, GitError):
        return error
    what = f"the service was changed while this ran: {reason}; nothing of the change was left"
    return ServiceError(what, where=str(here.root), fix="try again")


def _interrupted(folder: Path) -> Repository | None:
    """The repository around a folder, if a run was killed that changed a service in it."""
    with contextlib.suppress(ServiceError):
        repository = git.open_repository(folder)
        return repository if writing.read_plan(repository) is not None else None
    return None
