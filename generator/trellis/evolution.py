"""What every verb does: old blueprint, new blueprint, both rendered, and their difference merged
into the service. A verb says only what it changes.
"""

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis import (
    applying,
    blueprint,
    changelog,
    console,
    history,
    locking,
    merging,
    notes,
    revisions,
    service,
    worktree,
)
from trellis.account import Account
from trellis.errors import BlueprintError, DeclinedError, ServiceError, TemplateError
from trellis.merging import File, Files, Merged
from trellis.questions import ANSWERS_FILE
from trellis.service import Service

if TYPE_CHECKING:
    from trellis.template import Template

# A verb's part: the blueprint that is wanted, from the one that is there.
Wanted = Callable[[Service, "Template"], Mapping[str, Any]]


@dataclass(frozen=True)
class Options:
    """What all verbs that change a service have in common."""

    dry_run: bool = False
    json: bool = False
    yes: bool = False
    lock: bool = True


@dataclass(frozen=True)
class Rendered:
    """A blueprint, and the files that a version of the template makes of it."""

    values: Mapping[str, Any]
    files: Files


def evolve(wanted: Wanted, options: Options, *, version: str | None = None) -> Account:
    """Changes the service that we are in. `version` is a template's newer version."""
    found = applying.found(dry_run=options.dry_run)
    found.refuse_if_dirty()
    with contextlib.ExitStack() as stack:
        lock = None if options.dry_run else stack.enter_context(applying.alone(found))
        if lock is not None and found != service.find():
            raise ServiceError("was changed meanwhile", where=str(found.root), fix="try again")
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trellis-")))
        with console.progress("Reading the template"):
            old, new = _templates(stack, found, version)
        with console.progress("Rendering"):
            before = render(old, found.blueprint, scratch / "before")
            after = render(new, settled(wanted(found, new), new), scratch / "after")
        mine = merging.committed(found)
        if ANSWERS_FILE not in mine:
            what = f"has no {ANSWERS_FILE} in its last commit"
            raise ServiceError(what, where=str(found.root), fix=f"git add --force {ANSWERS_FILE}")
        with console.progress("Merging"):
            pair = _with_migrations(old, new, before, after, mine)
            base, goal = (merging.with_their_line_ends(files, mine) for files in pair)
            merged = merging.merge(found, base, goal, scratch)
        account = _account(found, before, after, merged, (old, new))
        if not merged.changes and not merged.stages:
            return replace(account, status="unchanged")
        worktree.refuse_to_overwrite(found, merged.changes)
        if options.dry_run:
            return account
        _review(account, options)
        merged, outcome = locking.renewed(found, merged, mine, scratch, wanted=options.lock)
        applying.publish(found, merged.changes, merged.stages, lock)
    status = "conflicts" if merged.stages else "changed"
    return replace(account, status=status, outcomes=[outcome] if outcome else [])


def settled(values: Mapping[str, Any], template: "Template") -> dict[str, Any]:
    """The blueprint down to the last default; raises BlueprintError where it is refused."""
    known = {question.name for question in template.questions}
    given = {key: value for key, value in values.items() if key in known}
    past = {key: value for key, value in values.items() if key not in known}
    complete = blueprint.finished(template.defaults(given, past), template.questions)
    if problems := template.validate(complete):
        raise BlueprintError.of(problems)
    return complete


def render(template: "Template", values: Mapping[str, Any], folder: Path) -> Rendered:
    """The files that a template makes of a blueprint; raises BlueprintError where it is none."""
    known = {question.name for question in template.questions}
    values = {key: value for key, value in values.items() if key in known}
    if problems := template.validate(values):
        raise BlueprintError.of(problems, where=ANSWERS_FILE, fix="correct it there, and commit")
    template.render(values, folder)
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            mode = "100755" if path.stat().st_mode & 0o100 else "100644"
            files[path.relative_to(folder).as_posix()] = File(mode, path.read_bytes())
    return Rendered(template.defaults(values), files)


def _templates(
    stack: contextlib.ExitStack, found: Service, version: str | None
) -> "tuple[Template, Template]":
    from trellis import template

    try:
        old = stack.enter_context(template.opened(found.address, found.version))
    except TemplateError as error:
        if found.address:
            raise
        what = f"this installation of Trellis does not have version {found.version}"
        fix = "pipx upgrade fastapi-trellis"
        raise TemplateError(what, where=str(found.root), fix=fix) from error
    if version is None or version == old.version:
        return old, old
    return old, stack.enter_context(template.opened(found.address, version))


def _with_migrations(
    old: "Template", new: "Template", before: Rendered, after: Rendered, mine: Files
) -> tuple[Files, Files]:
    base, goal = dict(before.files), dict(after.files)
    base[ANSWERS_FILE] = mine[ANSWERS_FILE]  # no one else's to edit
    if before.values.get("primary_key") != after.values.get("primary_key"):
        revisions.refuse_if_shipped(base, mine)
        return base, goal
    base, goal = revisions.kept(base, goal, mine)
    if not any(path.startswith(history.FOLDER) for path in (*before.files, *after.files)):
        return base, goal
    fresh = revisions.fresh(before.files, after.files, mine)
    if fresh or before.values.get("resources") != after.values.get("resources"):
        chain = revisions.Chain(history.read({path: file.data for path, file in mine.items()}))
        chain.drop(old.macro, before.values, after.values)
        chain.alter(new.macro, before.values, after.values)
        chain.create(new.macro, before.values, after.values)
        chain.adopt(fresh)
        goal.update(chain.written)
    return base, goal


def _account(
    found: Service,
    before: Rendered,
    after: Rendered,
    merged: Merged,
    templates: "tuple[Template, Template]",
) -> Account:
    old, template = templates
    releases = "" if old is template else changelog.between(template.root, old, template)
    return Account(
        status="planned",
        service=str(found.root),
        version=template.version or "",
        blueprint=after.values,
        files={change.path: change.kind for change in merged.changes},
        conflicts=merged.conflicts,
        half_deleted=merged.half_deleted,
        diff=merged.diff,
        notes=notes.notes(before.values, after.values, before.files, after.files, merged.changes),
        releases=releases,
        abort=service.abort(found),
        remark=template.remark,
    )


def _review(account: Account, options: Options) -> None:
    if options.yes or options.json or not console.is_interactive():
        return
    from trellis import prompts

    for line in account.plan_lines():
        console.say(line)
    if not prompts.confirm(f"Change {len(account.files)} files?"):
        raise DeclinedError("declined; nothing was written")
