"""`trellis change`: other choices for a service that exists."""

from typing import Annotated

import typer

from trellis import living
from trellis.commands.shared import DryRun, Json, Lock, Yes, options


def change(
    values: Annotated[
        list[str], typer.Argument(metavar="KEY=VALUE…", help="Such as database=postgres ci=gitlab.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Change choices of the service that you are in; `trellis options` lists them.

    primary_key can change as long as there are no migrations but those that were rendered.
    """
    living.change(values, options(dry_run, yes, lock, json))
