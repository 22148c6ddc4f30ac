"""Options, lookups and output that the changing verbs share."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis import console
from trellis.change.pipeline import Options, Transform, change_service
from trellis.errors import BlueprintError
from trellis.names import did_you_mean
from trellis.service.find import Service

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference; write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Lock = Annotated[bool, typer.Option("--lock/--no-lock", help="Renew uv.lock where it has to be.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")]


def run(transform: Transform, options: Options, *, version: str | None = None) -> None:
    """Changes the service that we are in, and says what became of it."""
    report = change_service(transform, options, version=version)
    if options.json:
        console.say_document(report.as_document())
    else:
        console.say_lines(report.format_dry_run() if options.dry_run else report.format_end())
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def get_resource(service: Service, name: str) -> Mapping[str, Any]:
    """The resource of that name; raises BlueprintError where there is none."""
    if resource := service.find_resource(name):
        return resource
    known = [str(resource.get("name")) for resource in service.resources]
    fix = did_you_mean(name, known, f"it has: {', '.join(known) or 'none'}")
    raise BlueprintError(f"there is no resource {name!r}", where=str(service.root), fix=fix)


def replace_fields(service: Service, name: str, listed: list[Any]) -> Mapping[str, Any]:
    """The blueprint, with other fields in one of its resources."""
    changed = [
        {**resource, "fields": listed} if resource.get("name") == name else resource
        for resource in service.resources
    ]
    return {**service.blueprint, "resources": changed}
