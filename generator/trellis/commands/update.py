"""`trellis update`: a newer version of the template."""

from typing import Annotated

import typer

from trellis import living
from trellis.commands.shared import DryRun, Json, Lock, Yes, options


def update(
    *,
    to: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The newest by default.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say whether there is a newer one; ends with 8."),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Take a newer version of the template, and merge what it changes.

    Versions come from this installation of Trellis, or from the address that the service records.
    """
    if check:
        living.check_for_update(to, json=json)
    else:
        living.update(to, options(dry_run, yes, lock, json))
