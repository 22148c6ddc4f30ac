"""`trellis remove`: less of what there is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trellis.commands.shared import DryRun, Json, Lock, Yes, existing, options, run, with_fields
from trellis.errors import BlueprintError
from trellis.names import nearest
from trellis.service.find import Service, referring

if TYPE_CHECKING:
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

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        existing(found, name)
        if users := list(referring(found.resources, name)):
            what = f"the resource {name!r} is referred to by {', '.join(users)}"
            owners = dict.fromkeys(user.partition(".")[0] for user in users)
            fix = "remove what refers to it first: " + ", ".join(owners)
            raise BlueprintError(what, where="resources", fix=fix)
        left = [resource for resource in found.resources if resource.get("name") != name]
        return {**found.blueprint, "resources": left}

    run(wanted, options(dry_run, yes, lock, json))


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

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        resource = existing(found, name)
        known = [one["name"] for one in resource["fields"]]
        if field not in known:
            match = nearest(field, known)
            fix = f"did you mean {match}?" if match else f"it has: {', '.join(known)}"
            raise BlueprintError(f"{name} has no field {field!r}", where=str(found.root), fix=fix)
        if len(known) == 1:
            what = f"{field!r} is the only field of {name}, and a resource needs one"
            raise BlueprintError(what, where=name, fix=f"trellis remove resource {name}")
        left = [one for one in resource["fields"] if one["name"] != field]
        return with_fields(found, name, left)

    run(wanted, options(dry_run, yes, lock, json))
