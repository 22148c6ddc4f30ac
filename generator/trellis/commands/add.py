"""`trellis add`: another resource, other fields."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis.blueprint import shorthand
from trellis.blueprint.sources import normalize
from trellis.change.pipeline import Options
from trellis.commands import shared
from trellis.commands.shared import DryRun, Json, Lock, Yes
from trellis.errors import BlueprintError
from trellis.service.find import Service
from trellis.template.version import Template

add = typer.Typer(help="Add to the service that you are in.")


@add.command()
def resource(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Singular, such as blog_post.")],
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD…", help="Such as title:string:200 author:ref:user")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Add a resource: its table and migration, schemas, routes and tests.

    `plural=people` among the fields gives the folder, table and path a plural of their own.
    """
    # A default may have spaces in it, where the shell was told to keep them together.
    split = [[w] if "default=" in w.partition(" ")[0] else w.split() for w in (name, *fields)]
    added = normalize(shorthand.parse_words([part for parts in split for part in parts]))

    def transform(service: Service, _: Template) -> Mapping[str, Any]:
        if there := service.find_resource(added["name"]):
            if there == added:
                return service.blueprint
            what = f"there is a resource {name!r} already, with other fields"
            raise BlueprintError(what, fix=f"to add to it: trellis add field {added['name']} …")
        return {**service.blueprint, "resources": [*service.resources, added]}

    shared.run(transform, Options(dry_run, yes, lock, json))


@add.command()
def field(
    name: Annotated[str, typer.Argument(metavar="RESOURCE", help="Of which resource.")],
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD…", help="Such as subtitle:string:200:optional.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    lock: Lock = True,
    json: Json = False,
) -> None:
    """Add fields to a resource, each with a migration that can be undone.

    Where there may be rows, a field must be optional or have a default.
    """
    added = [normalize(shorthand.parse_field(word)) for word in fields]

    def transform(service: Service, _: Template) -> Mapping[str, Any]:
        resource = shared.get_resource(service, name)
        left = []
        for field in added:
            there = next((f for f in resource["fields"] if f["name"] == field["name"]), None)
            if there is not None and there != field:
                what = f"there is a field {field['name']!r} already, which is another"
                fix = (
                    f"to keep its values, change {field['name']} in the models and schemas of "
                    f'{name}, then: make migrate && make revision m="change {field["name"]}"'
                )
                raise BlueprintError(what, where=name, fix=fix)
            left += [field] if there is None else []
        return shared.replace_fields(service, name, [*resource["fields"], *left])

    shared.run(transform, Options(dry_run, yes, lock, json))
