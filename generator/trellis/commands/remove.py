"""`trellis remove`: a resource or a field."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis.change.pipeline import Options
from trellis.commands import shared
from trellis.commands.shared import DryRun, Json, Lock, Yes
from trellis.errors import BlueprintError
from trellis.names import did_you_mean
from trellis.service.find import Service, find_references
from trellis.template.version import Template

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

    def transform(service: Service, _: Template) -> Mapping[str, Any]:
        shared.get_resource(service, name)
        if users := list(find_references(service.resources, name)):
            what = f"the resource {name!r} is referred to by {', '.join(users)}"
            owners = dict.fromkeys(user.partition(".")[0] for user in users)
            fix = "remove what refers to it first: " + ", ".join(owners)
            raise BlueprintError(what, where="resources", fix=fix)
        left = [resource for resource in service.resources if resource.get("name") != name]
        return {**service.blueprint, "resources": left}

    shared.run(transform, Options(dry_run, yes, lock, json))


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

    def transform(service: Service, _: Template) -> Mapping[str, Any]:
        resource = shared.get_resource(service, name)
        known = [one["name"] for one in resource["fields"]]
        if field not in known:
            fix = did_you_mean(field, known, f"it has: {', '.join(known)}")
            raise BlueprintError(f"{name} has no field {field!r}", where=str(service.root), fix=fix)
        if len(known) == 1:
            what = f"{field!r} is the only field of {name}, and a resource needs one"
            raise BlueprintError(what, where=name, fix=f"trellis remove resource {name}")
        left = [one for one in resource["fields"] if one["name"] != field]
        return shared.replace_fields(service, name, left)

    shared.run(transform, Options(dry_run, yes, lock, json))
