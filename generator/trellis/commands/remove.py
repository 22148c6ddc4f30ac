"""`trellis remove`: less of what there is."""

from typing import Annotated

import typer

from trellis import living
from trellis.commands.shared import DryRun, Json, Lock, Yes, options

remove = typer.Typer(help="Remove from the service that you are in.")


@remove.command()
def resource(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Singular, such as blog_post.")],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Remove a resource; a new migration drops its table, and the old ones stay."""
    living.remove_resource(name, options(dry_run, yes, lock, json))


@remove.command()
def field(
    name: Annotated[str, typer.Argument(metavar="RESOURCE", help="Of which resource.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="Its name.")],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Remove a field; a new migration drops its column, and can be undone."""
    living.remove_field(name, field, options(dry_run, yes, lock, json))
