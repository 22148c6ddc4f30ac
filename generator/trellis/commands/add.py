"""`trellis add`: more of what there is."""

from typing import Annotated

import typer

from trellis import living
from trellis.commands.shared import DryRun, Json, Lock, Yes, options

add = typer.Typer(help="Add to the service that you are in.")


@add.command()
def resource(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Singular, such as blog_post.")],
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD…", help="Such as title:string:200 author:ref:user")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Add a resource: its table and migration, schemas, routes and tests.

    `plural=people` among the fields gives the folder, table and path a plural of their own.
    """
    living.add_resource(name, fields, options(dry_run, yes, lock, json))


@add.command()
def field(
    name: Annotated[str, typer.Argument(metavar="RESOURCE", help="Of which resource.")],
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD…", help="Such as subtitle:string:200:optional.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Add fields to a resource, each with a migration that can be undone.

    Where there may be rows, a field must be optional or have a default.
    """
    living.add_fields(name, fields, options(dry_run, yes, lock, json))
