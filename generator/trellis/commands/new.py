"""`trellis new`: a service from nothing."""

from pathlib import Path
from typing import Annotated

import typer

from trellis.creation import create
from trellis.decision import Request


def new(  # noqa: PLR0913 - one parameter an option
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A folder that does not exist, or is empty.")
    ],
    *,
    project_name: Annotated[
        str | None, typer.Option("--name", help="What it is called; DEST's name by default.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for, in one line.")] = None,
    author_name: Annotated[str | None, typer.Option(help="Its author.")] = None,
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
    what is still open is asked for.
    """
    answers = {
        "project_name": project_name,
        "description": description,
        "author_name": author_name,
        "author_email": author_email,
        "python_version": python_version,
        "api": api,
        "orm": orm,
        "database": database,
        "primary_key": primary_key,
        "ci": ci,
        "docker": docker,
        "telemetry": telemetry,
    }
    create(
        Request(
            destination=destination,
            flags={key: value for key, value in answers.items() if value is not None},
            resources=tuple(resources or ()),
            blueprint=blueprint,
            data=tuple(data or ()),
            template=template,
            yes=yes,
            git=git,
            install=install,
            dry_run=dry_run,
            json=json,
        )
    )
