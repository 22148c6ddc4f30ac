"""The options that all verbs have which change a service."""

from typing import Annotated

import typer

from trellis.evolution import Options

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference; write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Lock = Annotated[bool, typer.Option("--lock/--no-lock", help="Renew uv.lock where it has to be.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")]


def options(dry_run: bool, yes: bool, lock: bool, json: bool) -> Options:  # noqa: FBT001
    """What was said of them."""
    return Options(dry_run=dry_run, json=json, yes=yes, lock=lock)
