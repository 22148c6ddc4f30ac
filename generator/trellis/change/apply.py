"""Writes a merge into a service through git, under git's lock of the index.

The service is committed when a verb starts, so git has what is needed to undo one. What a verb
writes is staged first. `git reset --hard` takes it back from then on, new files included.
"""

import contextlib
import os
import shlex
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


def open_service(*, dry_run: bool = False) -> Service:
    """The service that we are in, after taking back what a killed run has left half-made."""
    # This comes first: the file by which a service is found may be half-written.
    if (repository := _find_interrupted(Path.cwd())) is not None:
        if dry_run:
            what = "the service was left half-changed by a run that was killed"
            raise ServiceError(what, where=str(Path.cwd()), fix="trellis status takes that back")
        with lock_repository(repository):
            console.say_note("what a run that was killed had left half-made has been taken back")
    return find_service()


def _find_interrupted(folder: Path) -> Repository | None:
    """The repository around a folder, if a run was killed that changed a service in it."""
    with contextlib.suppress(ServiceError):
        repository = git.open_repository(folder)
        return repository if writing.read_plan(repository) is not None else None
    return None


@contextlib.contextmanager
def lock_repository(repository: Repository) -> Iterator[int]:
    """No other run changes a service meanwhile; raises ServiceError when one does."""
    folder = writing.find_folder(repository)
    folder.mkdir(exist_ok=True)
    try:
        lock = locks.lock(folder / "lock")
    except BlockingIOError as error:
        what = "the service is being changed by another run of trellis"
        fix = "try again when it has finished"
        raise ServiceError(what, where=str(repository.top), fix=fix) from error
    try:
        if (plan := writing.read_plan(repository)) is not None:
            _heal(writing.Writing(repository, lock), plan)
        yield lock
    finally:
        if writing.read_plan(repository) is None:
            shutil.rmtree(folder / "work", ignore_errors=True)
        os.close(lock)


def _heal(attempt: writing.Writing, plan: dict[str, Any]) -> None:
    what = "the service was left half-changed by a run that was killed"
    try:
        with ignore_signals():
            edited = attempt.take_back(plan)
    except (TrellisError, OSError) as error:
        raise _make_stuck_error(attempt, plan, what, error) from error
    if edited:
        what = f"{what}, and not undone in {edited[0]}"
        fix = "look at what git status shows, then try again"
        raise ServiceError(what, where=str(attempt.repository.top), fix=fix)


def publish(
    service: Service, changes: Sequence[Change], stages: Sequence[Stage], lock: int | None
) -> None:
    """Makes and stages the changes, all or none."""
    worktree.refuse_to_overwrite(service, changes)
    attempt = writing.Writing(service.repository, lock)
    tree = attempt.store(service.lead, changes)
    conflicts = attempt.store_conflicts(service.lead, stages)
    plan = {"trellis": str(service.root), "head": service.repository.head, "tree": tree}
    with ignore_signals():
        attempt.begin(plan)
        try:
            # Somebody may have gone on working while we merged.
            service.refuse_edits()
            attempt.write(plan, conflicts)
        except (TrellisError, OSError) as error:
            raise _take_back(service, attempt, plan, error) from error
        service.repository.lock.unlink()
        writing.tidy(service.root, changes)


def _take_back(
    service: Service, attempt: writing.Writing, plan: dict[str, Any], error: Exception
) -> TrellisError:
    """Takes the change back; returns the error that says why it failed."""
    reason = _explain(error)
    is_machine = isinstance(error, (MachineError, OSError))
    try:
        attempt.take_back(plan)
        if is_machine:
            service.refuse_edits()
    except (TrellisError, OSError) as other:
        return _make_stuck_error(
            attempt, plan, f"the service could not be changed: {reason}", other
        )
    if is_machine:
        return MachineError(f"{reason}; the service is as it was", where=str(service.root))
    if isinstance(error, ServiceError) and not isinstance(error, GitError):
        return error
    what = f"the service was changed while this ran: {reason}; nothing of the change was left"
    return ServiceError(what, where=str(service.root), fix="try again")


def _make_stuck_error(
    attempt: writing.Writing, plan: dict[str, Any], what: str, error: Exception
) -> TrellisError:
    """The error where a change can be taken back by git alone, or when its obstacle is gone."""
    repository, root = attempt.repository, Path(plan["trellis"])
    by_hand = f"rm {shlex.quote(str(repository.lock))} && {repository.format_reset(root)}"
    fix = f"correct that, then run trellis status; or: {by_hand}"
    kind = MachineError if isinstance(error, (MachineError, OSError)) else ServiceError
    what = f"{what}; that could not be taken back: {_explain(error)}"
    return kind(what, where=str(root), fix=fix)


def _explain(error: Exception) -> str:
    error = MachineError.from_os_error(error) if isinstance(error, OSError) else error
    return getattr(error, "what", str(error))
