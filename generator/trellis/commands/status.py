"""`trellis status`, `trellis diff`: a service against its blueprint."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trellis import console, locks
from trellis.change import apply, drift, releases, worktree
from trellis.change.drift import STATES, Inspection
from trellis.change.pipeline import render
from trellis.commands.shared import Json
from trellis.errors import BlueprintError, ServiceError, TemplateError, UsageError, escape
from trellis.files import Files
from trellis.names import nearest
from trellis.service.find import Service, read_history

if TYPE_CHECKING:
    from trellis.template.version import Template


def status(*, json: Json = False) -> None:
    """Show the template's version, and every file as pristine, edited, stale, missing or extra.

    A stale file is not what its version renders, though nobody has edited it. Ends with 8 when a
    file is stale or missing.
    """
    _status(json=json)


def diff(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…]", help="Only these files and folders.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show what has been changed by hand since it was rendered."""
    _diff(files or [], json=json)


def _status(*, json: bool) -> None:
    """Says each file's state; ends with releases.NEWS when something is missing or stale."""
    service = apply.found()
    with console.progress("Comparing"):
        step = releases.find_step(service, None)
        seen = inspect(service)
    uncommitted = service.repository.dirty(service.root)
    if json:
        console.document(
            {
                "service": str(service.root),
                "template": {
                    "source": service.source,
                    "recorded": service.version,
                    "newest": step.target if step.is_forward else service.version,
                    "is_newer": step.is_forward,
                },
                "files": {state: seen.of(state) for state in STATES},
                "uncommitted": uncommitted,
                "notes": list(step.unknown_answers),
            }
        )
    else:
        for line in _lines(service, seen, step, uncommitted):
            console.say(escape(line))
    if not seen.is_whole:
        raise typer.Exit(releases.NEWS)


def _diff(paths: list[str], *, json: bool) -> None:
    """Shows what people have changed since rendering."""
    service = apply.found()
    with console.progress("Comparing"):
        seen = inspect(service)
    different = {path for state in ("edited", "stale", "missing") for path in seen.of(state)}
    chosen = set(different)
    if paths:
        named = [(path, select(service, seen, path)) for path in paths]
        # Of a folder what differs; a file in any case.
        chosen = {n for _, names in named for n in names if len(names) == 1 or n in different}
    text = drift.diff(seen, sorted(chosen))
    if json:
        files = [{"path": path, "state": seen.states[path]} for path in sorted(chosen)]
        console.document({"service": str(service.root), "files": files, "diff": text})
    else:
        say_diff(text)


def inspect(service: Service, *, with_past: bool = True) -> Inspection:
    """Every file against what is rendered now, and was before."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(locks.temporary())
        known: dict[tuple[str, str], Template] = {}

        def rendered(one: Service) -> Files:
            from trellis.template.version import open_template

            place = (one.source, one.version)
            if place not in known:
                known[place] = stack.enter_context(open_template(one.address, one.version))
            return render(known[place], one.blueprint, Path(tempfile.mkdtemp(dir=folder))).files

        def past() -> Iterator[Files]:
            for before in read_history(service):
                # A version that is nowhere any more, or answers that it does not accept.
                with contextlib.suppress(TemplateError, BlueprintError):
                    yield rendered(before)

        now, mine = rendered(service), worktree.files(service, folder)
        return drift.compare(now, mine, past() if with_past else iter(()))


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
        match = nearest(name, seen.states)
        fix = f"did you mean {match}?" if match else ""
        raise UsageError(f"there is no file {name}, rendered or committed", fix=fix)
    return inside


def _lines(
    service: Service, seen: Inspection, step: releases.Step, uncommitted: list[str]
) -> Iterator[str]:
    yield f"{service.root}: {service.source} {service.version}"
    newer = f"  a newer version exists: {step.target} (trellis update)"
    yield newer if step.is_forward else "  the newest version"
    yield from (f"  note: {note}" for note in step.unknown_answers)
    for state in STATES:
        paths = seen.of(state)
        yield f"{len(paths):>4} {state}"
        if state not in {"pristine", "extra", "forgotten"}:
            yield from (f"       {path}" for path in paths)
    if uncommitted:
        yield f"{len(uncommitted):>4} not committed"


def say_diff(text: str) -> None:
    for line in text.splitlines():
        console.say("\t".join(escape(part) for part in line.split("\t")))
