"""What the verbs that change a service have in common: their options, and their end."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis import console
from trellis.change.pipeline import Options, Wanted, evolve
from trellis.change.report import Account
from trellis.errors import BlueprintError, escape
from trellis.names import nearest
from trellis.service.find import Service

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference; write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Lock = Annotated[bool, typer.Option("--lock/--no-lock", help="Renew uv.lock where it has to be.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")]


def options(dry_run: bool, yes: bool, lock: bool, json: bool) -> Options:  # noqa: FBT001
    """What was said of them."""
    return Options(dry_run=dry_run, json=json, yes=yes, lock=lock)


def run(wanted: Wanted, options: Options, *, version: str | None = None) -> None:
    """Changes the service that we are in, and says what became of it."""
    account = evolve(wanted, options, version=version)
    _show(account, options)
    if account.exit_code:
        raise typer.Exit(account.exit_code)


def existing(found: Service, name: str) -> Mapping[str, Any]:
    """The resource of that name; raises BlueprintError where there is none."""
    if resource := found.named(name):
        return resource
    known = [str(resource.get("name")) for resource in found.resources]
    match = nearest(name, known)
    fix = f"did you mean {match}?" if match else f"it has: {', '.join(known) or 'none'}"
    raise BlueprintError(f"there is no resource {name!r}", where=str(found.root), fix=fix)


def with_fields(found: Service, name: str, listed: list[Any]) -> Mapping[str, Any]:
    """The blueprint, with other fields in one of its resources."""
    changed = [
        {**resource, "fields": listed} if resource.get("name") == name else resource
        for resource in found.resources
    ]
    return {**found.blueprint, "resources": changed}


def _show(account: Account, options: Options) -> None:
    if options.json:
        console.document(account.document())
        return
    for line in account.dry_lines() if options.dry_run else account.lines():
        console.say("\t".join(escape(part) for part in line.split("\t")))
