"""`trellis matrix`: the variants that are proven, for people, tests and workflows."""

import json as json_module
from typing import Annotated

import typer

from trellis import console, names
from trellis.commands import variants
from trellis.errors import UsageError


def matrix(
    *,
    of: Annotated[
        str,
        typer.Option(
            "--set",
            metavar="core|covering|all|full",
            help="The core variants, a pairwise covering array, both, or every combination.",
        ),
    ] = "all",
    shard: Annotated[str, typer.Option(metavar="I/N", help="Only this part of them.")] = "1/1",
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="A line for $GITHUB_OUTPUT: matrix={…}.")
    ] = False,
) -> None:
    """List the variants that are tested."""
    if of not in variants.SETS:
        raise UsageError(names.not_one_of(of, variants.SETS, "a set of variants"))
    with console.progress("Reading the template"):
        chosen = [variant.as_dict() for variant in variants.shard(variants.selection(of), shard)]
    if github:
        console.say("matrix=" + json_module.dumps({"include": chosen}, separators=(",", ":")))
    elif json:
        console.document({"set": of, "shard": shard, "variants": chosen})
    elif chosen:
        header = [key for key in chosen[0] if key != "id"]
        rows = [[str(variant[key]).lower() for key in header] for variant in chosen]
        console.say(console.table([header, *rows]))
