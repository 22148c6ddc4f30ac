"""`trellis status`, `trellis diff`: a service against its blueprint."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from trellis import console, locks
from trellis.change import apply, drift, releases, worktree
from trellis.change.drift import STATES, Inspection
from trellis.change.pipeline import open_renderer
from trellis.commands.shared import Json
from trellis.errors import BlueprintError, ServiceError, TemplateError, UsageError
from trellis.files import Files
from trellis.names import did_you_mean
from trellis.service.find import Service, read_history


def status(*, json: Json = False) -> None:
    """Show the template's version, and every file as pristine, edited, stale, missing or extra.

    A stale file is not what its version renders, though nobody has edited it. Ends with 8 when a
    file is stale or missing.
    """
    service = apply.open_service()
    with console.progress("Comparing"):
        step = releases.find_step(service, None)
        seen = inspect(service)
    uncommitted = service.repository.list_dirty(service.root)
    if json:
        console.say_document(
            {
                "service": str(service.root),
                "template": {
                    "source": service.source,
                    "recorded": service.version,
                    "newest": step.target if step.is_forward else service.version,
                    "is_newer": step.is_forward,
                },
                "files": {state: seen.list_paths(state) for state in STATES},
                "uncommitted": uncommitted,
                "notes": list(step.unknown_answers),
            }
        )
    else:
        console.say_lines(_format(service, seen, step, uncommitted))
    if not seen.is_whole:
        raise typer.Exit(releases.NEWS)


def diff(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…]", help="Only these files and folders.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show what has been changed by hand since it was rendered."""
    service = apply.open_service()
    with console.progress("Comparing"):
        seen = inspect(service)
    different = {
        path for state in ("edited", "stale", "missing") for path in seen.list_paths(state)
    }
    chosen = set(different)
    if files:
        named = [select(service, seen, path) for path in files]
        # Of a folder what differs; a file in any case.
        chosen = {n for names in named for n in names if len(names) == 1 or n in different}
    text = drift.diff(seen, sorted(chosen))
    if json:
        listed = [{"path": path, "state": seen.states[path]} for path in sorted(chosen)]
        console.say_document({"service": str(service.root), "files": listed, "diff": text})
    else:
        console.say_lines(text.splitlines())


def inspect(service: Service, *, with_past: bool = True) -> Inspection:
    """Every file against what is rendered now, and was before."""
    with open_renderer() as render, locks.make_temporary() as scratch:

        def past() -> Iterator[Files]:
            for before in read_history(service) if with_past else ():
                # A version that is nowhere any more, or answers that it does not accept.
                with contextlib.suppress(TemplateError, BlueprintError):
                    yield render(before)

        return drift.compare(render(service), worktree.read_files(service, scratch), past())


def select(service: Service, seen: Inspection, path: str) -> list[str]:
    """The files that a path means, given from where we are: one, or those of a folder."""
    try:
        place = Path(os.path.normpath(Path.cwd() / path))
        name = place.relative_to(service.root).as_posix()
    except ValueError as error:
        raise ServiceError(f"the service does not hold {path}", where=str(service.root)) from error
    if name in seen.states:
        return [name]
    inside = [known for known in seen.states if name == "." or known.startswith(f"{name}/")]
    if not inside:
        what = f"there is no file {name}, rendered or committed"
        raise UsageError(what, fix=did_you_mean(name, seen.states))
    return inside


def _format(
    service: Service, seen: Inspection, step: releases.Step, uncommitted: list[str]
) -> Iterator[str]:
    yield f"{service.root}: {service.source} {service.version}"
    newer = f"  a newer version exists: {step.target} (trellis update)"
    yield newer if step.is_forward else "  the newest version"
    yield from (f"  note: {note}" for note in step.unknown_answers)
    for state in STATES:
        paths = seen.list_paths(state)
        yield f"{len(paths):>4} {state}"
        if state not in {"pristine", "extra", "forgotten"}:
            yield from (f"       {path}" for path in paths)
    if uncommitted:
        yield f"{len(uncommitted):>4} not committed"
