"""The steps of `trellis new`, from its options to its report."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trellis import console, project, report, steps
from trellis.decision import Request, decide
from trellis.destination import Destination, inspect
from trellis.errors import DeclinedError, Stopped, escape
from trellis.questions import ANSWERS_FILE

if TYPE_CHECKING:
    from trellis.template import Template


def create(request: Request) -> None:
    """Makes the service, or says why not; nothing is left of one that was not made."""
    from trellis import template

    place = inspect(request.destination)
    asks = console.is_interactive() and not (request.yes or request.json)
    with contextlib.ExitStack() as stack:
        with console.progress("Reading the template"):
            opened = stack.enter_context(template.opened(request.template))
        values = decide(request, place, opened, asks=asks)
        if request.dry_run or asks:
            planned = _preview(opened, values)
            if request.dry_run:
                plan = _report("planned", request, place, values, planned, [])
                _show(request, replace(plan, note=opened.remark))
                return
            _review(place, values, planned)
        staged = stack.enter_context(project.staging(place))
        with console.progress("Rendering"):
            opened.render(values, staged.path)
        project.verify(staged.path, ANSWERS_FILE)
        outcomes = list(_steps_before(request, place, staged.path, values))
        written = project.files(staged.path)
        staged.publish()
        if place.is_working_directory:
            os.chdir(place.path)  # the one that we were in has been replaced
    interrupted = _install(request, place, outcomes)
    result = _report("created", request, place, values, written, outcomes)
    _show(request, replace(result, note=opened.remark))
    if interrupted:
        raise typer.Exit(130)


def _preview(template: "Template", values: Mapping[str, Any]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="trellis-") as folder:
        template.render(values, Path(folder, "service"))
        return project.verify(Path(folder, "service"), ANSWERS_FILE)


def _review(place: Destination, values: Mapping[str, Any], planned: Sequence[str]) -> None:
    from trellis import prompts

    console.say()
    rows = [[escape(cell) for cell in row] for row in report.review_rows(values)]
    console.say(console.table(rows, indent="  "))
    console.say()
    if not prompts.confirm(f"Write {len(planned)} files to {place.given}?"):
        raise DeclinedError("declined; nothing was written")


def _steps_before(
    request: Request, place: Destination, folder: Path, values: Mapping[str, Any]
) -> Iterator[steps.Outcome]:
    if project.copy_environment_file(folder):
        yield steps.Outcome(done="copied .env.example to .env")
    with console.progress("Choosing the versions of its dependencies"):
        yield steps.lock(folder, place.path, wanted=request.install)
    author = (str(values.get("author_name", "")), str(values.get("author_email", "")))
    with console.progress("Committing"):
        yield steps.commit(folder, place.path, author, wanted=request.git)


def _install(request: Request, place: Destination, outcomes: list[steps.Outcome]) -> bool:
    """Adds the last outcome; true when the user had no patience for it."""
    locked = (place.path / "uv.lock").exists()
    try:
        with console.progress("Installing its dependencies"):
            outcomes.append(steps.install(place.path, wanted=request.install, locked=locked))
    except (KeyboardInterrupt, Stopped):
        todo = "install its dependencies (interrupted)"
        outcomes.append(steps.Outcome(todo=todo, command="uv sync"))
        return True
    return False


def _show(request: Request, result: report.Report) -> None:
    if request.json:
        console.document(result.document())
        return
    lines = result.plan_lines(console.tree) if request.dry_run else result.lines()
    for line in "\n".join(lines).split("\n"):
        console.say(escape(line))


def _report(
    status: str,
    request: Request,
    place: Destination,
    values: Mapping[str, Any],
    files: Sequence[str],
    outcomes: Sequence[steps.Outcome],
) -> report.Report:
    extra = [] if request.git else ["--no-git"]
    extra += [] if request.install else ["--no-install"]
    extra += ["--template", request.template] if request.template else []
    enter = "." if place.is_working_directory else place.given
    return report.Report(
        status=status,
        destination=str(place.path),
        files=files,
        blueprint=values,
        command=report.reproducing_command(place.given, values, extra),
        outcomes=outcomes,
        enter=f"cd {shlex.quote(enter)}",
    )
