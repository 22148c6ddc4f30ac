"""What every verb does: old blueprint, new blueprint, both rendered, and their difference merged
into the service. A verb says only what it changes.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trellis import console, locks
from trellis.blueprint import sources
from trellis.blueprint.questions import ANSWERS_FILE
from trellis.change import (
    apply,
    code_problems,
    deploy_notes,
    forgotten,
    lockfile,
    merge,
    migration_chain,
    migration_scripts,
    releases,
    worktree,
)
from trellis.change.merge import Merged
from trellis.change.report import Report, count_files
from trellis.errors import (
    BlueprintError,
    DeclinedError,
    MissingVersionError,
    ServiceError,
    TemplateError,
    escape,
)
from trellis.files import LINK, File, Files
from trellis.service import staging
from trellis.service.find import Service, find_service, format_abort_command

if TYPE_CHECKING:
    from trellis.template.version import Template

# A verb's part: the blueprint that is wanted, from the one that is there.
Transform = Callable[[Service, "Template"], Mapping[str, Any]]


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


def change_service(transform: Transform, options: Options, *, version: str | None = None) -> Report:
    """Changes the service that we are in. `version` is a template's newer version."""
    service = apply.found(dry_run=options.dry_run)
    service.refuse_if_dirty()
    with contextlib.ExitStack() as stack:
        lock = None if options.dry_run else stack.enter_context(apply.alone(service))
        if lock is not None and service != find_service():
            raise ServiceError(
                "the service was changed meanwhile", where=str(service.root), fix="try again"
            )
        scratch = stack.enter_context(locks.temporary())
        with console.progress("Reading the template"):
            old, new = _templates(stack, service, version)
        with console.progress("Rendering"):
            before = render(old, service.blueprint, scratch / "before")
            after = render(new, resolve(transform(service, new), new), scratch / "after")
        mine = merge.committed(service)
        if ANSWERS_FILE not in mine:
            what = f"the service has no {ANSWERS_FILE} in its last commit"
            raise ServiceError(what, where=str(service.root), fix=f"git add --force {ANSWERS_FILE}")
        with console.progress("Merging"):
            pair = _with_migrations(old, new, before, after, mine)
            base, goal = (
                merge.with_their_line_ends(forgotten.without(files, forgotten.read(mine)), mine)
                for files in pair
            )
            merged = merge.merge(service, base, goal, scratch)
            problems = _problems(mine, merged)
        report = _account(service, before, after, merged, (old, new))
        report = replace(report, problems=problems)
        if not merged.changes and not merged.stages:
            return replace(report, status="unchanged")
        worktree.refuse_to_overwrite(service, merged.changes)
        if options.dry_run:
            return report
        _review(report, options)
        merged, outcome = lockfile.renew(service, merged, mine, scratch, wanted=options.lock)
        apply.publish(service, merged.changes, merged.stages, lock)
    status = "conflicts" if merged.stages else "changed"
    return replace(report, status=status, outcomes=[outcome] if outcome else [])


def resolve(values: Mapping[str, Any], template: "Template") -> dict[str, Any]:
    """The blueprint down to the last default; raises BlueprintError where it is refused."""
    known = {question.name for question in template.questions}
    given = {key: value for key, value in values.items() if key in known}
    past = {key: value for key, value in values.items() if key not in known}
    complete = sources.normalize_answers(template.defaults(given, past), template.questions)
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
    files = {name: _read(folder / name) for name in staging.list_files(folder)}
    return Rendered(template.defaults(values), files)


def _read(path: Path) -> File:
    """A file as git would keep it: of a link, where it leads."""
    if path.is_symlink():
        return File(LINK, os.fsencode(path.readlink()))
    return File("100755" if path.stat().st_mode & 0o100 else "100644", path.read_bytes())


def _templates(
    stack: contextlib.ExitStack, service: Service, version: str | None
) -> "tuple[Template, Template]":
    from trellis.template.version import open_template

    try:
        old = stack.enter_context(open_template(service.address, service.version))
    except MissingVersionError as error:
        if service.address:
            raise
        what = f"this installation of Trellis does not have version {service.version}"
        fix = "pipx upgrade fastapi-trellis"
        raise TemplateError(what, where=str(service.root), fix=fix) from error
    if version is None or version == old.version:
        return old, old
    return old, stack.enter_context(open_template(service.address, version))


def _with_migrations(
    old: "Template", new: "Template", before: Rendered, after: Rendered, mine: Files
) -> tuple[Files, Files]:
    base, goal = dict(before.files), dict(after.files)
    base[ANSWERS_FILE] = mine[ANSWERS_FILE]  # no one else's to edit
    if before.values.get("primary_key") != after.values.get("primary_key"):
        migration_chain.refuse_if_shipped(base, mine)
        return base, goal
    base, goal = migration_chain.keep_history(base, goal, mine)
    if not any(path.startswith(migration_scripts.FOLDER) for path in (*before.files, *after.files)):
        return base, goal
    fresh = migration_chain.find_new(before.files, after.files, mine)
    if fresh or before.values.get("resources") != after.values.get("resources"):
        chain = migration_chain.Chain(
            migration_scripts.read({path: file.data for path, file in mine.items()})
        )
        chain.drop(old.macro, before.values, after.values)
        chain.alter(new.macro, before.values, after.values)
        chain.create(new.macro, before.values, after.values)
        chain.adopt(fresh)
        goal.update(chain.written)
    return base, goal


def _account(
    service: Service,
    before: Rendered,
    after: Rendered,
    merged: Merged,
    templates: "tuple[Template, Template]",
) -> Report:
    old, template = templates
    same = old is template
    return Report(
        status="planned",
        service=str(service.root),
        version=template.version or "",
        blueprint=after.values,
        files={change.path: change.kind for change in merged.changes},
        conflicts=merged.conflicts,
        half_deleted=merged.half_deleted,
        left_out=merged.left_out,
        diff=merged.diff,
        notes=deploy_notes.list_notes(
            before.values, after.values, before.files, after.files, merged.changes
        ),
        releases="" if same else releases.read_release_notes(template.root, old, template),
        abort=format_abort_command(service),
        remarks=[*service.unknown_answers(old.questions), *filter(None, [template.remark])],
    )


def _problems(mine: Files, merged: Merged) -> list[code_problems.Problem]:
    changed = {change.path: change.after for change in merged.changes}
    after = {path: file for path, file in {**mine, **changed}.items() if file is not None}
    return code_problems.find(mine, after, merged.conflicts)


def _review(report: Report, options: Options) -> None:
    if options.yes or options.json or not console.is_interactive():
        return
    from trellis.blueprint import prompts

    for line in report.plan_lines():
        console.say(line)
    question = f"Change {count_files(report.files)}?"
    if report.problems:
        question = f"Change {count_files(report.files)}, and mend these places afterwards?"

    def show() -> None:
        for line in report.diff.splitlines():
            console.say("\t".join(escape(part) for part in line.split("\t")))

    if not prompts.confirm_change(question, show, default=not report.problems):
        raise DeclinedError("declined; nothing was written")
