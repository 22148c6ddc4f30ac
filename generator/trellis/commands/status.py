"""`trellis status`, `trellis diff`, `trellis restore`: a service against its blueprint."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trellis import console
from trellis.change import apply, drift, releases, worktree
from trellis.change.drift import STATES, Inspection
from trellis.change.pipeline import render
from trellis.commands.shared import DryRun, Json, Yes
from trellis.errors import ServiceError, TrellisError, UsageError, escape
from trellis.files import Change, Files
from trellis.names import nearest
from trellis.service.find import Service, read_history

if TYPE_CHECKING:
    from trellis.template.version import Template


File = Annotated[str, typer.Argument(metavar="FILE", help="A path, from where you are.")]


def status(*, json: Json = False) -> None:
    """Show the template's version, and every file as pristine, edited, stale, missing or extra.

    A stale file is not what its version renders, though nobody has edited it. Ends with 8 when a
    file is stale or missing.
    """
    _status(json=json)


def diff(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…]", help="Only these files.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show what has been changed by hand since it was rendered."""
    _diff(files or [], json=json)


def restore(file: File, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Bring a file back to what the blueprint renders, after showing the difference."""
    _restore(file, dry_run=dry_run, yes=yes, json=json)


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
    chosen = [_named(service, seen, path) for path in paths]
    chosen = chosen or [path for state in ("edited", "stale", "missing") for path in seen.of(state)]
    text = drift.diff(seen, sorted(chosen))
    if json:
        files = [{"path": path, "state": seen.states[path]} for path in sorted(chosen)]
        console.document({"service": str(service.root), "files": files, "diff": text})
    else:
        _say_diff(text)


def _restore(path: str, *, dry_run: bool, yes: bool, json: bool) -> None:
    """One file back to what the blueprint renders, after its difference was shown."""
    from trellis.blueprint import prompts

    service = apply.found(dry_run=dry_run)
    with contextlib.ExitStack() as stack:
        lock = None if dry_run else stack.enter_context(apply.alone(service))
        service.refuse_if_dirty()
        with console.progress("Comparing"):
            seen = inspect(service, with_past=False)
        name = _named(service, seen, path)
        if name not in seen.rendered:
            raise UsageError(f"{name} is not rendered: it is the team's own", fix="git log tells")
        if drift.is_migration(name) and name in seen.mine:
            what = f"{name} is a migration, which stays as databases have run it"
            raise UsageError(what, fix="write another one")
        change = Change(name, seen.mine.get(name), seen.rendered[name])
        same = change.before == change.after
        text = drift.diff(Inspection(seen.states, seen.mine, seen.rendered), [name])
        if not json:
            _say_diff(text)
        asks = console.is_interactive() and not (yes or json or dry_run or same)
        if asks and not prompts.confirm(f"Restore {name}?"):
            raise typer.Exit(1)
        if not (dry_run or same):
            apply.publish(service, [change], [], lock)
    outcome = "unchanged" if same else "planned" if dry_run else "restored"
    if json:
        console.document({"status": outcome, "file": name, "diff": text})
    else:
        console.say(escape(f"{name}: {outcome}"))


def inspect(service: Service, *, with_past: bool = True) -> Inspection:
    """Every file against what is rendered now, and was before."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trellis-")))
        known: dict[tuple[str, str], Template] = {}

        def rendered(one: Service) -> Files:
            from trellis.template.version import opened

            place = (one.source, one.version)
            if place not in known:
                known[place] = stack.enter_context(opened(one.address, one.version))
            return render(known[place], one.blueprint, Path(tempfile.mkdtemp(dir=folder))).files

        def past() -> Iterator[Files]:
            for before in read_history(service):
                with contextlib.suppress(TrellisError):  # a version that is nowhere any more
                    yield rendered(before)

        now, mine = rendered(service), worktree.files(service, folder)
        return drift.compare(now, mine, past() if with_past else iter(()))


def _named(service: Service, seen: Inspection, path: str) -> str:
    """The file's path in the service, given from where we are."""
    try:
        place = Path(os.path.normpath(Path.cwd() / path))
        name = place.relative_to(service.root).as_posix()
    except ValueError as error:
        raise ServiceError(f"does not hold {path}", where=str(service.root)) from error
    if name not in seen.states:
        match = nearest(name, seen.states)
        fix = f"did you mean {match}?" if match else ""
        raise UsageError(f"there is no file {name}, rendered or committed", fix=fix)
    return name


def _lines(
    service: Service, seen: Inspection, step: releases.Step, uncommitted: list[str]
) -> Iterator[str]:
    yield f"{service.root}: {service.source} {service.version}"
    newer = f"  a newer version exists: {step.target} (trellis update)"
    yield newer if step.is_forward else "  the newest version"
    for state in STATES:
        paths = seen.of(state)
        yield f"{len(paths):>4} {state}"
        if state not in {"pristine", "extra"}:
            yield from (f"       {path}" for path in paths)
    if uncommitted:
        yield f"{len(uncommitted):>4} not committed"


def _say_diff(text: str) -> None:
    for line in text.splitlines():
        console.say("\t".join(escape(part) for part in line.split("\t")))
