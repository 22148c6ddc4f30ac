"""`trellis new`: a service from nothing, from its options to its report."""

import contextlib
import inspect
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from trellis import console, locks
from trellis.blueprint import prompts
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.commands import report
from trellis.commands.answers import Request, resolve
from trellis.errors import DeclinedError, Stopped, escape
from trellis.service import staging, toolchain
from trellis.service.destination import Destination, check_destination
from trellis.service.toolchain import Outcome
from trellis.template.version import Template, open_template


def new(  # noqa: PLR0913 - one parameter an option
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A folder that does not exist, or is empty.")
    ],
    *,
    project_name: Annotated[
        str | None, typer.Option("--name", help="The name of the service; DEST's name by default.")
    ] = None,
    description: Annotated[
        str | None, typer.Option(help="The purpose of the service, in one line.")
    ] = None,
    author_name: Annotated[str | None, typer.Option(help="The author of the service.")] = None,
    author_email: Annotated[str | None, typer.Option(help="The author's e-mail address.")] = None,
    python_version: Annotated[
        str | None,
        typer.Option("--python", metavar="3.11|…|3.14", help="The oldest Python it runs on."),
    ] = None,
    api: Annotated[str | None, typer.Option(metavar="async|sync")] = None,
    orm: Annotated[str | None, typer.Option(metavar="sqlalchemy|sqlmodel")] = None,
    database: Annotated[str | None, typer.Option(metavar="sqlite|postgres")] = None,
    primary_key: Annotated[str | None, typer.Option(metavar="integer|uuid7")] = None,
    ci: Annotated[str | None, typer.Option(metavar="github|gitlab|none")] = None,
    docker: Annotated[
        bool | None, typer.Option("--docker/--no-docker", help="A Dockerfile and a compose.yaml.")
    ] = None,
    telemetry: Annotated[str | None, typer.Option(metavar="none|opentelemetry")] = None,
    resources: Annotated[
        list[str] | None,
        typer.Option(
            "-r",
            "--resource",
            metavar="'NAME FIELD…'",
            help="What it stores, such as 'post title:string:200 author:ref:user'. Repeatable.",
        ),
    ] = None,
    blueprint: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="A blueprint in YAML.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("-d", "--data", metavar="KEY=VALUE", help="Any answer. Repeatable."),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="TRELLIS_TEMPLATE", help="A template of your own."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    git: Annotated[bool, typer.Option("--git/--no-git", help="A repository, and a commit.")] = True,
    install: Annotated[
        bool, typer.Option("--install/--no-install", help="Lock and install dependencies.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the files; write none.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")] = False,
) -> None:
    """Make a complete FastAPI service.

    Values come from the defaults, --from, -d and the other options; the later win. On a terminal,
    Trellis asks for the rest.
    """
    _create(_read_request(locals()))


def list_flags() -> dict[str, str]:
    """The flag that answers each question: a parameter of `new` that is not the request's own."""
    own = {field.name for field in fields(Request)}
    answering = (p for p in inspect.signature(new).parameters.values() if p.name not in own)
    return {parameter.name: _name_flag(parameter) for parameter in answering}


def _name_flag(parameter: inspect.Parameter) -> str:
    option = parameter.annotation.__metadata__[0]
    # In an annotation, Typer keeps the first name of an option as its default.
    written = [str(word) for word in (option.default, *(option.param_decls or ()))]
    derived = "--" + parameter.name.replace("_", "-")
    return next((word for word in written if word.startswith("--")), derived)


def _read_request(arguments: Mapping[str, Any]) -> Request:
    given = {key: value for key, value in arguments.items() if value is not None}
    known = list_flags()
    answers = {key: value for key, value in given.items() if key in known}
    rest = {key: value for key, value in given.items() if key not in known}
    return Request(flags=answers, **rest)


def _create(request: Request) -> None:
    """Makes the service whole, or leaves nothing."""
    place = check_destination(request.destination)
    asks = console.is_interactive() and not (request.yes or request.json)
    with contextlib.ExitStack() as stack:
        with console.progress("Reading the template"):
            template = stack.enter_context(open_template(request.template))
        values = resolve(request, place, template, list_flags(), asks=asks)
        if request.dry_run or asks:
            planned = _preview(template, values)
            if request.dry_run:
                _report(request, place, values, planned, template.remark)
                return
            _review(place, values, planned)
        staged = stack.enter_context(staging.stage(place))
        with console.progress("Rendering"):
            template.render(values, staged.path)
        staging.verify(staged.path, ANSWERS_FILE)
        outcomes = list(_prepare(request, place, staged.path, values))
        written = staging.list_files(staged.path)
        staged.publish()
        if place.is_working_directory:
            os.chdir(place.path)  # the one that we were in has been replaced
    interrupted = _install(request, place, outcomes)
    _report(request, place, values, written, template.remark, outcomes)
    if interrupted:
        raise typer.Exit(130)


def _preview(template: Template, values: Mapping[str, Any]) -> list[str]:
    with locks.make_temporary() as folder:
        template.render(values, folder / "service")
        return staging.verify(folder / "service", ANSWERS_FILE)


def _review(place: Destination, values: Mapping[str, Any], planned: Sequence[str]) -> None:
    rows = [[escape(cell) for cell in row] for row in report.format_rows(values)]
    console.say(f"\n{console.format_table(rows, indent='  ')}\n")
    if not prompts.confirm(f"Write {len(planned)} files to {place.given}?"):
        raise DeclinedError("declined; nothing was written")


def _prepare(
    request: Request, place: Destination, folder: Path, values: Mapping[str, Any]
) -> Iterator[Outcome]:
    """What is done in the folder before it is put into place."""
    if staging.copy_environment_file(folder):
        yield Outcome(done="copied .env.example to .env")
    with console.progress("Choosing the versions of its dependencies"):
        yield toolchain.lock(folder, place.path, wanted=request.install)
    author = (str(values.get("author_name", "")), str(values.get("author_email", "")))
    with console.progress("Committing"):
        yield toolchain.commit(folder, place.path, author, wanted=request.git)


def _install(request: Request, place: Destination, outcomes: list[Outcome]) -> bool:
    """Adds the last outcome; true when it was interrupted."""
    locked = (place.path / "uv.lock").exists()
    try:
        with console.progress("Installing its dependencies"):
            outcomes.append(toolchain.install(place.path, wanted=request.install, locked=locked))
    except (KeyboardInterrupt, Stopped):
        outcomes.append(Outcome(todo="install its dependencies (interrupted)", command="uv sync"))
        return True
    return False


def _report(
    request: Request,
    place: Destination,
    values: Mapping[str, Any],
    files: Sequence[str],
    remark: str,
    outcomes: Sequence[Outcome] = (),
) -> None:
    extra = [] if request.git else ["--no-git"]
    extra += [] if request.install else ["--no-install"]
    extra += ["--template", request.template] if request.template else []
    document = {
        "status": "planned" if request.dry_run else "created",
        "destination": str(place.path),
        "files": files,
        "blueprint": values,
        "command": report.format_command(place.given, values, list_flags(), extra),
        **toolchain.describe(outcomes),
        "notes": [remark] if remark else [],
    }
    if request.json:
        console.say_document(document)
    elif request.dry_run:
        console.say_lines(report.format_plan(document))
    else:
        enter = "." if place.is_working_directory else place.given
        console.say_lines(report.format_end(document, f"cd {shlex.quote(enter)}"))
