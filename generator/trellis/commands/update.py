"""`trellis update`: a newer version of the template."""

from typing import Annotated

import typer

from trellis import console
from trellis.change import apply, releases
from trellis.change.pipeline import Options
from trellis.commands.shared import DryRun, Json, Lock, Yes, run
from trellis.errors import UsageError


def update(
    *,
    to: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The newest by default.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only say whether there is a newer version. The exit code is 8 if there is.",
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Take a newer version of the template, and merge what it changes.

    Versions come from this installation of Trellis, or from the address that the service records.
    """
    service = apply.open_service(dry_run=dry_run)
    if not check:
        service.refuse_if_dirty()
    with console.progress("Looking for newer versions"):
        step = releases.find_step(service, to)
    if check:
        _report(step, json=json)
        return
    if step.is_back:
        what = f"{step.target} is older than {step.recorded}, which the service was made from"
        fix = "a downgrade would take back what newer migrations rely on; use git to go back"
        raise UsageError(what, fix=fix)
    # Already at the newest: the recorded one, and whatever else is newer than the newest release.
    target = step.target if step.is_forward else service.version
    options = Options(dry_run, yes, lock, json)
    run(lambda service, _: service.blueprint, options, version=target)


def _report(step: releases.Step, *, json: bool) -> None:
    """Says whether there is a newer version; ends with NEWS when there is."""
    if json:
        document = {"recorded": step.recorded, "newest": step.target, "is_newer": step.is_forward}
        console.say_document({**document, "release_notes": step.notes})
    elif step.is_forward:
        console.say(f"{step.target} is newer than {step.recorded}: trellis update")
        console.say_lines(step.notes.splitlines())
    else:
        console.say(f"{step.recorded} is the newest version")
    if step.is_forward:
        raise typer.Exit(releases.NEWS)
