"""`trellis change`: other choices for a service that exists."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from trellis.blueprint.sources import GivenValues, check_types, parse_assignments
from trellis.change.pipeline import Options
from trellis.commands.shared import DryRun, Json, Lock, Yes, run
from trellis.errors import UsageError
from trellis.service.find import Service
from trellis.template.version import Template


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

    def transform(service: Service, template: Template) -> Mapping[str, Any]:
        given = GivenValues()
        given.add(parse_assignments(values, template.questions, ""), "trellis change")
        check_types(given, template.questions)
        if "resources" in given.values:
            what = "resources are not changed as a whole"
            raise UsageError(what, fix="use: trellis add resource, trellis remove resource")
        return {**service.blueprint, **given.values}

    run(transform, Options(dry_run, yes, lock, json))
