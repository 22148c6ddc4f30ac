"""The verbs that change a service: what each of them makes of its blueprint."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from trellis import applying, console, fields, releases
from trellis.blueprint import Given, assignments, normalised
from trellis.errors import BlueprintError, UsageError, escape
from trellis.evolution import Options, Wanted, evolve
from trellis.names import nearest
from trellis.service import Service, referring
from trellis.shapes import check_shape

if TYPE_CHECKING:
    from trellis.account import Account
    from trellis.template import Template


def add_resource(name: str, words: Sequence[str], options: Options) -> None:
    """One resource more."""
    # A default may have spaces in it, where the shell was told to keep them together.
    split = [[w] if "default=" in w.partition(" ")[0] else w.split() for w in (name, *words)]
    added = normalised(fields.parse_words([part for parts in split for part in parts]))

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        if there := found.named(added["name"]):
            if there == added:
                return found.blueprint
            what = f"there is a resource {name!r} already, with other fields"
            raise BlueprintError(what, fix=f"to make it anew: trellis remove resource {name}")
        return {**found.blueprint, "resources": [*found.resources, added]}

    _run(wanted, options)


def remove_resource(name: str, options: Options) -> None:
    """One resource less."""

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        _existing(found, name)
        if users := list(referring(found.resources, name)):
            what = f"the resource {name!r} is referred to by {', '.join(users)}"
            owners = dict.fromkeys(user.partition(".")[0] for user in users)
            fix = "remove what refers to it first: " + ", ".join(owners)
            raise BlueprintError(what, where="resources", fix=fix)
        left = [resource for resource in found.resources if resource.get("name") != name]
        return {**found.blueprint, "resources": left}

    _run(wanted, options)


def add_fields(name: str, words: Sequence[str], options: Options) -> None:
    """More fields for a resource."""
    added = [normalised(fields.parse_field(word)) for word in words]

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        resource = _existing(found, name)
        left = []
        for field in added:
            there = next((f for f in resource["fields"] if f["name"] == field["name"]), None)
            if there is not None and there != field:
                what = f"there is a field {field['name']!r} already, which is another"
                fix = f"to make it anew: trellis remove field {name} {field['name']}"
                raise BlueprintError(what, where=name, fix=fix)
            left += [field] if there is None else []
        return _with_fields(found, name, [*resource["fields"], *left])

    _run(wanted, options)


def remove_field(name: str, field: str, options: Options) -> None:
    """One field less."""

    def wanted(found: Service, _: "Template") -> Mapping[str, Any]:
        resource = _existing(found, name)
        known = [one["name"] for one in resource["fields"]]
        if field not in known:
            match = nearest(field, known)
            fix = f"did you mean {match}?" if match else f"it has: {', '.join(known)}"
            raise BlueprintError(f"{name} has no field {field!r}", where=str(found.root), fix=fix)
        if len(known) == 1:
            what = f"{field!r} is the only field of {name}, and a resource needs one"
            raise BlueprintError(what, where=name, fix=f"trellis remove resource {name}")
        left = [one for one in resource["fields"] if one["name"] != field]
        return _with_fields(found, name, left)

    _run(wanted, options)


def _with_fields(found: Service, name: str, listed: list[Any]) -> Mapping[str, Any]:
    changed = [
        {**resource, "fields": listed} if resource.get("name") == name else resource
        for resource in found.resources
    ]
    return {**found.blueprint, "resources": changed}


def change(items: Sequence[str], options: Options) -> None:
    """Other answers to the template's questions."""

    def wanted(found: Service, template: "Template") -> Mapping[str, Any]:
        given = Given()
        given.add(assignments(items, template.questions, ""), "trellis change")
        check_shape(given, template.questions)
        if "resources" in given.values:
            what = "resources are not changed as a whole"
            raise UsageError(what, fix="use: trellis add resource, trellis remove resource")
        return {**found.blueprint, **given.values}

    _run(wanted, options)


def update(to: str | None, options: Options) -> None:
    """The same blueprint, on a newer version of the template."""
    found = applying.found(dry_run=options.dry_run)
    found.refuse_if_dirty()
    with console.progress("Looking for newer versions"):
        step = releases.step(found, to)
    if step.is_back:
        what = f"{step.target} is older than {step.recorded}, which the service was made from"
        fix = "a downgrade would take back what newer migrations rely on; use git to go back"
        raise UsageError(what, fix=fix)
    # Already at the newest: the recorded one, and whatever else is newer than the newest release.
    target = step.target if step.is_forward else found.version
    _run(lambda found, _: found.blueprint, options, version=target)


def check_for_update(to: str | None, *, json: bool) -> None:
    """Says whether there is a newer version; ends with NEWS when there is."""
    found = applying.found()
    with console.progress("Looking for newer versions"):
        step = releases.step(found, to)
    if json:
        document = {"recorded": step.recorded, "newest": step.target, "is_newer": step.is_forward}
        console.document({**document, "release_notes": step.notes})
    elif step.is_forward:
        console.say(f"{step.target} is newer than {step.recorded}: trellis update")
        for line in step.notes.splitlines():
            console.say(escape(line))
    else:
        console.say(f"{step.recorded} is the newest version")
    if step.is_forward:
        raise typer.Exit(releases.NEWS)


def _existing(found: Service, name: str) -> Mapping[str, Any]:
    if resource := found.named(name):
        return resource
    known = [str(resource.get("name")) for resource in found.resources]
    match = nearest(name, known)
    fix = f"did you mean {match}?" if match else f"it has: {', '.join(known) or 'none'}"
    raise BlueprintError(f"there is no resource {name!r}", where=str(found.root), fix=fix)


def _run(wanted: Wanted, options: Options, *, version: str | None = None) -> None:
    account = evolve(wanted, options, version=version)
    _show(account, options)
    if account.exit_code:
        raise typer.Exit(account.exit_code)


def _show(account: "Account", options: Options) -> None:
    if options.json:
        console.document(account.document())
        return
    for line in account.dry_lines() if options.dry_run else account.lines():
        console.say("\t".join(escape(part) for part in line.split("\t")))
