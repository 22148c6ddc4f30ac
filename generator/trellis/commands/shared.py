"""What the verbs that change a service have in common: their options, and their end."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis import console
from trellis.change.pipeline import Options, Transform, change_service
from trellis.change.report import Report
from trellis.errors import BlueprintError, escape
from trellis.names import nearest
from trellis.service.find import Service

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference; write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Lock = Annotated[bool, typer.Option("--lock/--no-lock", help="Renew uv.lock where it has to be.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document; asks nothing.")]


def make_options(dry_run: bool, yes: bool, lock: bool, json: bool) -> Options:  # noqa: FBT001
    """What was said of them."""
    return Options(dry_run=dry_run, json=json, yes=yes, lock=lock)


def run(transform: Transform, options: Options, *, version: str | None = None) -> None:
    """Changes the service that we are in, and says what became of it."""
    report = change_service(transform, options, version=version)
    _show(report, options)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def get_resource(service: Service, name: str) -> Mapping[str, Any]:
    """The resource of that name; raises BlueprintError where there is none."""
    if resource := service.find_resource(name):
        return resource
    known = [str(resource.get("name")) for resource in service.resources]
    match = nearest(name, known)
    fix = f"did you mean {match}?" if match else f"it has: {', '.join(known) or 'none'}"
    raise BlueprintError(f"there is no resource {name!r}", where=str(service.root), fix=fix)


def replace_fields(service: Service, name: str, listed: list[Any]) -> Mapping[str, Any]:
    """The blueprint, with other fields in one of its resources."""
    changed = [
        {**resource, "fields": listed} if resource.get("name") == name else resource
        for resource in service.resources
    ]
    return {**service.blueprint, "resources": changed}


def _show(report: Report, options: Options) -> None:
    if options.json:
        console.document(report.document())
        return
    for line in report.dry_lines() if options.dry_run else report.lines():
        console.say("\t".join(escape(part) for part in line.split("\t")))
