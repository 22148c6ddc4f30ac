"""`trellis status`, `trellis diff`, `trellis restore`: a service against its blueprint."""

from typing import Annotated

import typer

from trellis import survey
from trellis.commands.shared import DryRun, Json, Yes

File = Annotated[str, typer.Argument(metavar="FILE", help="A path, from where you are.")]


def status(*, json: Json = False) -> None:
    """Show the template's version, and every file as pristine, edited, stale, missing or extra.

    A stale file is not what its version renders, though nobody has edited it. Ends with 8 when a
    file is stale or missing.
    """
    survey.status(json=json)


def diff(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE…]", help="Only these files.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show what has been changed by hand since it was rendered."""
    survey.show_difference(files or [], json=json)


def restore(file: File, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> None:
    """Bring a file back to what the blueprint renders, after showing the difference."""
    survey.restore(file, dry_run=dry_run, yes=yes, json=json)
